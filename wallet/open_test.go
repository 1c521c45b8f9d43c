package wallet

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
)

// dump returns all rows of a wallet but those of some buckets.
func dump(t testing.TB, x *Wallet, without ...string) string {
	t.Helper()
	h := sha256.New()
	err := x.store.DB.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bolt.Bucket) error {
			if slices.Contains(without, string(name)) {
				return nil
			}
			return b.ForEach(func(k, v []byte) error {
				_, err := fmt.Fprintf(h, "%s %x %x\n", name, k, v)
				return err
			})
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// copyFile copies a wallet as its last transaction left it.
func copyFile(t testing.TB, x *Wallet, path string) {
	t.Helper()
	err := x.store.DB.View(func(tx *bolt.Tx) error { return tx.CopyFile(path, 0o600) })
	if err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	put := func(key, value []byte) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			db, err := bolt.Open(path, 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			err = db.Update(func(tx *bolt.Tx) error { return tx.Bucket(state.MetaBucket).Put(key, value) })
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
		}
	}
	write := func(data []byte) func(t *testing.T, path string) {
		return func(t *testing.T, path string) {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, test := range map[string]struct {
		harm func(t *testing.T, path string)
		want error
	}{
		"newer format":  {put(state.FormatKey, rows.Key(state.NewestFormat()+1)), ErrNewerFormat},
		"format zero":   {put(state.FormatKey, rows.Key(0)), ErrCorrupt},
		"other network": {put(state.NetworkKey, rows.Key(uint32(consensus.MainNet().ChainParams.Net))), ErrOtherNetwork},
		"no network":    {put(state.NetworkKey, nil), ErrCorrupt},
		"short state":   {put(state.ProgressKey, []byte{1}), ErrCorrupt},
		"unknown tip":   {put(state.ProgressKey, state.Progress{Tip: consensus.BlockID{Height: 1}}.Encode()), ErrCorrupt},
		"garbage":       {write(make([]byte, 100_000)), ErrCorrupt},
		"short file":    {write([]byte("wallet")), ErrCorrupt},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "w.db")
			x, err := Open(testConfig(path, Birthday{}))
			if err != nil {
				t.Fatal(err)
			}
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			test.harm(t, path)
			if x, err = Open(testConfig(path, Birthday{})); !errors.Is(err, test.want) {
				t.Fatalf("got %v, want %v", err, test.want)
			}
			if x != nil {
				t.Error("a wallet and an error")
			}
		})
	}
}

func TestOpenNamesMissingDirectory(t *testing.T) {
	_, err := Open(testConfig(filepath.Join(t.TempDir(), "no", "w.db"), Birthday{}))
	if !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
}

func TestOpenTwice(t *testing.T) {
	x := openTest(t, Birthday{})
	if _, err := Open(x.cfg); !errors.Is(err, ErrInUse) {
		t.Fatal(err)
	}
}

func TestUpgradeStartsFromEveryFormat(t *testing.T) {
	for format := uint32(1); format <= state.NewestFormat(); format++ {
		x := openTest(t, Birthday{})
		err := x.store.DB.Update(func(tx *bolt.Tx) error { return state.UpgradeFrom(tx, format) })
		if err != nil {
			t.Errorf("format %d: %v", format, err)
		}
		err = x.store.DB.View(func(tx *bolt.Tx) error {
			if got := binary.BigEndian.Uint32(tx.Bucket(state.MetaBucket).Get(state.FormatKey)); got != state.NewestFormat() {
				return fmt.Errorf("format %d", got)
			}
			return nil
		})
		if err != nil {
			t.Errorf("format %d: %v", format, err)
		}
	}
}
