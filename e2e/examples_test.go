package e2e

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/e2e/keys"
	"github.com/spvd/spvd/e2e/miner"
	"github.com/spvd/spvd/e2e/node"
	"github.com/spvd/spvd/e2e/proc"
)

var update = flag.Bool("update", false, "write what the examples print into docs/embedding.md")

// embeddingPage shows what the examples print.
const embeddingPage = "../docs/embedding.md"

// coin is a coin in atoms.
const coin = 100_000_000

// examples are the programs of docs/examples and their network: two linked nodes, a miner of each,
// an account that the programs watch, and a customer with a coin.
type examples struct {
	*stage
	dir      string // of the built programs
	account  *keys.Account
	a, b     *node.Node
	ma, mb   *miner.Miner
	customer *keys.Key
	purse    wire.OutPoint // the coin of the customer, of 10 DCR
	takings  *wire.MsgTx   // what the merchant has built, signed
}

// testExamples runs every example as a user does, against a real node, and compares what it prints
// with docs/embedding.md. With -update it writes that page instead.
func (s *stage) testExamples(t *testing.T) {
	x := s.newExamples(t)
	t.Run("embed", x.testEmbed)
	t.Run("coldstorage", x.testColdStorage)
	t.Run("c and python", x.testLibrary)
	t.Run("watcher and merchant", x.testWatcherAndMerchant)
	t.Run("toywallet", x.testToyWallet)
	t.Run("javascript", x.testJavaScript)
	t.Run("takings", x.testTakings) // at the end: the pages show the wallet without it
}

func (s *stage) newExamples(t *testing.T) *examples {
	t.Helper()
	x := &examples{stage: s, dir: t.TempDir(), a: s.newNode(t), b: s.newNode(t)}
	x.ma, x.mb = s.newMiner(t, x.a), s.newMiner(t, x.b)
	err := proc.GoBuild(t.Context(), "..", x.dir, "-o", x.dir+string(filepath.Separator), "./docs/examples/...")
	if err != nil {
		t.Fatal(err)
	}
	if x.account, err = keys.NewAccount("examples"); err != nil {
		t.Fatal(err)
	}
	if x.customer, err = keys.NewKey("a customer"); err != nil {
		t.Fatal(err)
	}
	if err := x.a.Link(t.Context(), x.b); err != nil {
		t.Fatal(err)
	}
	x.pay(t, x.key(t, 0).Script(), 5*coin)
	x.purse = wire.OutPoint{Hash: x.pay(t, x.customer.Script(), 10*coin)}
	extend(t, x.ma, 1)
	return x
}

// key returns a key of the account.
func (x *examples) key(t *testing.T, index uint32) *keys.Key {
	t.Helper()
	key, err := x.account.Key(keys.External, index)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// pay makes the next block of the first node pay to a script.
func (x *examples) pay(t *testing.T, script []byte, atoms int64) chainhash.Hash {
	t.Helper()
	hash, err := x.ma.Pay(t.Context(), script, atoms)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// buy makes the customer pay a coin to a script. No miner spends what the customer spends, so that
// the payment is mined again after a reorganisation.
func (x *examples) buy(t *testing.T, script []byte) {
	t.Helper()
	const fee = 10_000
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&x.purse, 10*coin, nil))
	tx.AddTxOut(wire.NewTxOut(coin, script))
	tx.AddTxOut(wire.NewTxOut(9*coin-fee, x.customer.Script()))
	ring := keys.NewRing()
	ring.Add(x.customer)
	if err := ring.Sign(tx, 0, x.customer.Script()); err != nil {
		t.Fatal(err)
	}
	raw, err := tx.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if err := x.a.Call(t.Context(), "sendrawtransaction", nil, hex.EncodeToString(raw)); err != nil {
		t.Fatal(err)
	}
}

// start runs a program of docs/examples with a data directory of its own.
func (x *examples) start(t *testing.T, name, watched string) *transcript {
	t.Helper()
	return x.startIn(t, t.TempDir(), name, watched)
}

// startIn runs one with this data directory, and further arguments.
func (x *examples) startIn(t *testing.T, dir, name, watched string, more ...string) *transcript {
	t.Helper()
	return startTranscript(t, proc.Command{
		Path: filepath.Join(x.dir, name), Args: append([]string{dir, "simnet", watched, x.a.Addr()}, more...),
	})
}

