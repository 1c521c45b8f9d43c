// Package match tells which committed filters a set of scripts matches. It does
// what MatchAny of gcs/v4 does, with the same verdicts, for a set that is held
// against very many filters, each with a key of its own.
//
// What a match costs is hashing: each script under the key of each filter. So a
// [Set] prepares the scripts once, as the words that SipHash takes in, and several
// are hashed side by side. With AVX2 these are eight, in assembly: the compiler has
// no vectors, and two thirds of all processor time of a rescan went into hashes
// before. They take less than a third of the time. All other machines hash two at a
// time in Go, which keeps the processor busier than one after the other; the tests
// hold both ways against another implementation. Which one it is, is decided once,
// when a Set is made.
//
// Nothing else grows with the number of scripts by more than a few instructions: a
// filter is decoded first, into its values and into a bitmap of where they are, and
// most hashes end at a bit that is not set. Nothing is sorted.
//
// A [Matcher] is the memory that this takes. It belongs to one goroutine at a
// time, and in steady state nothing is allocated. A Set may be shared by any
// number of matchers.
//
// A verdict is never wrong in the negative: a filter that cannot be decoded is an
// error, not a filter that does not match. In the positive it is wrong once in
// 784,931 times for each script, as the filters are made to be.
//
// Read set.go, siphash.go, siphash_amd64.s, filter.go, matcher.go.
package match
