package webhook

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// turns is how many turns TestAKilledReceiverMissesNothing takes, and seed where its randomness
// begins.
var (
	turns = flag.Int("webhookturns", 8, "the number of turns that a receiver which is killed goes through")
	seed  = flag.Uint64("webhookseed", 11, "the seed of these turns")
)

// patience is how long a condition may take that is to hold soon.
const patience = 60 * time.Second

// mirror is what somebody knows who has read the lines on a receiver's disk, and nothing else. It
// believes them.
type mirror struct {
	t      *testing.T
	stream string
	seen   map[uint64]string
	last   uint64

	txs    map[string]map[string]string // by wallet: the blocks of transactions, "" while unmined
	depths map[string]map[string]int64  // by wallet: confirmations
	chain  map[int64]string             // hashes of the blocks that were connected
	tip    int64
	synced bool
	gaps   int
	twice  int // lines that repeat one
}

func newMirror(t *testing.T) *mirror {
	return &mirror{t: t, seen: make(map[uint64]string), txs: make(map[string]map[string]string), depths: make(map[string]map[string]int64), chain: make(map[int64]string)}
}

// line takes over a line.
func (m *mirror) line(text string) {
	m.t.Helper()
	var e api.WebhookEvent
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		m.t.Fatalf("line %.200q: %v", text, err)
	}
	if m.stream == "" {
		m.stream = e.Stream
	}
	if before, ok := m.seen[e.Seq]; ok {
		m.twice++
		if before != text {
			m.t.Fatalf("event %d was\n%s\nand is\n%s", e.Seq, before, text)
		}
		return
	}
	if e.Stream != m.stream || e.Seq != m.last+1 {
		m.t.Fatalf("event %d of stream %s after event %d of %s", e.Seq, e.Stream, m.last, m.stream)
	}
	m.seen[e.Seq], m.last = text, e.Seq
	switch e.Event {
	case api.TopicSyncStatus:
		var st api.SyncStatus
		m.decode(e.Data, &st)
		m.synced = st.Synced
	case api.TopicBlocks:
		var ev api.BlocksEvent
		m.decode(e.Data, &ev)
		m.blocks(&ev)
	default:
		var ev api.WalletEvent
		m.decode(e.Data, &ev)
		if ev.Gap {
			m.gaps++
		}
		m.wallet(e.Wallet, &ev)
	}
}

func (m *mirror) decode(data []byte, v any) {
	m.t.Helper()
	if err := json.Unmarshal(data, v); err != nil {
		m.t.Fatal(err)
	}
}

func (m *mirror) blocks(ev *api.BlocksEvent) {
	for _, b := range ev.Disconnected {
		if m.chain[b.Height] != b.Hash && m.chain[b.Height] != "" {
			m.t.Errorf("block %d is disconnected, which is %s and not %s", b.Height, m.chain[b.Height], b.Hash)
		}
		delete(m.chain, b.Height)
	}
	for _, b := range ev.Connected {
		m.chain[b.Height] = b.Hash
	}
	m.tip = ev.Tip.Height
	if ev.Gap {
		m.gaps++
	}
}

func (m *mirror) wallet(name string, ev *api.WalletEvent) {
	txs, depths := m.txs[name], m.depths[name]
	if txs == nil {
		txs, depths = make(map[string]string), make(map[string]int64)
		m.txs[name], m.depths[name] = txs, depths
	}
	for _, b := range ev.Disconnected {
		maps.DeleteFunc(txs, func(_, block string) bool { return block == b.Hash })
	}
	for _, hash := range ev.Removed {
		delete(txs, hash)
	}
	for i := range ev.Transactions {
		txs[ev.Transactions[i].TxID] = ev.Transactions[i].BlockHash
	}
	for _, c := range ev.Confirmations {
		depths[c.TxID] = c.Confirmations
	}
}

// world is a daemon, its hook, and the receiver of that.
type world struct {
	*testing.T
	*rpctest.Daemon
	owners        map[string]*rpctest.Owner // by wallet
	address, file string
	r             *receiver // nil for another one
	m             *mirror
	paid          int
	mined         map[string]string // the wallets that were paid by transactions in blocks
	stop          func()
}

