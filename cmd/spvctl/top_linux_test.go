package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/wait"
)

// pseudo is a pseudo-terminal with what was written to it.
type pseudo struct {
	*testing.T
	master, tty *os.File

	mu      sync.Mutex
	written bytes.Buffer
}

// openPseudo opens a pseudo-terminal of a size, and reads what is written to it until the test ends.
func openPseudo(t *testing.T, columns, rows uint16) *pseudo {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	master := os.NewFile(uintptr(fd), "/dev/ptmx") // its reads end when it is closed
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	p := &pseudo{T: t, master: master, tty: tty}
	p.resize(columns, rows)
	var reading sync.WaitGroup
	reading.Go(func() {
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			p.mu.Lock()
			p.written.Write(buf[:n])
			p.mu.Unlock()
			if err != nil { // the other end is closed
				return
			}
		}
	})
	t.Cleanup(func() {
		tty.Close()
		reading.Wait()
		master.Close()
	})
	return p
}

// resize changes the size of the terminal.
func (p *pseudo) resize(columns, rows uint16) {
	p.Helper()
	if err := unix.IoctlSetWinsize(int(p.tty.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Col: columns, Row: rows}); err != nil {
		p.Fatal(err)
	}
}

// attributes returns the attributes of the terminal.
func (p *pseudo) attributes() unix.Termios {
	p.Helper()
	a, err := unix.IoctlGetTermios(int(p.tty.Fd()), unix.TCGETS)
	if err != nil {
		p.Fatal(err)
	}
	return *a
}

// text returns all that was written.
func (p *pseudo) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.written.String()
}

// forget drops what was written so far.
func (p *pseudo) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.written.Reset()
}

// press presses keys.
func (p *pseudo) press(keys string) {
	p.Helper()
	if _, err := io.WriteString(p.master, keys); err != nil {
		p.Fatal(err)
	}
}

// colour matches the sequences of colours.
var colour = regexp.MustCompile(`\x1b\[\d*m`)

// lines returns the last whole picture, without colours.
func (p *pseudo) lines() []string {
	p.Helper()
	text := p.text()
	end := strings.LastIndex(text, "\x1b[J")
	if end < 0 {
		return nil
	}
	text = text[:end]
	text = colour.ReplaceAllString(text[strings.LastIndex(text, "\x1b[H"):], "")
	text = strings.TrimPrefix(strings.ReplaceAll(text, "\x1b[K", ""), "\x1b[H")
	if strings.Contains(text, "\x1b") {
		p.Errorf("there are other sequences in %q", text)
	}
	return strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
}

// await waits until the picture has texts, and returns it.
func (p *pseudo) await(texts ...string) []string {
	p.Helper()
	missing := ""
	for range 1200 {
		lines := p.lines()
		shown := strings.Join(lines, "\n")
		missing = ""
		for _, text := range texts {
			if !strings.Contains(shown, text) {
				missing = text
			}
		}
		if missing == "" {
			return lines
		}
		if err := wait.For(p.Context(), 50*time.Millisecond); err != nil {
			p.Fatal(err)
		}
	}
	p.Fatalf("the screen never has %q:\n%s", missing, strings.Join(p.lines(), "\n"))
	return nil
}

// spvctl runs the command line on the terminal, and returns a function that waits for its end.
func (p *pseudo) spvctl(args ...string) (ended func() int) {
	var running sync.WaitGroup
	code := -1
	running.Go(func() {
		code = run(p.Context(), args, nil, &console{
			in: bufio.NewReader(p.tty), out: p.tty, err: p.tty, screen: terminalOf(p.tty, nil), keys: keyboardOf(p.tty),
		})
	})
	p.Cleanup(running.Wait)
	return func() int {
		running.Wait()
		return code
	}
}

// fits fails the test unless the picture fits on a screen.
func (p *pseudo) fits(lines []string, columns, rows int) {
	p.Helper()
	if len(lines) > rows {
		p.Errorf("%d lines on %d rows", len(lines), rows)
	}
	for _, line := range lines {
		if n := len([]rune(line)); n > columns {
			p.Errorf("%d columns of %d: %q", n, columns, line)
		}
	}
}

