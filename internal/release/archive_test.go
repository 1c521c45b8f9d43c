package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// write writes files of the same content, in the order and at the place that are
// given, and returns them as entries.
func write(t *testing.T, names ...string) []entry {
	t.Helper()
	dir := t.TempDir()
	var out []entry
	for _, name := range names {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("content of "+name), 0o600); err != nil {
			t.Fatal(err)
		}
		out = append(out, entry{name: "spvd/" + name, path: path, mode: 0o644})
	}
	return out
}

// TestArchivesAreReproducible packs the same files from two places, written in
// another order and at other times.
func TestArchivesAreReproducible(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, pack := range map[string]packer{"tar": packTar, "zip": packZip} {
		t.Run(name, func(t *testing.T) {
			one, err := packed(pack, write(t, "a", "b", "c"), at)
			if err != nil {
				t.Fatal(err)
			}
			files := write(t, "c", "a", "b")
			for _, f := range files {
				if err := os.Chtimes(f.path, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
					t.Fatal(err)
				}
			}
			two, err := packed(pack, files, at.In(time.FixedZone("", 3600)))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(one, two) {
				t.Error("two archives of the same files differ")
			}
			if got := listed(t, name, one); !slices.Equal(got, []string{"spvd/a", "spvd/b", "spvd/c"}) {
				t.Errorf("the archive holds %v", got)
			}
		})
	}
}

// listed returns the names in an archive, whose contents it reads.
func listed(t *testing.T, kind string, archive []byte) (names []string) {
	t.Helper()
	if kind == "zip" {
		r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.File {
			names = append(names, f.Name)
		}
		return names
	}
	z, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		head, err := r.Next()
		if err == io.EOF {
			return names
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil || string(content) != "content of "+filepath.Base(head.Name) || head.Uid != 0 || head.Uname != "" {
			t.Errorf("%s: %q, %v, owner %d %s", head.Name, content, err, head.Uid, head.Uname)
		}
		names = append(names, head.Name)
	}
}

func TestSums(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b", "a"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := sums(dir, []string{"b", "a"})
	want := fmt.Sprintf("%x  a\n%x  b\n", sha256.Sum256([]byte("a")), sha256.Sum256([]byte("b")))
	if err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}

func TestChoose(t *testing.T) {
	if got, err := choose(""); err != nil || len(got) != len(platforms()) {
		t.Errorf("without a list: %v, %v", got, err)
	}
	if got, err := choose("windows/amd64,linux/arm"); err != nil || !slices.Equal(got, []platform{{"windows", "amd64"}, {"linux", "arm"}}) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := choose("plan9/mips"); err == nil {
		t.Error("an unknown platform was accepted")
	}
}

// TestTextsExist holds the list of what is packed to what there is.
func TestTextsExist(t *testing.T) {
	for _, name := range texts() {
		if _, err := os.Stat(filepath.Join("..", "..", filepath.FromSlash(name))); err != nil {
			t.Error(err)
		}
	}
}
