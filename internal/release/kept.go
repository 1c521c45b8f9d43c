package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// sumsFile lists all archives of a directory.
const sumsFile = "SHA256SUMS"

// kept returns the archives and packages in a directory that are not built this time. A
// directory is one release: it is an error if an archive is of another commit, if a package
// has no archive beside it, which is built with it, or if one of them has another checksum
// than in SHA256SUMS.
func kept(dir, commit string, made []string) (names []string, err error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		name := f.Name()
		if archive, ok := packageOf(name); ok && !slices.Contains(made, name) {
			if !slices.ContainsFunc(files, func(f fs.DirEntry) bool { return f.Name() == archive }) {
				return nil, fmt.Errorf("%s in %s has no %s beside it: remove it, or build it again", name, dir, archive)
			}
			names = append(names, name)
		}
		if !isArchive(name) || slices.Contains(made, name) {
			continue
		}
		from, err := commitOf(filepath.Join(dir, name))
		if err != nil {
			return nil, fmt.Errorf("%s in %s is no archive of a release: %w: remove it, or name another directory with -out", name, dir, err)
		}
		if from != commit {
			return nil, fmt.Errorf("%s in %s is of commit %.12s, this is %.12s: build all platforms, remove it, or name another directory with -out", name, dir, from, commit)
		}
		names = append(names, name)
	}
	return names, asListed(dir, names)
}

// isArchive reports whether a file is named as an archive of a release.
func isArchive(name string) bool {
	return strings.HasPrefix(name, "spvd-") && (strings.HasSuffix(name, ".tar.gz") || strings.HasSuffix(name, ".zip"))
}

// asListed returns an error unless the archives have their checksums in SHA256SUMS. An
// archive that is not listed may be incomplete.
func asListed(dir string, names []string) error {
	listed, err := os.ReadFile(filepath.Join(dir, sumsFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	are, err := sums(dir, names)
	if err != nil {
		return err
	}
	for line := range strings.Lines(are) {
		if _, name, _ := strings.Cut(strings.TrimSpace(line), "  "); !strings.Contains(string(listed), line) {
			return fmt.Errorf("%s in %s is not what %s says: remove it, or build it again", name, dir, sumsFile)
		}
	}
	return nil
}

// commitOf returns the commit that the daemon in an archive was built from.
func commitOf(archive string) (string, error) {
	content, err := os.ReadFile(archive)
	if err != nil {
		return "", err
	}
	unpack := daemonInTar
	if strings.HasSuffix(archive, ".zip") {
		unpack = daemonInZip
	}
	program, err := unpack(content)
	if err != nil {
		return "", err
	}
	info, err := buildinfo.Read(bytes.NewReader(program))
	if err != nil {
		return "", err
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value, nil
		}
	}
	return "", errors.New("its spvd does not tell its commit")
}

// isDaemon reports whether an entry of an archive is the daemon.
func isDaemon(name string) bool { return strings.TrimSuffix(path.Base(name), ".exe") == "spvd" }

// errNoDaemon means that an archive holds no daemon.
var errNoDaemon = errors.New("it holds no spvd")

// daemonInTar returns the daemon of a gzipped tar file.
func daemonInTar(content []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	for r := tar.NewReader(z); ; {
		head, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil, errNoDaemon
		}
		if err != nil {
			return nil, err
		}
		if isDaemon(head.Name) {
			return io.ReadAll(r)
		}
	}
}

// daemonInZip returns the daemon of a zip file.
func daemonInZip(content []byte) ([]byte, error) {
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, err
	}
	for _, f := range r.File {
		if !isDaemon(f.Name) {
			continue
		}
		part, err := f.Open()
		if err != nil {
			return nil, err
		}
		defer part.Close()
		return io.ReadAll(part)
	}
	return nil, errNoDaemon
}
