package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// source is a clean clone of a commit.
type source struct {
	dir    string
	commit string
	time   time.Time // of the commit
}

// clone clones the commit that is checked out into a new directory.
func clone(ctx context.Context, dir string) (*source, error) {
	commit, err := output(ctx, ".", nil, "git", "rev-parse", "HEAD")
	if err != nil {
		return nil, err
	}
	root, err := output(ctx, ".", nil, "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	if _, err := output(ctx, ".", nil, "git", "clone", "--quiet", "--shared", "--no-checkout", root, dir); err != nil {
		return nil, err
	}
	if _, err := output(ctx, dir, nil, "git", "checkout", "--quiet", "--detach", commit); err != nil {
		return nil, err
	}
	seconds, err := output(ctx, dir, nil, "git", "log", "-1", "--format=%ct")
	if err != nil {
		return nil, err
	}
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("time of the commit: %w", err)
	}
	return &source{dir: dir, commit: commit, time: time.Unix(unix, 0).UTC()}, nil
}

// texts are the files of the repository that go with the programs.
func texts() []string {
	return []string{
		"CHANGELOG.md", "LICENSE", "README.md", "sample-spvd.conf", "docs/operation.md", "docs/security.md", "docs/rpc.md",
		"docs/service/org.spvd.spvd.plist", "docs/service/spvd.service", "docs/service/spvd.sysusers", "docs/service/spvd.tmpfiles",
	}
}

// release builds one platform and writes its archive and packages into a directory.
func (s *source) release(ctx context.Context, p platform, out string) error {
	programs, err := os.MkdirTemp("", "spvd-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(programs)
	_, err = output(ctx, s.dir, p.environ(), "go", "build", "-trimpath", "-buildvcs=true", "-ldflags=-s -w",
		"-o", programs+string(filepath.Separator), "./cmd/spvd", "./cmd/spvctl")
	if err != nil {
		return fmt.Errorf("build for %v: %w", p, err)
	}
	name := p.directory()
	var files []entry
	for _, program := range []string{"spvd", "spvctl"} {
		program = p.program(program)
		files = append(files, entry{name: name + "/" + program, path: filepath.Join(programs, program), mode: 0o755})
	}
	for _, text := range texts() {
		files = append(files, entry{name: name + "/" + text, path: filepath.Join(s.dir, filepath.FromSlash(text)), mode: 0o644})
	}
	pack := packTar
	if p.os == "windows" {
		pack = packZip
	}
	content, err := packed(pack, files, s.time)
	if err != nil {
		return fmt.Errorf("pack for %v: %w", p, err)
	}
	if err := os.WriteFile(filepath.Join(out, p.archive()), content, 0o644); err != nil {
		return err
	}
	if p.os != "linux" {
		return nil
	}
	return s.pack(ctx, p, programs, out)
}

// output runs a command and returns its output, without the line end. Its error has the text
// of standard error.
func output(ctx context.Context, dir string, environ []string, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), environ...)
	var text, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &complaint
	if err := cmd.Run(); err != nil { // nfpm complains on standard output, after what the go command downloads
		return "", fmt.Errorf("%s %s: %w: %s", name, args[0], err, strings.TrimSpace(complaint.String()+text.String()))
	}
	return strings.TrimSpace(text.String()), nil
}
