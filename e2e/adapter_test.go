package e2e

import (
	"bytes"
	"context"
	"encoding/hex"
	"flag"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"
	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/e2e/miner"
	"github.com/spvd/spvd/e2e/node"
	"github.com/spvd/spvd/e2e/proxy"
	"github.com/spvd/spvd/e2e/seedwallet"
)

var walletKills = flag.Int("walletkills", 4, "how often the test of the adapter kills its wallet")

// keysOf is how many addresses of a branch the miners can vote for.
const keysOf = 40

// pair is a wallet on the adapter beside one of the same seed on its own package spv.
type pair struct {
	*testing.T
	stage          *stage
	a, b           *node.Node
	minerA, minerB *miner.Miner
	gate           *proxy.Proxy // between the adapter and node a
	dir            string
	ours, theirs   *seedwallet.Wallet
}

// testAdapter: on a real network, a key-holding wallet on spvd's engine holds what it holds
// on its own package spv: balances, history, outputs and addresses, after payments, change,
// tickets, reorganisations, cut connections and kills.
func (s *stage) testAdapter(t *testing.T) {
	p := &pair{T: t, stage: s, dir: t.TempDir(), a: s.newNode(t), b: s.newNode(t)}
	p.begin()
	p.payments()
	p.tickets()
	p.reorganisation()
	p.cut()
	p.kills()
	p.restored()
	p.mixing() // the last: nodes hold back what spends the outputs of a mix
}

// seed returns the seed of both wallets.
func (p *pair) seed() []byte { return bytes.Repeat([]byte{42}, 32) }

// begin runs the nodes, both wallets and the miners, which vote for the wallet's tickets.
func (p *pair) begin() {
	p.Helper()
	if err := p.a.Link(p.Context(), p.b); err != nil {
		p.Fatal(err)
	}
	p.gate = p.newProxy()
	p.ours = p.start(seedwallet.Adapter, filepath.Join(p.dir, "ours"), p.gate.Addr())
	p.theirs = p.start(seedwallet.Reference, filepath.Join(p.dir, "theirs"), p.a.Addr())
	p.compare("first sync") // a wallet without payments derives other addresses from then on
	var voters [][]byte
	for branch := range uint32(2) {
		for index := range uint32(keysOf) {
			var key string
			p.ask(seedwallet.Request{Do: "key", Branch: branch, Index: index}, &key)
			raw, err := hex.DecodeString(key)
			if err != nil {
				p.Fatal(err)
			}
			voters = append(voters, raw)
		}
	}
	p.minerA, p.minerB = p.stage.newMiner(p.T, p.a, voters...), p.stage.newMiner(p.T, p.b, voters...)
}

// newProxy runs a proxy before node a until the test ends.
func (p *pair) newProxy() *proxy.Proxy {
	p.Helper()
	gate, err := proxy.New(proxy.Config{Target: p.a.Addr(), Network: wire.SimNet})
	if err != nil {
		p.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var g errgroup.Group
	g.Go(func() error { return gate.Run(ctx) })
	p.Cleanup(func() {
		stop()
		if err := g.Wait(); err != nil {
			p.Error(err)
		}
	})
	return gate
}

// start runs a wallet until the test ends.
func (p *pair) start(backend, dir, peer string) *seedwallet.Wallet {
	p.Helper()
	w, err := seedwallet.Start(seedwallet.Config{
		Program: p.stage.seeds, Backend: backend, Dir: dir, Seed: p.seed(), Connect: []string{peer},
	})
	if err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		if err := w.Stop(ctx); err != nil && backend == seedwallet.Adapter {
			p.Error(err)
		}
		if p.Failed() {
			p.Logf("the log of the %s:\n%s", backend, w.Output())
		}
	})
	return w
}

// ask asks the wallet on the adapter.
func (p *pair) ask(q seedwallet.Request, result any) {
	p.Helper()
	if err := p.ours.Ask(deadline(p.T), q, result); err != nil {
		p.Fatal(err)
	}
}

// pay has a miner pay to an external address of the wallet, and returns the hash of the payment.
func (p *pair) pay(m *miner.Miner, index uint32, amount int64) string {
	p.Helper()
	var text string
	p.ask(seedwallet.Request{Do: "address", Index: index}, &text)
	addr, err := stdaddr.DecodeAddress(text, chaincfg.SimNetParams())
	if err != nil {
		p.Fatal(err)
	}
	_, script := addr.PaymentScript()
	hash, err := m.Pay(p.Context(), script, amount)
	if err != nil {
		p.Fatal(err)
	}
	return hash.String()
}

