//go:build !linux

package metrics

// ReadProcess returns nil: only Linux is asked about the process.
func ReadProcess() *Process { return nil }