// signed returns the transaction of a file that one of the programs has written, signed with the
// key of an index.
func (x *examples) signed(t *testing.T, file string, index uint32) *wire.MsgTx {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	tx := new(wire.MsgTx)
	if err := tx.Deserialize(hex.NewDecoder(strings.NewReader(strings.TrimSpace(string(text))))); err != nil {
		t.Fatal(err)
	}
	key, ring := x.key(t, index), keys.NewRing()
	ring.Add(key)
	if err := ring.Sign(tx, 0, key.Script()); err != nil {
		t.Fatal(err)
	}
	return tx
}

func (x *examples) testEmbed(t *testing.T) {
	p := x.start(t, "embed", x.account.Xpub())
	comparePage(t, "go run ./docs/examples/embed", p.end(t))
}

// testColdStorage builds a transaction, which the signer with the keys accepts.
func (x *examples) testColdStorage(t *testing.T) {
	dir := t.TempDir()
	p := startTranscript(t, proc.Command{
		Path: filepath.Join(x.dir, "coldstorage"), Args: []string{dir, "simnet", x.account.Xpub(), x.customer.Address(), x.a.Addr()},
	})
	comparePage(t, "go run ./docs/examples/coldstorage", p.end(t))
	tx := x.signed(t, filepath.Join(dir, "unsigned.hex"), 0)
	engine, err := txscript.NewEngine(x.key(t, 0).Script(), tx, 0, txscript.ScriptVerifyCleanStack, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Execute(); err != nil {
		t.Errorf("signed: %v", err)
	}
}

// testLibrary compiles the library and its examples, which print the same in both languages.
func (x *examples) testLibrary(t *testing.T) {
	cc := strings.TrimSpace(command(t, "go", "env", "CC"))
	if _, err := exec.LookPath(cc); err != nil {
		t.Skipf("no C compiler is installed: %v", err)
	}
	lib, program := filepath.Join(x.dir, "libspvd.so"), filepath.Join(x.dir, "balance")
	command(t, "env", "CGO_ENABLED=1", "go", "build", "-C", "..", "-trimpath", "-buildmode=c-shared", "-o", lib, "./cmd/libspvd")
	const source = "../cmd/libspvd"
	command(t, cc, "-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic", "-I"+source, "-o", program, source+"/examples/balance.c", lib)
	inC := startTranscript(t, proc.Command{Path: program, Args: []string{x.settings(t)}}).end(t)
	comparePage(t, "./balance CONFIG", inC)
	refused := startTranscript(t, proc.Command{Path: program, Args: []string{`{"dir":"x","nonsense":1}`}})
	comparePage(t, `./balance '{"dir":"x","nonsense":1}'`, refused.endWith(t, 1))

	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed: the example in Python does not run")
	}
	inPython := startTranscript(t, proc.Command{Path: python, Args: []string{source + "/examples/balance.py", lib, x.settings(t)}})
	if got := inPython.end(t); got != inC {
		t.Errorf("in Python %q, in C %q", got, inC)
	}
	refused = startTranscript(t, proc.Command{Path: python, Args: []string{source + "/examples/balance.py", lib, `{"dir":"x","nonsense":1}`}})
	if got := refused.endWith(t, 1); !strings.Contains(got, "nonsense") {
		t.Errorf("a bad configuration, in Python: %s", got)
	}
}

