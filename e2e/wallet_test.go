package e2e

import (
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/e2e/daemon"
	"github.com/spvd/spvd/e2e/keys"
	"github.com/spvd/spvd/e2e/miner"
	"github.com/spvd/spvd/e2e/node"
	"github.com/spvd/spvd/e2e/replay"
)

// The accounts of the story.
const (
	savings  = "savings"  // watched from the start
	spending = "spending" // imported once it has a past
	late     = "late"     // imported in the end, with payments beyond the gap
)

// mirror is a second wallet, which watches spending as well.
const mirror = "mirror"

const coinOf = 100_000_000 // atoms

// story is what happens to a wallet, on a real chain.
type story struct {
	*testing.T
	*holder
	stage  *stage
	a, b   *node.Node // b's blocks pay an address of savings
	ma, mb *miner.Miner
	dir    string
	daemon *daemon.Daemon

	second replay.Watch // what the second wallet watches, once there is one
}

// testWallet: whatever happens to watched accounts, and to the daemon meanwhile,
// what it says of them is what a replay of the chain gives.
func (s *stage) testWallet(t *testing.T) {
	st := &story{T: t, holder: newHolder(), stage: s, dir: t.TempDir()}
	st.begin()
	st.payments()
	st.stakes()
	st.imports()
	st.secondWallet()
	st.restarts()
	st.reorganisation()
	st.disapproval()
	st.lateAccount()
	st.abandonment()
}

// begin starts the nodes and pays savings before anybody watches it.
func (s *story) begin() {
	for _, name := range []string{savings, spending, late} {
		s.open(s.T, name)
	}
	s.watch.Accounts = append(s.watch.Accounts, s.known[savings])
	voter := s.key(s.T, savings, keys.External, 2)
	s.a = s.stage.newNode(s.T)
	s.b = s.stage.startNodeFor(s.T, s.stage.copyChain(s.T), s.key(s.T, savings, keys.External, 3).Address())
	s.ma = s.stage.newMiner(s.T, s.a, voter.Priv)
	s.mb = s.stage.newMiner(s.T, s.b, voter.Priv)
	s.link()
	s.receive(savings, keys.External, 0, coinOf)
	s.receive(savings, keys.External, 19, 2*coinOf)
	s.mine(1)
	s.receive(savings, keys.External, 37, 3*coinOf) // behind the first window
	s.receive(savings, keys.Internal, 18, 4*coinOf)
	s.receive(spending, keys.External, 1, 5*coinOf)
	s.mine(2)
	s.start()
	s.agree("what was there before")
}

// link connects the nodes and waits until they agree.
func (s *story) link() {
	s.Helper()
	if err := s.a.Link(s.Context(), s.b); err != nil {
		s.Fatal(err)
	}
}

// start starts the daemon.
func (s *story) start() {
	s.Helper()
	s.daemon = s.stage.startDaemonWith(s.T, s.dir, []string{"--account=" + savings + "=" + s.accounts[savings].Xpub()}, s.a.Addr())
}

// mine has node a mine blocks.
func (s *story) mine(n int) {
	s.Helper()
	extend(s.T, s.ma, n)
}

// mineRewards has node b mine blocks, whose rewards are for savings.
func (s *story) mineRewards(n int) {
	s.Helper()
	agree(s.T, s.b, s.a)
	extend(s.T, s.mb, n)
	agree(s.T, s.a, s.b)
}

// receive has a stranger pay an address. The next block of a holds the payment.
func (s *story) receive(account string, branch, index int, amount int64) {
	s.Helper()
	if _, err := s.ma.Pay(s.Context(), s.script(s.T, account, branch, index), amount); err != nil {
		s.Fatal(err)
	}
}

// spend pays a script from a coin of an account, with change to the account.
func (s *story) spend(account string, to []byte, amount int64, change int) *wire.MsgTx {
	s.Helper()
	from := s.coin(s.T, s.a, account, amount+holderFee)
	return s.pay(s.T, from, to, amount, s.script(s.T, account, keys.Internal, change))
}

// agree waits until the daemon is synced and compares all it says.
func (s *story) agree(when string) {
	s.Helper()
	s.await()
	sameBooks(s.T, when, s.daemon, s.a, s.book(s.T, s.a))
	if len(s.second.Accounts) > 0 {
		sameBooks(s.T, when+", second wallet", s.daemon.Wallet(mirror), s.a, replay.Read(s.chain(s.T, s.a), &s.second))
	}
}

// agreeOnMined does the same while transactions wait for a block, in the node or, if they are
// given, only in the daemon.
func (s *story) agreeOnMined(when string, pending ...*wire.MsgTx) {
	s.Helper()
	s.await()
	confirmedBooks(s.T, when, s.daemon, s.a, s.book(s.T, s.a), pending...)
}