// await waits until a wallet is at the tip of node a, and returns what it holds.
func (p *pair) await(w *seedwallet.Wallet) seedwallet.Summary {
	p.Helper()
	tip, err := p.a.Best(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	s, err := w.Await(deadline(p.T), tip.Hash.String())
	if err != nil {
		p.Fatal(err)
	}
	return s
}

// compare compares both wallets at the tip. Only one of them hands out addresses, so those
// that come next are left out.
func (p *pair) compare(when string) seedwallet.Summary {
	p.Helper()
	ours, theirs := p.await(p.ours), p.await(p.theirs)
	for _, s := range []*seedwallet.Summary{&ours, &theirs} {
		for i := range s.Accounts {
			s.Accounts[i].NextExternal, s.Accounts[i].NextInternal = 0, 0
		}
	}
	p.differ(when, ours, theirs)
	return ours
}

// relayed waits until both wallets list transactions that wait for a block.
func (p *pair) relayed(hashes ...string) {
	p.Helper()
	p.until("both wallets have what is unmined", func(context.Context) (bool, error) {
		for _, w := range []*seedwallet.Wallet{p.ours, p.theirs} {
			history := p.await(w).History
			for _, hash := range hashes {
				if !slices.ContainsFunc(history, func(line string) bool { return strings.HasPrefix(line, "unmined "+hash) }) {
					return false, nil
				}
			}
		}
		return true, nil
	})
}

// differ fails the test if two wallets hold different things.
func (p *pair) differ(when string, ours, theirs seedwallet.Summary) {
	p.Helper()
	for _, d := range ours.Differences(theirs) {
		p.Errorf("%s: wallets differ in %s", when, d)
	}
}

// payments: the wallet is paid, up to the last address of the gap, and pays with change.
func (p *pair) payments() {
	p.Helper()
	for _, index := range []uint32{0, 1, 2, 19} {
		p.pay(p.minerA, index, 5*coinOf)
	}
	extend(p.T, p.minerA, 1)
	if s := p.compare("paid"); s.Accounts[0].Balances["Total"] != 20*coinOf {
		p.Fatalf("after payments of 20 DCR the wallet holds %+v", s.Accounts)
	}
	p.send(3 * coinOf)
	extend(p.T, p.minerA, 2)
	p.compare("payments with change")
}

// mixing: the node takes a message of mixing of each wallet, and passes it on to the other one.
func (p *pair) mixing() {
	p.Helper()
	for i, from := range []*seedwallet.Wallet{p.ours, p.theirs} {
		var hash string
		if err := from.Ask(deadline(p.T), seedwallet.Request{Do: "pairrequest", Index: uint32(i)}, &hash); err != nil {
			p.Fatal(err)
		}
		p.until("the node has the message of mixing", func(ctx context.Context) (bool, error) {
			var requests []string
			err := p.a.Call(ctx, "getmixpairrequests", &requests)
			return slices.ContainsFunc(requests, func(text string) bool {
				raw, err := hex.DecodeString(text)
				return err == nil && chainhash.HashH(raw).String() == hash
			}), err
		})
		for _, to := range []*seedwallet.Wallet{p.ours, p.theirs} {
			p.until("the other wallet has the message of mixing", func(ctx context.Context) (has bool, err error) {
				return has, to.Ask(ctx, seedwallet.Request{Do: "mixmessage", Hash: hash}, &has)
			})
		}
	}
}

// until waits until something holds.
func (p *pair) until(what string, holds func(context.Context) (bool, error)) {
	p.Helper()
	ctx := deadline(p.T)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ok, err := holds(ctx)
		switch {
		case err != nil:
			p.Fatalf("%s: %v", what, err)
		case ok:
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			p.Fatalf("not in time: %s\n%s\n%s", what, p.ours.Output(), p.a.Output())
		}
	}
}

// send has the wallet pay to a miner, and waits until its node has the transaction. It returns
// the hash.
func (p *pair) send(amount int64) string {
	p.Helper()
	to, err := miner.Address()
	if err != nil {
		p.Fatal(err)
	}
	var hash string
	p.ask(seedwallet.Request{Do: "send", To: to, Amount: amount}, &hash)
	p.arrives(hash)
	return hash
}

