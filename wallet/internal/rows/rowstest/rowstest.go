package rowstest

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"strings"
	"testing"
)

// Codec is one kind of stored row.
type Codec struct {
	Name string

	// Key and Value are a row as it is stored now. It must never change without a new
	// format version.
	Key, Value []byte

	// Recode reads a key and a value, and writes what it has read.
	Recode func(k, v []byte) (key, value []byte, err error)

	// Open says that the last field of the value is all that is left after the first 20
	// bytes, however long.
	Open bool
}

// Golden fails a test if rows are not stored as a file has them: name, key and value of each
// in a line, the last two in hex behind a tab.
func Golden(t *testing.T, file string, codecs []Codec) {
	t.Helper()
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, c := range codecs {
		fmt.Fprintf(&got, "%s\n\t%x\n\t%x\n", c.Name, c.Key, c.Value)
	}
	if got.String() != string(want) {
		t.Fatalf("rows are stored as\n%s\nand %s has\n%s", &got, file, want)
	}
}

// Truncated fails a test if a value that is too short or too long is read.
func Truncated(t *testing.T, codecs []Codec) {
	t.Helper()
	for _, c := range codecs {
		if _, _, err := c.Recode(c.Key, c.Value); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
		for n := range c.Value {
			if c.Open && n > 20 {
				continue
			}
			if _, _, err := c.Recode(c.Key, c.Value[:n]); err == nil {
				t.Errorf("%s: %d of %d bytes are read", c.Name, n, len(c.Value))
			}
		}
		if _, _, err := c.Recode(c.Key, append(bytes.Clone(c.Value), 0)); err == nil && !c.Open {
			t.Errorf("%s: a byte too much is read", c.Name)
		}
	}
}

// Fuzz fails if a row is read that would be written in another way.
func Fuzz(f *testing.F, codecs []Codec) {
	for i, c := range codecs {
		f.Add(uint8(i), c.Key, c.Value)
		f.Add(uint8(i), c.Key, c.Value[:len(c.Value)/2])
	}
	f.Fuzz(func(t *testing.T, which uint8, k, v []byte) {
		c := codecs[int(which)%len(codecs)]
		key, value, err := c.Recode(k, v)
		if err == nil && (!bytes.Equal(key, k) || !bytes.Equal(value, v)) {
			t.Fatalf("%s: %s: %s was read as %s: %s", c.Name,
				hex.EncodeToString(k), hex.EncodeToString(v), hex.EncodeToString(key), hex.EncodeToString(value))
		}
	})
}
