// Package version has the version of spvd.
//
// The numbers follow semantic versioning and are constants; if the sources were under version
// control when they were built, the revision is the build metadata. There is nothing to set
// at link time.
package version