// arrives waits until a transaction waits in node a for a block; any one if hash is empty.
func (p *pair) arrives(hash string) {
	p.Helper()
	ctx := deadline(p.T)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		txs, err := p.a.Mempool(ctx)
		if err != nil {
			p.Fatalf("wait for transaction %s: %v\n%s", hash, err, p.a.Output())
		}
		for _, tx := range txs {
			if hash == "" || tx.TxHash().String() == hash {
				return
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			p.Fatalf("transaction %s has not reached the node\n%s\n%s", hash, p.ours.Output(), p.a.Output())
		}
	}
}

// tickets: the wallet buys tickets, which mature and may vote.
func (p *pair) tickets() {
	p.Helper()
	for index := uint32(3); index < 6; index++ {
		p.pay(p.minerA, index, 30*coinOf)
	}
	extend(p.T, p.minerA, 1)
	p.compare("before tickets")
	for range 2 {
		var hash string
		p.ask(seedwallet.Request{Do: "ticket"}, &hash)
		p.arrives("") // what the ticket spends: a node holds the ticket back until that is mined
		extend(p.T, p.minerA, 1)
		p.arrives(hash)
		extend(p.T, p.minerA, 1)
		p.compare("a ticket")
	}
	extend(p.T, p.minerA, 40)
	s := p.compare("tickets that may have voted")
	if len(s.History) < 12 {
		p.Errorf("the history has %d transactions:\n%q", len(s.History), s.History)
	}
}

// reorganisation: the wallet is paid on both branches, and pays on the one that loses. The miners
// share their coins, so the payments on the branches spend the same: a wallet to which that of
// the losing branch is relayed only after the blocks of the other one keeps it for ever, see
// TestLateDoubleSpend of the adapter. So both wallets have to have it before the branch is left.
func (p *pair) reorganisation() {
	p.Helper()
	for round := range 2 {
		agree(p.T, p.b, p.a)
		if err := p.a.Unlink(p.Context(), p.b); err != nil {
			p.Fatal(err)
		}
		p.relayed(p.pay(p.minerA, 20, coinOf), p.send(2*coinOf))
		extend(p.T, p.minerA, 2+round)
		p.compare("on the branch that will lose")
		p.pay(p.minerB, 21, 2*coinOf)
		extend(p.T, p.minerB, 4+round)
		if err := p.a.Link(p.Context(), p.b); err != nil {
			p.Fatal(err)
		}
		agree(p.T, p.a, p.b)
		p.compare("on the branch that wins")
		extend(p.T, p.minerA, 2)
		p.compare("after a reorganisation")
	}
}

// cut: the connections are cut and cannot be made again for some blocks.
func (p *pair) cut() {
	p.Helper()
	for range 2 {
		p.gate.Release(func(*proxy.Frame) proxy.Verdict { return proxy.Cut })
		p.gate.Cut()
		p.pay(p.minerA, 22, coinOf)
		extend(p.T, p.minerA, 2)
		p.await(p.theirs)
		p.gate.Release(nil)
		p.compare("cut off and restored")
	}
}

// kills: the wallet is killed at random moments while it syncs, and loses nothing.
func (p *pair) kills() {
	p.Helper()
	rng := rand.New(rand.NewPCG(1, uint64(*walletKills)))
	dir := filepath.Join(p.dir, "ours")
	for round := range *walletKills {
		p.pay(p.minerA, uint32(23+round%10), coinOf/2)
		if err := p.ours.Kill(); err != nil {
			p.Fatal(err)
		}
		extend(p.T, p.minerA, 1)
		p.ours = p.start(seedwallet.Adapter, dir, p.gate.Addr())
		if round%2 == 0 {
			moment := time.NewTimer(time.Duration(1+rng.IntN(600)) * time.Millisecond)
			<-moment.C
			if err := p.ours.Kill(); err != nil {
				p.Fatal(err)
			}
			p.ours = p.start(seedwallet.Adapter, dir, p.gate.Addr())
		}
		if round%10 == 9 || round == *walletKills-1 {
			p.compare("killed and started")
		}
	}
}

// restored: wallets from the seed find everything in the chain, and agree on what comes next.
func (p *pair) restored() {
	p.Helper()
	extend(p.T, p.minerA, 1)
	ours := p.await(p.start(seedwallet.Adapter, filepath.Join(p.dir, "ours2"), p.a.Addr()))
	theirs := p.await(p.start(seedwallet.Reference, filepath.Join(p.dir, "theirs2"), p.a.Addr()))
	p.differ("restored from the seed", ours, theirs)
	live := p.compare("at the end")
	if got, want := ours.Accounts[0].Balances["Spendable"], live.Accounts[0].Balances["Spendable"]; got != want {
		p.Errorf("restored, the wallet can spend %d atoms, and %d as it grew", got, want)
	}
}
