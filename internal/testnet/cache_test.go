package testnet_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/spvd/spvd/internal/testnet"
)

func TestCacheIsOnlyASpeedUp(t *testing.T) {
	cfg := testnet.Config{Params: testnet.Eras(), Blocks: 900, Seed: 4}
	want := generate(t, cfg)
	cfg.CacheDir = t.TempDir()
	for _, run := range []string{"writing the cache", "reading the cache"} {
		c := generate(t, cfg)
		if c.Tip() != want.Tip() || c.Params().EarlyFilters != want.Params().EarlyFilters {
			t.Errorf("%s: tip %v, want %v", run, c.Tip(), want.Tip())
		}
		checkBlocks(t, c, 890, 900)
	}
	if n := len(kept(t, cfg.CacheDir)); n != 1 {
		t.Errorf("one chain is kept in %d files", n)
	}
	cfg.Seed++
	if c := generate(t, cfg); c.Tip() == want.Tip() {
		t.Error("another seed is served from the cache of the first")
	}
}

func TestDamagedCacheIsMadeAnew(t *testing.T) {
	cfg := testnet.Config{Blocks: 500, Seed: 4, CacheDir: t.TempDir()}
	want := generate(t, cfg)
	path := kept(t, cfg.CacheDir)[0]
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{
		"empty":        {},
		"cut":          whole[:len(whole)/2],
		"first flip":   flipped(whole, 3),
		"count flip":   flipped(whole, 60),
		"header flip":  flipped(whole, 5000),
		"filter flip":  flipped(whole, len(whole)-6000),
		"last of ends": flipped(whole, len(whole)-1),
	} {
		// The old file stays as it is: chains are still served from it.
		if err := errors.Join(os.Remove(path), os.WriteFile(path, b, 0o600)); err != nil {
			t.Fatal(err)
		}
		if c := generate(t, cfg); c.Tip() != want.Tip() {
			t.Errorf("%s: the chain ends at %v", name, c.Tip())
		}
		if again, err := os.ReadFile(path); err != nil || string(again) != string(whole) {
			t.Errorf("%s: the cache was not mended: %v", name, err)
		}
	}
}

// kept returns the files of a cache.
func kept(t *testing.T, dir string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// flipped returns a copy with one bit changed.
func flipped(b []byte, at int) []byte {
	b = append([]byte(nil), b...)
	b[at] ^= 4
	return b
}