// startHook runs a hook, as a process does.
func (w *world) startHook() {
	w.Helper()
	target, err := ParseTarget(w.address)
	if err != nil {
		w.Fatal(err)
	}
	h := New(Config{
		Target: target, Secret: []byte(testSecret), File: w.file, Network: "simnet", Genesis: w.Node.Chain().ID(0).Hash, Depth: 6,
		UserAgent: "spvd/test", Hub: w.Core.Hub, Wallets: w.Core.Wallets, Warn: func(...spv.Warning) {},
		Log: slog.New(slog.DiscardHandler), Now: time.Now, pause: time.Millisecond,
	})
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.Context()))
	var running sync.WaitGroup
	running.Go(func() {
		if err := h.Run(ctx); err != nil {
			w.Error(err)
		}
	})
	w.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
	})
	w.Cleanup(w.stop)
}

// newWorld runs a daemon whose receiver has been told of its state.
func newWorld(t *testing.T) *world {
	t.Helper()
	r := startReceiver(t)
	w := newWorldAt(t, r.address)
	w.r = r
	for !w.m.synced { // the first event of the last topic: all others have begun
		w.read()
	}
	return w
}

// newWorldAt runs a daemon with a receiver at an address.
func newWorldAt(t *testing.T, address string) *world {
	t.Helper()
	w := &world{
		T: t, owners: map[string]*rpctest.Owner{wallet.DefaultName: rpctest.NewOwner(t, 1)}, file: filepath.Join(t.TempDir(), "webhook.db"),
		address: address, m: newMirror(t), mined: make(map[string]string),
	}
	w.Daemon = rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: 20, Xpub: w.owners[wallet.DefaultName].Xpub()})
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	var hub sync.WaitGroup
	hub.Go(func() { w.Core.Hub.Run(ctx) })
	t.Cleanup(func() {
		stop()
		hub.Wait()
	})
	w.startHook()
	return w
}

// read reads a line of the receiver.
func (w *world) read() {
	w.Helper()
	select {
	case line := <-w.r.lines:
		w.m.line(line)
	case <-time.After(patience):
		w.Fatal("no event comes")
	}
}

// relay has the node announce an unmined payment, and waits until the wallet has it.
func (w *world) relay() {
	w.Helper()
	w.paid++
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: [32]byte{byte(w.paid), byte(w.paid >> 8), 7}}, 1e8, make([]byte, 107)))
	tx.AddTxOut(wire.NewTxOut(int64(1e6+w.paid), w.owners[wallet.DefaultName].Script(0, uint32(w.paid%15))))
	changed := w.Core.Wallets.Watch(w.Context())
	w.Node.AddTx(tx)
	for {
		if _, err := w.open(wallet.DefaultName).Transaction(w.Context(), tx.TxHash()); err == nil {
			return
		}
		select {
		case <-changed:
		case <-time.After(patience):
			w.Fatal("the wallet does not get a transaction that the node announces")
		}
	}
}

func (w *world) open(name string) *wallet.Wallet {
	w.Helper()
	opened, err := w.Core.Wallets.Wallet(name)
	if err != nil {
		w.Fatal(err)
	}
	return opened
}

// reorganise replaces some of the newest blocks by more others, with payments.
func (w *world) reorganise(random *rand.Rand) {
	w.Helper()
	back := random.IntN(8)
	put := back + 1 + random.IntN(3)
	plan := testnet.Plan{}
	fork := w.Node.Chain().Height() - consensus.Height(back)
	for h := fork + 1; h <= fork+consensus.Height(put); h++ {
		for name, owner := range w.owners {
			if random.IntN(2) == 0 {
				w.paid++
				w.mined[plan.Pay(h, owner.Script(0, uint32(w.paid%15)), int64(1e6+w.paid)).Hash.String()] = name
			}
		}
	}
	w.Grow(w, back, put, plan)
}

// abandon forgets the unmined transactions.
func (w *world) abandon() {
	w.Helper()
	opened := w.open(wallet.DefaultName)
	for hash, block := range w.unmined(wallet.DefaultName) {
		if block == "" {
			tx, err := opened.Transaction(w.Context(), mustHash(w.T, hash))
			if err == nil && !tx.Mined() {
				if err := opened.Abandon(w.Context(), tx.Hash); err != nil {
					w.Fatal(err)
				}
			}
		}
	}
}

