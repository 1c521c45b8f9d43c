// Package bboltcheck verifies the pages of a bbolt file before bbolt navigates by them.
//
// bbolt trusts its file: a damaged page makes it read outside of the mapping, run in a
// circle, or overwrite pages in use. [Verify] reads the structure by which bbolt navigates,
// which takes milliseconds; [VerifyAll] checks each byte of each page in use. Both only read,
// ignore the meaning of keys and values, and need no bbolt.
//
// A damaged file gives a [*Damage]. Any other error is one of reading. The file must not
// change meanwhile: hold its lock, or a writing transaction.
//
// The layout is that of version 2 of the format, in the byte order of the machine. verify.go
// has the two functions, pages.go walks along the pages, elements.go reads the content of one
// page.
package bboltcheck