// settings is the configuration of a client of the library that watches the account.
func (x *examples) settings(t *testing.T) string {
	t.Helper()
	text, err := json.Marshal(map[string]any{
		"dir": t.TempDir(), "network": "simnet", "connect": []string{x.a.Addr()},
		"accounts": []map[string]string{{"name": "default", "xpub": x.account.Xpub()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// testWatcherAndMerchant: the watcher sees a payment before and after it is mined. Then the merchant
// is paid in a block that a reorganisation takes back, ships when the payment is mined again, and builds
// the transaction that moves it.
func (x *examples) testWatcherAndMerchant(t *testing.T) {
	watcher := x.start(t, "watcher", x.account.Xpub())
	watcher.until(t, "balance: 5 DCR, of that unconfirmed: 0 DCR")
	x.pay(t, x.key(t, 1).Script(), coin)
	watcher.until(t, "balance: 6 DCR, of that unconfirmed: 1 DCR")
	extend(t, x.ma, 1)
	watcher.until(t, "balance: 6 DCR, of that unconfirmed: 0 DCR")

	agree(t, x.b, x.a)
	if err := x.a.Unlink(t.Context(), x.b); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	merchant := x.startIn(t, dir, "merchant", x.account.Xpub(), x.customer.Address())
	merchant.until(t, "pay 1 DCR to")
	x.buy(t, x.key(t, 2).Script())
	watcher.until(t, "balance: 7 DCR, of that unconfirmed: 1 DCR")
	extend(t, x.ma, 1)
	merchant.until(t, "the payment is in block")
	watcher.until(t, "balance: 7 DCR, of that unconfirmed: 0 DCR")
	extend(t, x.mb, 2) // one more than the node that the programs follow
	if err := x.a.Link(t.Context(), x.b); err != nil {
		t.Fatal(err)
	}
	agree(t, x.a, x.b)
	merchant.until(t, "taken back")
	watcher.until(t, "the chain goes back to block 332")
	watcher.until(t, "balance: 7 DCR, of that unconfirmed: 1 DCR")
	extend(t, x.ma, 1)
	merchant.until(t, "the payment is in block")
	watcher.until(t, "balance: 7 DCR, of that unconfirmed: 0 DCR")
	extend(t, x.ma, 1)
	comparePage(t, "go run ./docs/examples/merchant", merchant.end(t))
	watcher.until(t, "synced at block 336")
	watcher.interrupt(t)
	comparePage(t, "go run ./docs/examples/watcher", watcher.end(t))
	x.takings = x.signed(t, filepath.Join(dir, "takings.hex"), 2)
}

// testTakings: a real node accepts what the merchant has built, once it is signed.
func (x *examples) testTakings(t *testing.T) {
	if x.takings == nil {
		t.Fatal("the merchant has built nothing")
	}
	raw, err := x.takings.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if err := x.a.Call(t.Context(), "sendrawtransaction", nil, hex.EncodeToString(raw)); err != nil {
		t.Errorf("the node refuses it: %v", err)
	}
}

func (x *examples) testToyWallet(t *testing.T) {
	key, err := keys.NewKey("a toy wallet")
	if err != nil {
		t.Fatal(err)
	}
	p := x.start(t, "toywallet", key.Address())
	p.until(t, ": 0 DCR")
	x.pay(t, key.Script(), 2*coin)
	extend(t, x.ma, 1)
	p.until(t, ": 2 DCR")
	p.interrupt(t)
	comparePage(t, "go run ./docs/examples/toywallet", p.end(t))
}

// testJavaScript runs the merchant and the web page beside a daemon.
func (x *examples) testJavaScript(t *testing.T) {
	program := programOnClock(t, "node")
	d := x.startDaemonWith(t, t.TempDir(), []string{"--account=default=" + x.account.Xpub()}, x.a.Addr())
	awaitTip(t, d, x.a)
	at := d.Access()
	start := func(script string, args ...string) *transcript {
		return startTranscript(t, proc.Command{
			Path: program, Args: append([]string{"--experimental-websocket", "--no-warnings", script}, args...),
			Env: []string{"NODE_EXTRA_CA_CERTS=" + at.Cert},
		})
	}
	server := start("../docs/examples/page.mjs", "wss://"+at.Addr+"/ws", at.User, at.Pass, "0")
	page := start("testdata/showpage.mjs", server.until(t, "http://"))
	page.until(t, "7 DCR")

	merchant := start("../docs/examples/merchant.mjs", "wss://"+at.Addr+"/ws", at.User, at.Pass)
	merchant.until(t, "pay to")
	x.pay(t, x.key(t, 3).Script(), coin)
	page.until(t, "8 DCR | block 337") // what is not mined counts
	extend(t, x.ma, 2)
	comparePage(t, "node docs/examples/merchant.mjs", merchant.end(t))
	last := page.until(t, "8 DCR | block 339: Synced", "1 DCR, block 338")
	comparePage(t, "node docs/examples/page.mjs", strings.ReplaceAll(last, " | ", "\n"))
}

// command runs a command that has to succeed, and returns what it prints.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	r, err := proc.Run(t.Context(), name, args...)
	if err != nil || r.Code != 0 {
		t.Fatalf("%s %s: %v, code %d\n%s", name, strings.Join(args, " "), err, r.Code, r.Stderr)
	}
	return r.Stdout
}

// transcript is a program and what it prints.
type transcript struct {
	proc  *proc.Process
	out   *os.File // the read end of its standard output
	lines *bufio.Reader
	text  strings.Builder // what was read
}

// startTranscript runs a program until it ends or the test does.
func startTranscript(t *testing.T, c proc.Command) *transcript {
	t.Helper()
	out, end, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer end.Close()
	c.Stdout = end
	p, err := proc.Start(c)
	if err != nil {
		out.Close()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Kill(); err != nil {
			t.Error(err)
		}
		out.Close()
	})
	return &transcript{proc: p, out: out, lines: bufio.NewReader(out)}
}

// rewritten is the beginning of a line that replaces the one before it in a terminal.
const rewritten = "\r\x1b[K"

// next reads a line, as a terminal shows it in the end.
func (s *transcript) next(t *testing.T) (string, bool) {
	t.Helper()
	if err := s.out.SetReadDeadline(time.Now().Add(waitTime)); err != nil {
		t.Fatal(err)
	}
	line, err := s.lines.ReadString('\n')
	if err != nil && os.IsTimeout(err) {
		t.Fatalf("no further line after\n%s%s%s", &s.text, line, s.proc.Output())
	}
	line = line[strings.LastIndex(line, rewritten)+1:]
	line = strings.TrimPrefix(line, rewritten[1:])
	s.text.WriteString(line)
	return strings.TrimSuffix(line, "\n"), err == nil
}

// until reads until a line has all of some texts, and returns that line.
func (s *transcript) until(t *testing.T, texts ...string) string {
	t.Helper()
	for {
		line, more := s.next(t)
		if !slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(line, text) }) {
			return line
		}
		if !more {
			t.Fatalf("no line with %q in\n%s%s", texts, &s.text, s.proc.Output())
		}
	}
}

// interrupt does what Ctrl-C does.
func (s *transcript) interrupt(t *testing.T) {
	t.Helper()
	if err := syscall.Kill(s.proc.PID(), syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
}

// end waits until the program has ended with code 0, and returns what it has printed.
func (s *transcript) end(t *testing.T) string {
	t.Helper()
	return s.endWith(t, 0)
}

// endWith does the same for another code. The output is followed by that on standard error.
func (s *transcript) endWith(t *testing.T, code int) string {
	t.Helper()
	for more := true; more; {
		_, more = s.next(t)
	}
	ctx, cancel := context.WithTimeout(context.Background(), waitTime)
	defer cancel()
	select {
	case <-s.proc.Done():
	case <-ctx.Done():
		t.Fatalf("it does not end:\n%s", s.proc.Output())
	}
	if got := s.proc.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d\n%s", got, code, s.proc.Output())
	}
	return s.text.String() + s.proc.Output()
}

// variable is what differs from run to run in the output of an example.
var variable = regexp.MustCompile(`\b[0-9a-f]{64}\b`)

// comparePage compares what a command has printed with the block of docs/embedding.md that begins
// with the command, but for hashes; with -update it writes the block.
func comparePage(t *testing.T, command, printed string) {
	t.Helper()
	page, err := os.ReadFile(embeddingPage)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(page), "\n")
	const indent = "    "
	begin := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, indent+"$ "+command) })
	if begin < 0 {
		t.Fatalf("docs/embedding.md has no block that begins with $ %s", command)
	}
	begin++
	end := begin
	for lines[end] != "" {
		end++
	}
	var got []string
	for line := range strings.Lines(printed) {
		got = append(got, indent+strings.TrimRight(line, " \n"))
	}
	if *update {
		lines = slices.Replace(lines, begin, end, got...)
		if err := os.WriteFile(embeddingPage, []byte(strings.Join(lines, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	shape := func(lines []string) string { return variable.ReplaceAllString(strings.Join(lines, "\n"), "HASH") }
	if want := shape(lines[begin:end]); shape(got) != want {
		t.Errorf("%s prints\n%s\ndocs/embedding.md shows\n%s\nrun: go test ./e2e -count=1 -run TestRealNodes/examples -args -update", command, shape(got), want)
	}
}
