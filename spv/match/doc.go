// Package match tells which committed filters a set of scripts matches. It does
// what MatchAny of gcs/v4 does, with the same verdicts, for a set that is held
// against very many filters, each with a key of its own.
//
// What a match costs is hashing: each script under the key of each filter. So a
// [Set] prepares the scripts once, as the words that SipHash takes in, and hashes
// two of them at a time, which keeps the processor busier than one after the
// other. Nothing else grows with the number of scripts by more than a few
// instructions: a filter is decoded first, into its values and into a bitmap of
// where they are, and most hashes end at a bit that is not set. Nothing is sorted.
//
// A [Matcher] is the memory that this takes. It belongs to one goroutine at a
// time, and in steady state nothing is allocated. A Set may be shared by any
// number of matchers.
//
// A verdict is never wrong in the negative: a filter that cannot be decoded is an
// error, not a filter that does not match. In the positive it is wrong once in
// 784,931 times for each script, as the filters are made to be.
//
// Read set.go, siphash.go, filter.go, matcher.go.
package match
