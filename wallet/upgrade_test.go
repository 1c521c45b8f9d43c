package wallet

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/spvd/spvd/wallet/internal/hd"
)

// oldWorld is the chain that the files of older formats have seen.
func oldWorld(t *testing.T) *world {
	w := newWorld(t, 42)
	w.ours = derived(t, 1, hd.External, 4)
	w.ours = append(w.ours, derived(t, 2, hd.External, 2)...)
	for range 60 {
		w.random()
	}
	return w
}

// oldFile returns a copy of a file that a version of that format has made: account a,
// an address that another account came to derive, and the chain of oldWorld.
func oldFile(t *testing.T, format int) string {
	t.Helper()
	packed, err := os.Open(fmt.Sprintf("testdata/format-%d.db.gz", format))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "old.db")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestOldFilesAreUpgraded: a file of an older format says what a wallet says that was
// made now, and goes on.
func TestOldFilesAreUpgraded(t *testing.T) {
	w := oldWorld(t)
	fresh := openTest(t, Birthday{})
	importTest(t, fresh, "a", 1, AccountOptions{})
	importTest(t, fresh, "b", 2, AccountOptions{})
	w.sync(fresh, 1000)
	for _, format := range []int{2, 5} {
		x, err := Open(testConfig(oldFile(t, format), Birthday{}))
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		if err := x.Check(t.Context()); err != nil {
			t.Errorf("format %d: %v", format, err)
		}
		checkBalances(t, w, x)
		if got, want := minedTold(t, x), minedTold(t, fresh); !reflect.DeepEqual(got, want) {
			t.Errorf("format %d: the history is\n%v, want\n%v", format, got, want)
		}
		w := oldWorld(t)
		for range 10 {
			w.random()
		}
		w.sync(x, 3)
		checkBalances(t, w, x)
		if err := x.Check(t.Context()); err != nil {
			t.Errorf("format %d: %v", format, err)
		}
	}
}
