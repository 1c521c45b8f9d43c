package logging

import "io"

// Tee returns a writer that writes to each of the writers, whether or not the
// ones before it failed: a full disk does not silence the terminal. It returns
// the first error.
func Tee(writers ...io.Writer) io.Writer { return tee(writers) }

type tee []io.Writer

func (t tee) Write(p []byte) (int, error) {
	var first error
	for _, w := range t {
		if _, err := w.Write(p); err != nil && first == nil {
			first = err
		}
	}
	return len(p), first
}
