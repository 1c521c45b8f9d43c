// Command release builds the files that users download: spvd and spvctl for the usual
// platforms, one archive each, for Linux also as a DEB and an RPM (package.go, nfpm), and
// SHA256SUMS over them.
//
//	go run ./internal/release -out build/release
//
// It builds a clean clone of the commit that is checked out, so that neither changes nor the
// directory have an effect: paths are trimmed, cgo is off, and archives hold their files in
// order and with the time of the commit. Every build of the same commit with the same Go
// gives the same bytes. With -check it builds twice, in two places, and fails if they differ.
//
// The directory is one release: with -only, archives of other platforms stay and stay listed,
// and if one of them is of another commit nothing is built.
package main
