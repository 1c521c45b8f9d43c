package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spvd/spvd/internal/version"
)

// format is a format of packages of Linux distributions.
type format struct {
	suffix string // of the file; nfpm has the same name for the format
	zsh    string // where zsh of these distributions looks for completions
}

// formats returns all that are released.
func formats() []format {
	return []format{
		{"deb", "/usr/share/zsh/vendor-completions"},
		{"rpm", "/usr/share/zsh/site-functions"},
	}
}

// pack writes the packages of a platform into a directory, from the programs in another one.
func (s *source) pack(ctx context.Context, p platform, programs, out string) error {
	for _, f := range formats() {
		if err := s.packAs(ctx, f, p, version.Number(), programs, filepath.Join(out, p.pkg(f))); err != nil {
			return fmt.Errorf("%s for %v: %w", f.suffix, p, err)
		}
	}
	return nil
}

// packAs writes one package, of a version, from the programs in a directory.
func (s *source) packAs(ctx context.Context, f format, p platform, number, programs, file string) error {
	file, err := filepath.Abs(file) // nfpm runs in the directory of the sources
	if err != nil {
		return err
	}
	stage, err := os.MkdirTemp("", "spvd-stage-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(stage)
	if err := s.stage(ctx, f, programs, stage); err != nil {
		return err
	}
	environ := []string{"GOFLAGS=", "GOWORK=off", "ARCH=" + p.packageArch(), "VERSION=" + number, "STAGE=" + stage, s.epoch()}
	_, err = output(ctx, s.dir, environ, "go", "tool", "-modfile=internal/release/nfpm/go.mod",
		"nfpm", "package", "--config", "internal/release/nfpm/nfpm.yaml", "--packager", f.suffix, "--target", file)
	return err
}

// stage makes the tree that a package holds: what make install writes, with the programs of
// the platform, compressed manual pages, and the time of the commit.
func (s *source) stage(ctx context.Context, f format, programs, stage string) error {
	build := filepath.Join(s.dir, "build", "stage") // for this machine, which runs them for their manual pages
	_, err := output(ctx, s.dir, []string{"GOFLAGS=", "GOEXPERIMENT=", "GOWORK=off", "GOOS=", "GOARCH=", s.epoch()}, "make", "--silent", "install",
		"BUILD="+build, "DESTDIR="+stage, "PREFIX=/usr", "SYSCONFDIR=/etc", "ZSHDIR="+f.zsh)
	if err != nil {
		return err
	}
	for _, program := range []string{"spvd", "spvctl"} {
		content, err := os.ReadFile(filepath.Join(programs, program))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(stage, "usr", "bin", program), content, 0o755); err != nil {
			return err
		}
	}
	pages, err := filepath.Glob(filepath.Join(stage, "usr", "share", "man", "man*", "*"))
	if err != nil {
		return err
	}
	for _, page := range pages {
		if err := compress(page); err != nil {
			return err
		}
	}
	return filepath.WalkDir(stage, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chtimes(name, s.time, s.time)
	})
}

// epoch is the time of the commit, as a variable that manual pages and nfpm obey.
func (s *source) epoch() string {
	return "SOURCE_DATE_EPOCH=" + strconv.FormatInt(s.time.Unix(), 10)
}

// compress replaces a file by a gzipped one.
func compress(name string) error {
	content, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression) // without name and time
	if err != nil {
		return err
	}
	if _, err := w.Write(content); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	if err := os.WriteFile(name+".gz", b.Bytes(), 0o644); err != nil {
		return err
	}
	return os.Remove(name)
}

// packageArch returns the name that nfpm has for the processor.
func (p platform) packageArch() string {
	if p.arch == "arm" {
		return "arm7"
	}
	return p.arch
}

// pkg returns the name of the package of a format for the platform.
func (p platform) pkg(f format) string { return p.directory() + "." + f.suffix }

// files returns the names of all files that are released for the platform.
func (p platform) files() []string {
	names := []string{p.archive()}
	if p.os == "linux" {
		for _, f := range formats() {
			names = append(names, p.pkg(f))
		}
	}
	return names
}

// packageOf returns the name of the archive beside a package, and whether a file is named as
// a package of a release.
func packageOf(name string) (archive string, ok bool) {
	suffix := filepath.Ext(name)
	ok = strings.HasPrefix(name, "spvd-") && slices.ContainsFunc(formats(), func(f format) bool { return "."+f.suffix == suffix })
	return strings.TrimSuffix(name, suffix) + ".tar.gz", ok
}
