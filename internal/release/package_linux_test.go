package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

var testPackages = flag.Bool("packages", false, "build packages for this machine, and install, start and remove them")

// TestPackages has the DEB and the RPM of the sources that are checked out judged by dpkg and
// rpm: what is in them, what an installation and an upgrade make of it, and what a removal leaves.
func TestPackages(t *testing.T) {
	if !*testPackages {
		t.Skip("it takes minutes: run make packages")
	}
	p := platform{"linux", runtime.GOARCH}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	programs, one, later := t.TempDir(), t.TempDir(), t.TempDir()
	t.Chdir(t.TempDir())
	const two = "two" // as make release names a directory
	if err := os.Mkdir(two, 0o755); err != nil {
		t.Fatal(err)
	}
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
	for i, test := range []func(t *testing.T, file, newer string){testDeb, testRPM} {
		f := formats()[i]
		newer := filepath.Join(later, "newer."+f.suffix)
		if err := s.packAs(t.Context(), f, p, "99.0.0", programs, newer); err != nil {
			t.Fatal(err)
		}
		t.Run(f.suffix, func(t *testing.T) { test(t, filepath.Join(one, p.pkg(f)), newer) })
	}
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

func testDeb(t *testing.T, file, newer string) {
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
	dpkg("--install", newer)
	if got := dpkg("--list", "spvd"); !strings.Contains(got, "99.0.0") {
		t.Errorf("after the upgrade:\n%s", got)
	}
	mustHold(t, conf, "testnet = 1\n")
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

func testRPM(t *testing.T, file, newer string) {
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
	root := filepath.Join(t.TempDir(), "root")
	mkdir(t, root)
	// rpm itself runs scripts with the shell below the root directory, where none is: the shell of
	// this machine runs those of the package, in the order and with the numbers of rpm.
	rpm := func(args ...string) string {
		t.Helper()
		return tool(t, "rpm", append([]string{"--root=" + root, "--nodeps", "--noscripts"}, args...)...)
	}
	script := func(file, tag, versions string) {
		t.Helper()
		text := tool(t, "rpm", "-qp", "--qf", "%{"+tag+"}", file)
		cmd := exec.CommandContext(t.Context(), "/bin/sh", "-c", text, "script", versions)
		cmd.Env = append(os.Environ(), "DPKG_ROOT="+root)
		if out, err := cmd.CombinedOutput(); err != nil || text == "(none)" {
			t.Fatalf("%s %s: %v\n%s", tag, versions, err, out)
		}
	}
	conf, wallet := filepath.Join(root, "etc/spvd/spvd.conf"), filepath.Join(root, "var/lib/spvd/mainnet/wallets/default.db")

	rpm("--install", file)
	script(file, "POSTIN", "1")
	runInstalled(t, root)
	mkdir(t, filepath.Dir(wallet))
	put(t, wallet, "a wallet")

	put(t, conf, "testnet = 1\n") // of the user
	rpm("--upgrade", newer)
	script(newer, "POSTIN", "2")
	script(file, "PREUN", "1")
	script(file, "POSTUN", "1")
	if got := tool(t, "rpm", "--root="+root, "--query", "spvd"); !strings.HasPrefix(got, "spvd-99.0.0-1") || strings.Count(got, "\n") != 1 {
		t.Errorf("after the upgrade: %q", got)
	}
	mustHold(t, conf, "testnet = 1\n")

	script(newer, "PREUN", "0")
	rpm("--erase", "spvd")
	script(newer, "POSTUN", "0")
	if _, err := os.Stat(filepath.Join(root, "usr/bin/spvd")); err == nil {
		t.Error("the program stays after the removal")
	}
	mustHold(t, conf+".rpmsave", "testnet = 1\n")
	mustHold(t, wallet, "a wallet")
}

// started returns the words of the line that starts the daemon, of the unit below a root directory.
func started(t *testing.T, root string) []string {
	t.Helper()
	unit, err := os.ReadFile(filepath.Join(root, "usr/lib/systemd/system/spvd.service"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^ExecStart=(.*)$`).FindSubmatch(unit)
	if line == nil {
		t.Fatal("the unit starts nothing")
	}
	return strings.Fields(string(line[1]))
}

// account is a user and groups of the system below a root directory.
type account struct {
	name   string
	uid    uint32
	groups []uint32 // the first one is its own
}

// service returns the account that the packages have made for the daemon.
func service(t *testing.T, root string) account {
	t.Helper()
	passwd, err := os.ReadFile(filepath.Join(root, "etc/passwd"))
	if err != nil {
		t.Fatal(err)
	}
	ids := regexp.MustCompile(`(?m)^spvd:[^:]*:(\d+):(\d+):`).FindSubmatch(passwd)
	if ids == nil {
		t.Fatalf("there is no user spvd:\n%s", passwd)
	}
	uid, errUser := strconv.ParseUint(string(ids[1]), 10, 32)
	gid, errGroup := strconv.ParseUint(string(ids[2]), 10, 32)
	if err := errors.Join(errUser, errGroup); err != nil {
		t.Fatal(err)
	}
	return account{"spvd", uint32(uid), []uint32{uint32(gid)}}
}

// command returns a command of the system below a root directory, which an account runs.
func (a account) command(ctx context.Context, root string, words ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Dir, cmd.Env = "/", []string{"HOME=/home/" + a.name, "USER=" + a.name}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: a.uid, Gid: a.groups[0], Groups: a.groups}}
	return cmd
}

// runInstalled starts the daemon below a root directory as its unit does, on the simulation
// network. A member of the group spvd uses it with spvctl alone, and another user cannot.
func runInstalled(t *testing.T, root string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("the programs are started as users of the installed system: run it as root")
	}
	conf, err := os.OpenFile(filepath.Join(root, "etc/spvd/spvd.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = fmt.Fprintf(conf, "simnet = 1\nrpclisten = %s\nconnect = 127.0.0.1:1\n", freeAddress(t))
	if err = errors.Join(err, conf.Close()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
	defer stop()
	spvd := service(t, root)
	daemon := spvd.command(ctx, root, started(t, root)...)
	out, err := daemon.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	daemon.Stderr = os.Stderr
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() && !strings.Contains(lines.Text(), "RPC server listens") {
		t.Log(lines.Text())
		if strings.Contains(lines.Text(), "[WRN] SPVD:") {
			t.Errorf("the daemon warns of the installation")
		}
	}
	member := account{"alice", 40001, []uint32{40001, spvd.groups[0]}}
	outsider := account{"bob", 40002, []uint32{40002}}
	for _, args := range [][]string{{"status", "--live"}, {"peers"}, {"doctor"}} {
		text, err := outsider.command(ctx, root, append([]string{"/usr/bin/spvctl"}, args...)...).CombinedOutput()
		if err == nil || !strings.Contains(string(text), "usermod -aG spvd bob") || !strings.Contains(string(text), "--cookiegroup spvd") {
			t.Errorf("spvctl %q of a user outside the group: %v\n%s", args, err, text)
		}
	}
	for _, args := range [][]string{{"-A/var/lib/spvd", "--simnet"}, {"-A/var/lib/spvd", "--simnet", "--notls"}} {
		if text, err := outsider.command(ctx, root, append(append([]string{"/usr/bin/spvctl"}, args...), "stop")...).CombinedOutput(); err == nil {
			t.Errorf("a user outside the group stops the daemon:\n%s", text)
		}
	}
	for _, args := range [][]string{{"status", "--live"}, {"peers"}, {"stop"}} {
		if text, err := member.command(ctx, root, append([]string{"/usr/bin/spvctl"}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("spvctl %q of a member of the group: %v\n%s", args, err, text)
		}
	}
	for lines.Scan() { // the daemon does not wait for a reader
	}
	if err := daemon.Wait(); err != nil {
		t.Errorf("the daemon ended with %v", err)
	}
	onlyFor(t, filepath.Join(root, "var/lib/spvd"))
}

// freeAddress returns an address of this machine where nothing listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// onlyFor fails the test if others than the owner and the group can enter the data directory, or the
// group can read anything in it but the certificate and the cookie.
func onlyFor(t *testing.T, data string) {
	t.Helper()
	err := filepath.WalkDir(data, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm()
		switch {
		case e.IsDir() && mode&0o067 != 0, !e.IsDir() && mode&0o077 != 0 && e.Name() != "rpc.cert" && e.Name() != "rpc.cookie":
			t.Errorf("%s has the mode %o", name, mode)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
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