// unmined returns the unmined transactions of a wallet.
func (w *world) unmined(name string) map[string]string {
	w.Helper()
	list := make(map[string]string)
	err := w.open(name).EachTransaction(w.Context(), wallet.HistoryFilter{}, func(tx *wallet.Transaction) bool {
		if !tx.Mined() {
			list[tx.Hash.String()] = ""
		}
		return true
	})
	if err != nil {
		w.Fatal(err)
	}
	return list
}

// truth returns the blocks of the payments of a wallet, as the chain of the node has them.
func (w *world) truth(name string) map[string]string {
	want := make(map[string]string)
	for h := range w.Node.Chain().Height() + 1 {
		for _, tx := range w.Node.Chain().Block(h).Transactions {
			if hash := tx.TxHash().String(); w.mined[hash] == name {
				want[hash] = w.Node.Chain().ID(h).Hash.String()
			}
		}
	}
	maps.Copy(want, w.unmined(name))
	return want
}

// differs says what the mirror does not know yet, nothing if it knows all.
func (w *world) differs() string {
	c := w.Node.Chain()
	for h := int64(21); h <= int64(c.Height()); h++ { // the blocks that came after the start
		if got := w.m.chain[h]; got != c.ID(consensus.Height(h)).Hash.String() {
			return fmt.Sprintf("block %d is %q", h, got)
		}
	}
	if w.m.tip != int64(c.Height()) || !w.m.synced {
		return fmt.Sprintf("tip %d of %d, synced %v", w.m.tip, c.Height(), w.m.synced)
	}
	for name := range w.owners {
		want := w.truth(name)
		if !maps.Equal(w.m.txs[name], want) {
			return fmt.Sprintf("wallet %s has %d transactions, want %d: %v, want %v", name, len(w.m.txs[name]), len(want), w.m.txs[name], want)
		}
		for hash, block := range want {
			if block == "" {
				continue
			}
			id := mustHash(w.T, block)
			height, _ := c.Find(&id)
			confirmations := int64(c.Height()-height) + 1
			if got := w.m.depths[name][hash]; got != confirmations && (got < 6 || confirmations < 6) {
				return fmt.Sprintf("transaction %s has %d confirmations, not %d", hash, confirmations, got)
			}
		}
	}
	return ""
}

// await reads lines until the mirror knows all. Each line may be the last one of the receiver's
// process.
func (w *world) await(random *rand.Rand, kills int) {
	w.Helper()
	late := time.After(patience)
	for {
		why := w.differs()
		if why == "" {
			return
		}
		select {
		case line := <-w.r.lines:
			w.m.line(line)
			switch n := random.IntN(kills); {
			case n == 0:
				w.r.kill()
				w.r.start()
			case n == 1:
				w.stop()
				w.startHook()
			}
		case <-late:
			w.Fatalf("the receiver never learns: %s", why)
		}
	}
}

