// Package certificate makes, reads and renews the TLS certificate of a server and its key, which are
// two files.
//
// # Guarantees
//
//   - A key is written once, together with its certificate, and never again: a renewed certificate
//     is for the same key. Clients that verify by the old certificate as an issuer, as Go programs
//     do, accept the new one until the old one expires.
//   - Only a certificate that spvd has made is renewed, see Pair.Own; the file is replaced by a
//     rename, so that a reader sees the old one or the new one.
//
// Read hosts.go (the names in a certificate), then certificate.go (files and pairs) and make.go.
package certificate