// TestTop watches a real daemon on a terminal of 80 columns: sync, peers, wallets and events are there
// as they come, a lost connection is shown and made again, sizes are followed, and each way to quit
// leaves the terminal as it was.
func TestTop(t *testing.T) {
	owner := rpctest.NewOwner(t, 1)
	plan := testnet.Plan{}
	plan.Pay(10, owner.Script(0, 0), 1e8)
	d := rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: 30, Plan: plan, Xpub: owner.Xpub()})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	cfg := rpctest.Config(d.Registry)
	cfg.Listeners = []net.Listener{l}
	_, stop := rpctest.Start(t, cfg)
	flags := []string{"--appdata", t.TempDir(), "--rpcserver", address, "--notls", "-u", rpctest.User, "-P", rpctest.Password}

	p := openPseudo(t, 80, 24)
	before := p.attributes()
	ended := p.spvctl(append(flags, "top")...)
	lines := p.await("spvd simnet "+address, "Synced at height 30", "tip 30", rpctest.PeerAddress, "default", " 1 ", "none yet", "q quits")
	p.fits(lines, 80, 24)
	if raw := p.attributes(); raw.Lflag&(unix.ECHO|unix.ICANON|unix.ISIG) != 0 {
		t.Error("keys are shown, or held until a line is complete")
	}

	more := testnet.Plan{}
	more.Pay(31, owner.Script(0, 1), 5e7)
	d.Grow(t, 0, 1, more)
	lines = p.await("tip 31", "block 31 ", "default: +0.5, in block 31", "1.5")
	p.fits(lines, 80, 24)
	d.Grow(t, 1, 2, nil)
	p.await("tip 32", "reorganisation: 1 block taken back, to 30")

	p.resize(40, 12)
	for columns := 80; columns > 40; { // until the screen is drawn again
		columns = 0
		for _, line := range p.await("tip 32") {
			columns = max(columns, len([]rune(line)))
		}
	}
	p.fits(p.await("q quits", "WALLET"), 40, 12)
	p.resize(100, 40)
	p.await(d.Node.Chain().Tip().Hash.String())

	stop()
	p.await("NOT CONNECTED", "spvd is not running on "+address, "tip 32")
	if l, err = net.Listen("tcp", address); err != nil {
		t.Fatal(err)
	}
	cfg.Listeners = []net.Listener{l}
	rpctest.Start(t, cfg)
	for strings.Contains(strings.Join(p.await("the connection was lost"), "\n"), "NOT CONNECTED") {
		if err := wait.For(t.Context(), 50*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	d.Grow(t, 0, 1, nil)
	p.await("tip 33", "block 33 ")

	p.press("xq")
	if code := ended(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	p.restored(before)
	for _, key := range []string{"\x03", "Q"} {
		p.forget() // a key that is pressed before there is a new picture is not the program's yet
		ended := p.spvctl(append(flags, "top")...)
		p.await("tip 33")
		p.press(key)
		if code := ended(); code != exitOK {
			t.Errorf("after %q the exit code is %d", key, code)
		}
		p.restored(before)
	}
}

// restored fails the test unless the terminal is what it was, and shows what was there before.
func (p *pseudo) restored(before unix.Termios) {
	p.Helper()
	if p.attributes() != before {
		p.Errorf("the terminal is %+v, it was %+v", p.attributes(), before)
	}
	for range 100 { // what was written may not have been read yet
		if strings.HasSuffix(p.text(), leaveScreen) {
			break
		}
		_ = wait.For(p.Context(), 50*time.Millisecond)
	}
	if text := p.text(); !strings.HasSuffix(text, leaveScreen) || strings.Count(text, enterScreen) != strings.Count(text, leaveScreen) {
		p.Errorf("the screen was not left: %q", text[max(0, len(text)-100):])
	}
}

// TestTopOfNoDaemon: what cannot be connected to at first is an error, on a terminal as it was.
func TestTopOfNoDaemon(t *testing.T) {
	p := openPseudo(t, 80, 24)
	before := p.attributes()
	code := p.spvctl("--rpcserver", "127.0.0.1:1", "--notls", "-u", "u", "-P", "p", "top")()
	if code != exitError || p.attributes() != before {
		t.Errorf("exit code %d", code)
	}
	for range 100 {
		if strings.Contains(p.text(), "spvd is not running") {
			break
		}
		_ = wait.For(t.Context(), 50*time.Millisecond)
	}
	if text := p.text(); !strings.Contains(text, "spvd is not running") || strings.Contains(text, "\x1b") {
		t.Errorf("it says %q", text)
	}
}

// TestTopEndsWithTheTerminal: when the window is closed the command ends.
func TestTopEndsWithTheTerminal(t *testing.T) {
	p := openPseudo(t, 80, 24)
	ended := p.spvctl(append(daemon(t, rpctest.NewOffline(t).Registry), "top")...)
	p.await("tip 1,000")
	p.master.Close()
	if code := ended(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
}
