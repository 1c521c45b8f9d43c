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
	"strings"
	"time"
)

// entry is a file of an archive.
type entry struct {
	name string // in the archive, with slashes
	path string // on the disk
	mode os.FileMode
}

// packer writes files in their order, all of one time, into an archive.
type packer func(w io.Writer, files []entry, at time.Time) error

// packed returns an archive of files, which are sorted by name: their order, modes, owners
// and times are the same on every machine.
func packed(pack packer, files []entry, at time.Time) ([]byte, error) {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	var b bytes.Buffer
	if err := pack(&b, files, at); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// packTar is the packer of gzipped tar files.
func packTar(w io.Writer, files []entry, at time.Time) error {
	zw, err := gzip.NewWriterLevel(w, gzip.BestCompression) // without name and time
	if err != nil {
		return err
	}
	tw := tar.NewWriter(zw)
	for _, f := range files {
		content, err := os.ReadFile(f.path)
		if err != nil {
			return err
		}
		head := &tar.Header{Format: tar.FormatUSTAR, Typeflag: tar.TypeReg, Name: f.name, Mode: int64(f.mode), Size: int64(len(content)), ModTime: at}
		if err := tw.WriteHeader(head); err != nil {
			return err
		}
		if _, err := tw.Write(content); err != nil {
			return err
		}
	}
	if err := tw.Close(); err != nil {
		return err
	}
	return zw.Close()
}

// packZip is the packer of zip files.
func packZip(w io.Writer, files []entry, at time.Time) error {
	zw := zip.NewWriter(w)
	for _, f := range files {
		content, err := os.ReadFile(f.path)
		if err != nil {
			return err
		}
		head := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: at.UTC()}
		head.SetMode(f.mode)
		part, err := zw.CreateHeader(head)
		if err != nil {
			return err
		}
		if _, err := part.Write(content); err != nil {
			return err
		}
	}
	return zw.Close()
}

// sums returns the content of SHA256SUMS for files of a directory, in the form that
// sha256sum -c reads.
func sums(dir string, names []string) (string, error) {
	var b strings.Builder
	for _, name := range slices.Sorted(slices.Values(names)) {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(content), name)
	}
	return b.String(), nil
}
