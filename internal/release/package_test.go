package main

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

var testPackages = flag.Bool("packages", false, "build packages for this machine, and install, start and remove them")

// TestPackages has the DEB and the RPM of the sources that are checked out judged by dpkg and
// rpm: what is in them, what an installation makes of it, and what a removal leaves.
func TestPackages(t *testing.T) {
	if !*testPackages {
		t.Skip("it takes minutes: run make packages")
	}
	if runtime.GOOS != "linux" {
		t.Skip("packages are for Linux")
	}
	p := platform{"linux", runtime.GOARCH}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	programs, one, two := t.TempDir(), t.TempDir(), t.TempDir()
	if _, err := output(t.Context(), root, p.environ(), "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", programs+"/", "./cmd/spvd", "./cmd/spvctl"); err != nil {
		t.Fatal(err)
	}
	s := &source{dir: root, time: time.Unix(1_700_000_000, 0).UTC()}
	for _, out := range []string{one, two} {
		if err := s.pack(t.Context(), p, programs, out); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range formats() {
		a, errA := os.ReadFile(filepath.Join(one, p.pkg(f)))
		b, errB := os.ReadFile(filepath.Join(two, p.pkg(f)))
		if errA != nil || errB != nil || !bytes.Equal(a, b) {
			t.Errorf("two builds of %s differ, %v, %v", p.pkg(f), errA, errB)
		}
	}
	t.Run("deb", func(t *testing.T) { testDeb(t, filepath.Join(one, p.pkg(formats()[0]))) })
	t.Run("rpm", func(t *testing.T) { testRPM(t, filepath.Join(one, p.pkg(formats()[1]))) })
}

// contents returns the files of a package, with their modes, sorted.
func contents(zsh string) []string {
	return sorted([]string{
		"-rw-r----- /etc/spvd/spvd.conf",
		"-rw-r--r-- /usr/lib/systemd/system/spvd.service",
		"-rw-r--r-- /usr/lib/sysusers.d/spvd.conf",
		"-rw-r--r-- /usr/lib/tmpfiles.d/spvd.conf",
		"-rw-r--r-- /usr/share/bash-completion/completions/spvctl",
		"-rw-r--r-- /usr/share/bash-completion/completions/spvd",
		"-rw-r--r-- /usr/share/fish/vendor_completions.d/spvctl.fish",
		"-rw-r--r-- /usr/share/fish/vendor_completions.d/spvd.fish",
		"-rw-r--r-- /usr/share/man/man1/spvctl.1.gz",
		"-rw-r--r-- /usr/share/man/man1/spvd.1.gz",
		"-rw-r--r-- /usr/share/man/man5/spvd.conf.5.gz",
		"-rwxr-xr-x /usr/bin/spvctl",
		"-rwxr-xr-x /usr/bin/spvd",
		"-rw-r--r-- " + zsh + "/_spvctl",
		"-rw-r--r-- " + zsh + "/_spvd",
	})
}

// tool runs a program of the distribution and returns its output.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// needed skips the test unless a program is installed.
func needed(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed", name)
		}
	}
}

func testDeb(t *testing.T, file string) {
	needed(t, "dpkg", "dpkg-deb")
	got := listedDeb(t, tool(t, "dpkg-deb", "--contents", file))
	if !slices.Equal(got, contents("/usr/share/zsh/vendor-completions")) {
		t.Errorf("it holds\n%s", strings.Join(got, "\n"))
	}
	if got := tool(t, "dpkg-deb", "--info", file, "conffiles"); got != "/etc/spvd/spvd.conf\n" {
		t.Errorf("its configuration files are %q", got)
	}
	root := filepath.Join(t.TempDir(), "root")
	for _, dir := range []string{"var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers"} {
		mkdir(t, filepath.Join(root, dir))
	}
	put(t, filepath.Join(root, "var/lib/dpkg/status"), "")
	dpkg := func(args ...string) string {
		t.Helper()
		return tool(t, "dpkg", append([]string{"--root=" + root, "--force-script-chrootless", "--force-not-root", "--force-bad-path"}, args...)...)
	}
	conf := filepath.Join(root, "etc/spvd/spvd.conf")
	wallet := filepath.Join(root, "var/lib/spvd/mainnet/wallets/default.db")

	dpkg("--install", file)
	runInstalled(t, root)
	mkdir(t, filepath.Dir(wallet))
	put(t, wallet, "a wallet")

	put(t, conf, "testnet = 1\n") // of the user
	dpkg("--install", file)
	dpkg("--remove", "spvd")
	mustHold(t, conf, "testnet = 1\n")
	if _, err := os.Stat(filepath.Join(root, "usr/bin/spvd")); err == nil {
		t.Error("the program stays after the removal")
	}
	dpkg("--purge", "spvd")
	if _, err := os.Stat(filepath.Dir(conf)); err == nil {
		t.Error("the configuration stays after the purge")
	}
	mustHold(t, wallet, "a wallet")
}

