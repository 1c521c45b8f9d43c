//go:build cgo

// Command libspvd is the C library: with -buildmode=c-shared or c-archive it becomes
// libspvd.so, libspvd.dylib or libspvd.a, which make clib builds. The header, which states
// ownership, threads and errors, is spvd.h; the functions are thin covers of package
// internal/engine.
//
// The package needs a C compiler. Without one, or with CGO_ENABLED=0, it does not exist, and
// nothing else of the project needs it.
//
// Read spvd.h, then exports.go.
package main