// TestAKilledReceiverMissesNothing kills the receiver, and stops and starts the hook, at random
// moments during reorganisations, unmined payments that come and go, rescans and a further wallet.
// What the receiver has on its disk says the same as the chain of the node.
func TestAKilledReceiverMissesNothing(t *testing.T) {
	random := rand.New(rand.NewPCG(*seed, 1))
	w := newWorld(t)
	for n := range *turns {
		switch random.IntN(4) {
		case 0:
			w.relay()
		case 1:
			w.abandon()
		case 2:
			w.r.kill()
			w.reorganise(random)
			w.r.start()
		}
		if n%10 == 2 && len(w.owners) < 2 { // payments that are there before the wallet
			second := rpctest.NewOwner(t, 2)
			w.owners["savings"] = second
			w.reorganise(random)
			if _, err := w.Core.Wallets.Create("savings", nil); err != nil {
				t.Fatal(err)
			}
			if _, err := w.open("savings").ImportXpub(t.Context(), "default", second.Xpub(), wallet.AccountOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if n%10 == 5 {
			if _, err := w.open(wallet.DefaultName).StartRescan(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
		}
		w.reorganise(random)
		if n%3 != 0 { // sometimes the news of several turns come together
			w.await(random, 6)
		}
	}
	w.await(random, 6)
	if w.m.gaps > 0 {
		t.Errorf("%d gaps", w.m.gaps)
	}
	if w.m.twice == 0 || w.r.seed < 3 {
		t.Errorf("%d events came again, and %d processes received: nothing was tested", w.m.twice, w.r.seed)
	}
	t.Logf("%d events, %d of them again, %d processes", w.m.last, w.m.twice, w.r.seed)
}

func mustHash(t *testing.T, text string) chainhash.Hash {
	t.Helper()
	hash, err := chainhash.NewHashFromStr(text)
	if err != nil {
		t.Fatal(err)
	}
	return *hash
}

// sameClock is a program in Python that runs another one with the clock of the test, which may be
// another one than that of the machine: the receiver compares it with that of the daemon.
const sameClock = `import runpy, sys, time
machine = time.time
ahead = int(sys.argv[1]) - machine()
time.time = lambda: machine() + ahead
sys.argv = sys.argv[2:]
runpy.run_path(sys.argv[0], run_name="__main__")`

// TestTheExampleInPython kills the receiver of docs/examples while payments come and go: its file has
// them as the chain has them.
func TestTheExampleInPython(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed: the example does not run")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	file := filepath.Join(t.TempDir(), "payments.sqlite")
	lines := make(chan string, 1000)
	var process *exec.Cmd
	var readers sync.WaitGroup
	start := func() {
		t.Helper()
		cmd := exec.Command(python, "-c", sameClock, strconv.FormatInt(time.Now().Unix(), 10),
			"../../docs/examples/receiver.py", port, file, testSecret)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		process = cmd
		readers.Go(func() {
			for disk := bufio.NewScanner(out); disk.Scan(); {
				lines <- disk.Text()
			}
			_ = cmd.Wait()
		})
	}
	kill := func() { _ = process.Process.Kill() }
	start()
	t.Cleanup(func() {
		kill()
		readers.Wait()
	})
	w := newWorldAt(t, "http://127.0.0.1:"+port)
	listed := func() map[string]string {
		t.Helper()
		out, err := exec.Command(python, "-c", `import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute("SELECT txid, block FROM payments"): print(*row, sep=":")`, file).Output()
		if err != nil {
			t.Fatal(err)
		}
		got := make(map[string]string)
		for _, line := range strings.Fields(string(out)) {
			hash, block, _ := strings.Cut(line, ":")
			got[hash] = block
		}
		return got
	}
	late := time.After(patience)
	random := rand.New(rand.NewPCG(3, 3))
	for range 2 {
		w.relay()
		w.reorganise(random)
		for kills := 1; ; {
			want := w.truth(wallet.DefaultName)
			if got := listed(); maps.Equal(got, want) {
				break
			}
			select {
			case line := <-lines:
				if strings.HasSuffix(line, api.TopicTransactions) && kills > 0 {
					kills--
					kill()
					start()
				}
			case <-late:
				t.Fatalf("the file has %v, want %v", listed(), want)
			}
		}
	}
}

// noWallets returns a set without wallets.
func noWallets(t *testing.T) *wallet.Set {
	t.Helper()
	return wallet.NewSet(wallet.SetConfig{Dir: t.TempDir(), Params: consensus.SimNet()})
}

// TestNothingIsReportedTwice: a hook that is started again goes on where it was, and has no more to
// say than the status.
func TestNothingIsReportedTwice(t *testing.T) {
	w := newWorld(t)
	random := rand.New(rand.NewPCG(5, 5))
	w.relay()
	w.reorganise(random)
	never := rand.New(rand.NewPCG(5, 6))
	w.await(never, 1<<30)
	for range 3 {
		w.stop()
		w.startHook()
		w.m.synced = false
		from := w.m.last
		for !w.m.synced {
			w.read()
		}
		for seq := from + 1; seq <= w.m.last; seq++ {
			if !strings.Contains(w.m.seen[seq], `"event":"syncstatus"`) {
				t.Errorf("reported again: %s", w.m.seen[seq])
			}
		}
	}
}