// await waits until the daemon and its wallet are at the tip. The status alone does
// not do: it follows an import that has just returned by a moment.
func (s *story) await() {
	s.Helper()
	awaitTip(s.T, s.daemon, s.a)
	tip, err := s.a.Best(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	wallets := []teller{s.daemon}
	if len(s.second.Accounts) > 0 {
		wallets = append(wallets, s.daemon.Wallet(mirror))
	}
	_, err = s.daemon.Await(deadline(s.T), func(st *daemon.Status) bool {
		for _, w := range wallets {
			var info struct{ Height, Scanned int64 }
			if err := w.Call(s.Context(), "walletinfo", &info); err != nil {
				s.Fatal(err)
			}
			if info.Height != tip.Height || info.Scanned != tip.Height {
				return false
			}
		}
		return st.Synced
	})
	if err != nil {
		s.Fatal(err)
	}
}

// payments: money comes, is spent to others, to oneself, and in one block twice.
func (s *story) payments() {
	send(s.T, s.a, s.spend(savings, scriptOf(s.T, "a shop"), coinOf/2, 0))
	s.receive(savings, keys.External, 0, coinOf/10) // the same address again
	s.mine(1)
	s.agree("spent with change")

	send(s.T, s.a, s.spend(savings, s.script(s.T, savings, keys.External, 5), coinOf, 1))
	send(s.T, s.a, s.spend(spending, s.script(s.T, savings, keys.External, 6), coinOf, 0))
	s.mine(1)
	s.agree("paid to oneself")

	first := s.spend(savings, s.script(s.T, savings, keys.External, 7), coinOf, 2)
	made := replay.Coin{Op: wire.OutPoint{Hash: first.TxHash()}, Script: first.TxOut[0].PkScript, Amount: first.TxOut[0].Value}
	send(s.T, s.a, first)
	send(s.T, s.a, s.pay(s.T, made, scriptOf(s.T, "a shop"), coinOf/4, s.script(s.T, savings, keys.Internal, 3)))
	s.mine(1)
	s.agree("received and spent in one block")

	s.mineRewards(2)
	s.agree("rewards of blocks")
	s.mine(14)
	s.agree("a reward that the next block may not spend")
	s.mine(1)
	s.agree("a reward that it may")
	send(s.T, s.a, s.spend(savings, scriptOf(s.T, "a shop"), 41*coinOf/10, 4))
	s.mine(1)
	s.agree("a reward spent")
}

// stakes: tickets are bought, in all the ways that concern a wallet, and vote or
// miss their vote.
func (s *story) stakes() {
	for range 2 {
		s.mineRewards(1)
	}
	bought := make(map[chainhash.Hash]bool)
	for i := range 4 {
		for _, tx := range s.tickets(i) {
			send(s.T, s.a, tx)
			bought[tx.TxHash()] = true
		}
		send(s.T, s.a, s.treasuryAdd(s.T, s.coin(s.T, s.a, savings, coinOf/8), coinOf/100, s.key(s.T, savings, keys.Internal, 5+i)))
		s.mine(1)
		if i == 0 {
			s.agree("tickets bought")
		}
	}
	s.mine(16)
	s.agree("tickets live")
	s.untilVoted(bought, 3)
	s.agree("tickets have voted")
	s.hasHappened(map[string]int{"ticket": 8, "vote": 3, "revocation": 1, "treasuryadd": 4, "coinbase": 4})
}

// untilVoted mines until so many tickets have voted. The first that the lottery
// picks does not.
func (s *story) untilVoted(tickets map[chainhash.Hash]bool, votes int) {
	s.Helper()
	const patience = 200 // blocks; about twenty are enough
	missed := false
	withhold := func(ticket chainhash.Hash) bool {
		if missed || !tickets[ticket] {
			return false
		}
		missed = true
		return true
	}
	done := 0
	for i := range patience {
		block, err := s.ma.MineWith(s.Context(), miner.Ballot{Withhold: withhold})
		if err != nil {
			s.Fatal(err)
		}
		for _, tx := range block.STransactions {
			if tickets[tx.TxIn[len(tx.TxIn)-1].PreviousOutPoint.Hash] {
				done++
			}
		}
		if i%8 == 0 {
			s.agree(fmt.Sprintf("tickets vote, block %d", i))
		}
		if done > votes { // and one was revoked
			return
		}
	}
	s.Fatalf("in %d blocks only %d tickets have voted", patience, done)
}

// tickets buys tickets whose money, whose vote, or both are of savings, alone and
// together with somebody else.
func (s *story) tickets(i int) []*wire.MsgTx {
	s.Helper()
	own, stranger := s.key(s.T, savings, keys.External, 2), s.key(s.T, spending, keys.External, 9)
	change := s.key(s.T, savings, keys.Internal, 9+i)
	price, err := s.ma.TicketPrice(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	coins := s.spendable(s.T, s.a, savings)
	coins = slices.DeleteFunc(coins, func(c replay.Coin) bool { return c.Amount < price+2*holderFee+holderDust })
	theirs := s.coin(s.T, s.a, spending, coinOf)
	if len(coins) < 2 {
		s.Fatalf("savings has %d coins for tickets of %d atoms, the story needs 2", len(coins), price)
	}
	mine := func(c replay.Coin) part { return part{from: c, reward: own, change: change} }
	shared := part{from: theirs, reward: stranger, change: s.key(s.T, spending, keys.Internal, 20+i)}
	alone := s.ticket(s.T, s.ma, own, mine(coins[len(coins)-1]))
	together := s.ticket(s.T, s.ma, own, shared, mine(coins[len(coins)-2]))
	return []*wire.MsgTx{alone, together}
}

// hasHappened wants the book to hold so many transactions of each kind at least:
// otherwise agreeing about it proves little.
func (s *story) hasHappened(least map[string]int) {
	s.Helper()
	count := make(map[string]int)
	for _, tx := range s.book(s.T, s.a).Transactions() {
		count[tx.Type]++
	}
	s.Logf("the wallet has %v", count)
	for kind, n := range least {
		if count[kind] < n {
			s.Errorf("%d transactions are of the kind %s, want %d at least", count[kind], kind, n)
		}
	}
}

// imports: an account with a past, a key and a script are imported.
func (s *story) imports() {
	s.importAccount(spending)
	s.agree("an account imported")
	s.newAddress(savings, 38)
	s.mine(1)
	s.agree("an address handed out")

	pair, err := keys.NewPair(s.newKey("one"), s.newKey("other"))
	if err != nil {
		s.Fatal(err)
	}
	s.ring.Add(pair)
	key := s.newKey("single")
	s.ring.Add(key)
	for _, script := range [][]byte{pair.Script(), key.Script()} {
		if _, err := s.ma.Pay(s.Context(), script, coinOf); err != nil {
			s.Fatal(err)
		}
	}
	s.mine(1)
	s.await()
	tip, err := s.a.Best(s.Context())
	if err != nil {
		s.Fatal(err)
	}
	s.call("importscript", hex.EncodeToString(pair.Redeem()))
	s.call("importpubkey", hex.EncodeToString(key.Pub), replay.Imported, false)
	s.single(pair.Address(), pair.Script(), 0)
	s.single(key.Address(), key.Script(), tip.Height+1)
	s.agree("a script and a key imported")

	from := s.coin(s.T, s.a, replay.Imported, coinOf/2)
	send(s.T, s.a, s.pay(s.T, from, key.Script(), coinOf/3, pair.Script()))
	s.mine(1)
	s.agree("a script spent to a key")
}

// secondWallet: another wallet watches an account that the first one has too.
func (s *story) secondWallet() {
	s.call("createwallet", mirror)
	if err := s.daemon.Wallet(mirror).Call(s.Context(), "importxpub", nil, spending, s.accounts[spending].Xpub()); err != nil {
		s.Fatal(err)
	}
	s.second.Accounts = []*replay.Account{s.known[spending]}
	s.agree("a second wallet")
}

// newKey returns a key that follows from a name.
func (s *story) newKey(name string) *keys.Key {
	s.Helper()
	key, err := keys.NewKey(name)
	if err != nil {
		s.Fatal(err)
	}
	return key
}

// single adds an address to what is watched from a height on.
func (s *story) single(address string, script []byte, born int64) {
	single := replay.Single{Address: replay.Address{Address: address, Script: script}, Born: born}
	s.watch.Singles = append(s.watch.Singles, single)
	s.owned.Singles = append(s.owned.Singles, single)
}

// importAccount has the daemon watch an account. It finds by itself what the
// account was paid before.
func (s *story) importAccount(name string) {
	s.Helper()
	s.watch.Accounts = append(s.watch.Accounts, s.known[name])
	s.call("importxpub", name, s.accounts[name].Xpub())
}

// call calls a method of the daemon that answers nothing.
func (s *story) call(method string, params ...any) {
	s.Helper()
	if err := s.daemon.Call(s.Context(), method, nil, params...); err != nil {
		s.Fatal(err)
	}
}

// newAddress has the daemon hand out an address, which is the one with an index.
func (s *story) newAddress(account string, index int) {
	s.Helper()
	var address string
	if err := s.daemon.Call(s.Context(), "getnewaddress", &address, account); err != nil {
		s.Fatal(err)
	}
	if want := s.key(s.T, account, keys.External, index).Address(); address != want {
		s.Errorf("a new address is %s, want %s", address, want)
	}
	s.known[account].Issued[keys.External] = index + 1
	s.receive(account, keys.External, index, coinOf)
}