// listedDeb returns mode and name of each file that dpkg-deb lists. All belong to root.
func listedDeb(t *testing.T, text string) (out []string) {
	t.Helper()
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if fields[1] != "root/root" {
			t.Errorf("not of root: %s", line)
		}
		if fields[0][0] != 'd' {
			out = append(out, fields[0]+" "+strings.TrimPrefix(fields[len(fields)-1], "."))
		}
	}
	return sorted(out)
}

func testRPM(t *testing.T, file string) {
	needed(t, "rpm")
	var got []string
	for line := range strings.Lines(tool(t, "rpm", "-qp", "--qf", `[%{FILEMODES:perms} %{FILENAMES} %{FILEUSERNAME}:%{FILEGROUPNAME}\n]`, file)) {
		fields := strings.Fields(line)
		if fields[2] != "root:root" {
			t.Errorf("not of root: %s", line)
		}
		if fields[0][0] != 'd' {
			got = append(got, fields[0]+" "+fields[1])
		}
	}
	if got = sorted(got); !slices.Equal(got, contents("/usr/share/zsh/site-functions")) {
		t.Errorf("it holds\n%s", strings.Join(got, "\n"))
	}
	if got := strings.TrimSpace(tool(t, "rpm", "-qp", "--configfiles", file)); got != "/etc/spvd/spvd.conf" {
		t.Errorf("its configuration files are %q", got)
	}
	root := t.TempDir()
	rpm := func(args ...string) string {
		t.Helper()
		return tool(t, "rpm", append([]string{"--root=" + root, "--nodeps", "--noscripts"}, args...)...)
	}
	rpm("--install", file)
	runInstalled(t, root)
	conf, wallet := filepath.Join(root, "etc/spvd/spvd.conf"), filepath.Join(root, "var/lib/spvd/mainnet/wallets/default.db")
	mkdir(t, filepath.Dir(wallet))
	put(t, wallet, "a wallet")
	put(t, conf, "testnet = 1\n")
	rpm("--erase", "spvd")
	mustHold(t, conf+".rpmsave", "testnet = 1\n")
	mustHold(t, wallet, "a wallet")
}

// runInstalled starts the daemon below a root directory as its unit does, on the simulation
// network, asks spvctl beside it for the status, and stops it.
func runInstalled(t *testing.T, root string) {
	t.Helper()
	unit, err := os.ReadFile(filepath.Join(root, "usr/lib/systemd/system/spvd.service"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^ExecStart=(.*)$`).FindSubmatch(unit)
	if line == nil {
		t.Fatal("the unit starts nothing")
	}
	var args []string
	for word := range strings.FieldsSeq(string(line[1])) {
		args = append(args, regexp.MustCompile(`(^|=)/`).ReplaceAllString(word, "${1}"+root+"/"))
	}
	dir := filepath.Join(root, "var/lib/spvd")
	mkdir(t, dir)
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	daemon := exec.CommandContext(ctx, args[0], append(args[1:], "--simnet", "--rpclisten=127.0.0.1:0", "--connect=127.0.0.1:1")...)
	out, err := daemon.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	address := regexp.MustCompile(`127\.0\.0\.1:\d+`)
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "RPC server listens") {
		t.Log(lines.Text())
	}
	server := address.FindString(lines.Text())
	spvctl := func(words ...string) string {
		return tool(t, filepath.Join(root, "usr/bin/spvctl"), append([]string{"--appdata=" + dir, "--simnet", "--rpcserver=" + server}, words...)...)
	}
	spvctl("status", "--live")
	spvctl("stop")
	for lines.Scan() { // the daemon does not wait for a reader
	}
	if err := daemon.Wait(); err != nil {
		t.Errorf("the daemon ended with %v", err)
	}
}

func sorted(s []string) []string {
	slices.Sort(s)
	return s
}

func mkdir(t *testing.T, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, name, content string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func mustHold(t *testing.T, name, want string) {
	t.Helper()
	if got, err := os.ReadFile(name); err != nil || string(got) != want {
		t.Errorf("%s holds %q, %v; want %q", name, got, err, want)
	}
}
