package rpc

import (
	"errors"
	"io"
)

// errNoMemory means that the messages of all clients together are too large.
var errNoMemory = errors.New("the requests of all clients together are too large: try again")

// readMessage reads a message of one client to its end. Bytes beyond freeBytes are reserved
// piece by piece as they arrive: a size that a client announces reserves nothing.
func readMessage(r io.Reader, s *share) ([]byte, error) {
	buf := make([]byte, 0, 4<<10)
	for {
		if len(buf) == cap(buf) {
			next := 2 * cap(buf)
			if next > freeBytes && !s.grow(next-max(cap(buf), freeBytes)) {
				return nil, errNoMemory
			}
			buf = append(make([]byte, 0, next), buf...)
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// countElements returns how many elements a JSON array has, as far as it is one, without
// decoding it: it counts to at most one more than most.
func countElements(array []byte, most int) int {
	depth, n, quoted, any := 0, 1, false, false
	for i := 0; i < len(array) && n <= most; i++ {
		switch c := array[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted, any = !quoted, true
		case quoted:
		case c == '[' || c == '{':
			depth++
			any = any || depth > 1
		case c == ']' || c == '}':
			if depth--; depth == 0 {
				i = len(array)
			}
		case c == ',' && depth == 1:
			n++
		case c != ' ' && c != '\t' && c != '\r' && c != '\n':
			any = true
		}
	}
	if !any {
		return 0
	}
	return n
}

// countValues returns how many values a message has at most, without decoding it: one more than
// it has commas, and one for the first in each list and object. It counts to at most one more
// than most.
func countValues(message []byte, most int) int {
	n, quoted := 1, false
	for i := 0; i < len(message) && n <= most; i++ {
		switch c := message[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == '[' || c == '{'):
			n++
		}
	}
	return n
}
