package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// repository is a repository of a small program.
type repository struct {
	*testing.T
	dir string
}

func newRepository(t *testing.T) repository {
	t.Helper()
	for _, v := range os.Environ() { // those of the user who commits, as in a hook
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "GIT_") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	t.Setenv("GIT_CONFIG_SYSTEM", os.DevNull)
	r := repository{t, t.TempDir()}
	r.write("go.mod", "module small\n\ngo 1.25.0\n")
	r.write("main.go", "package main\n\nfunc main() {}\n")
	r.run("git", "init", "--quiet")
	return r
}

func (r repository) write(name, content string) {
	r.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(content), 0o600); err != nil {
		r.Fatal(err)
	}
}

func (r repository) run(name string, args ...string) string {
	r.Helper()
	out, err := output(r.Context(), r.dir, []string{"GOFLAGS=", "GOWORK=off", "CGO_ENABLED=0"}, name, args...)
	if err != nil {
		r.Fatal(err)
	}
	return out
}

// commit commits what is there and returns the commit and a program of it.
func (r repository) commit() (commit, program string) {
	r.Helper()
	r.run("git", "add", ".")
	r.run("git", "-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "x")
	program = filepath.Join(r.TempDir(), "program")
	r.run("go", "build", "-buildvcs=true", "-o", program, ".")
	return r.run("git", "rev-parse", "HEAD"), program
}

// archive writes an archive that holds a program as the daemon.
func archive(t *testing.T, dir, name, program string) {
	t.Helper()
	pack, daemon := packTar, "spvd"
	if strings.HasSuffix(name, ".zip") {
		pack, daemon = packZip, "spvd.exe"
	}
	top := strings.TrimSuffix(strings.TrimSuffix(name, ".zip"), ".tar.gz")
	content, err := packed(pack, []entry{
		{name: top + "/" + strings.Replace(daemon, "spvd", "spvctl", 1), path: os.DevNull, mode: 0o755},
		{name: top + "/" + daemon, path: program, mode: 0o755},
		{name: top + "/README.md", path: os.DevNull, mode: 0o644},
	}, time.Unix(1, 0))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// list writes SHA256SUMS over archives.
func list(t *testing.T, dir string, names ...string) {
	t.Helper()
	text, err := sums(dir, names)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, sumsFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestKept builds programs at two commits, and looks at what may stay beside an archive
// of the second.
func TestKept(t *testing.T) {
	for _, program := range []string{"git", "go"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Fatalf("a release is built with %s: %v", program, err)
		}
	}
	r := newRepository(t)
	_, old := r.commit()
	r.write("more.go", "package main\n")
	commit, program := r.commit()
	const made, tarred, zipped = "spvd-1-linux-amd64.tar.gz", "spvd-1-linux-arm64.tar.gz", "spvd-1-windows-amd64.zip"
	for _, test := range []struct {
		name string
		dir  func(dir string)
		want []string
		fail string
	}{
		{"nothing else", func(dir string) { archive(t, dir, made, old) }, nil, ""},
		{"others of the same commit", func(dir string) {
			archive(t, dir, tarred, program)
			archive(t, dir, zipped, program)
			list(t, dir, tarred, zipped)
		}, []string{tarred, zipped}, ""},
		{"another of an older commit", func(dir string) {
			archive(t, dir, tarred, program)
			archive(t, dir, zipped, old)
			list(t, dir, tarred, zipped)
		}, nil, zipped + " in "},
		{"one that was changed", func(dir string) {
			archive(t, dir, zipped, program)
			list(t, dir, zipped)
			archive(t, dir, zipped, os.Args[0])
			archive(t, dir, tarred, program)
		}, nil, "does not tell its commit"},
		{"one that is not listed", func(dir string) { archive(t, dir, tarred, program) }, nil, "not what SHA256SUMS says"},
		{"one that is listed otherwise", func(dir string) {
			archive(t, dir, tarred, old)
			list(t, dir, tarred)
			archive(t, dir, tarred, program)
		}, nil, "not what SHA256SUMS says"},
		{"half of one", func(dir string) {
			archive(t, dir, tarred, program)
			if err := os.Truncate(filepath.Join(dir, tarred), 1000); err != nil {
				t.Fatal(err)
			}
		}, nil, "no archive of a release"},
		{"none", func(dir string) { archive(t, dir, tarred, os.DevNull) }, nil, "no archive of a release"},
		{"packages beside the archive that was built with them", func(dir string) {
			archive(t, dir, tarred, program)
			archive(t, dir, "spvd-1-linux-arm64.deb", program)
			list(t, dir, tarred, "spvd-1-linux-arm64.deb")
		}, []string{"spvd-1-linux-arm64.deb", tarred}, ""},
		{"a package that was changed", func(dir string) {
			archive(t, dir, tarred, program)
			archive(t, dir, "spvd-1-linux-arm64.rpm", program)
			list(t, dir, tarred)
		}, nil, "not what SHA256SUMS says"},
		{"a package alone", func(dir string) {
			archive(t, dir, "spvd-1-linux-arm64.deb", program)
			list(t, dir, "spvd-1-linux-arm64.deb")
		}, nil, "has no spvd-1-linux-arm64.tar.gz beside it"},
		{"another file", func(dir string) {
			if err := os.WriteFile(filepath.Join(dir, "notes.zip"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			test.dir(dir)
			got, err := kept(dir, commit, []string{made})
			if test.fail == "" && (err != nil || !slices.Equal(got, test.want)) {
				t.Errorf("got %v, %v; want %v", got, err, test.want)
			}
			if test.fail != "" && (err == nil || !strings.Contains(err.Error(), test.fail)) {
				t.Errorf("got %v, %v; want an error with %q", got, err, test.fail)
			}
		})
	}
}

// TestArchiveNames holds the names of archives to what is looked for beside them.
func TestArchiveNames(t *testing.T) {
	for _, p := range platforms() {
		if !isArchive(p.archive()) || !strings.Contains(p.archive(), p.os+"-"+p.arch) {
			t.Errorf("the archive for %v is %s", p, p.archive())
		}
		for _, name := range p.files()[1:] {
			if archive, ok := packageOf(name); !ok || archive != p.archive() {
				t.Errorf("the archive beside %s is %s", name, archive)
			}
		}
	}
}
