package wallet

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// story is a short life of an account, and the transactions in it by name.
type story struct {
	*world
	x    *Wallet
	txs  map[string]chainhash.Hash
	pays [][]byte // external
	back [][]byte // internal
}

func newStory(t *testing.T) *story {
	w := newWorld(t, 1)
	s := &story{world: w, x: openTest(t, Birthday{}), txs: make(map[string]chainhash.Hash)}
	importTest(t, s.x, "a", 1, AccountOptions{})
	s.pays, s.back = derived(t, 1, hd.External, 10), derived(t, 1, hd.Internal, 10)
	return s
}

// block mines named transactions and lets the wallet follow.
func (s *story) block(named map[string]*wire.MsgTx) {
	s.t.Helper()
	regular, stakes := []*wire.MsgTx{s.coinbase(s.stranger(), 1)}, []*wire.MsgTx(nil)
	for name, tx := range named {
		s.txs[name] = tx.TxHash()
		switch txn.KindOf(tx) {
		case Coinbase:
			regular[0] = tx
		case Regular:
			regular = append(regular, tx)
		default:
			stakes = append(stakes, tx)
		}
	}
	s.mine(stakes, regular, true)
	s.sync(s.x, 10)
}

func (s *story) blocks(n int) {
	s.t.Helper()
	for range n {
		s.block(nil)
	}
}

// of returns a coin of a named transaction.
func (s *story) of(name string, index uint32) coin {
	hash := s.txs[name]
	tx := s.world.txs[hash]
	return coin{op: wire.OutPoint{Hash: hash, Index: index, Tree: txn.TreeOf(txn.KindOf(tx))}, amount: tx.TxOut[index].Value}
}

// lines renders the entries of a named transaction.
func (s *story) lines(name string) string {
	s.t.Helper()
	t, err := s.x.Transaction(s.t.Context(), s.txs[name])
	if err != nil {
		s.t.Fatal(err)
	}
	var lines []string
	for _, e := range t.Entries() {
		lines = append(lines, fmt.Sprintf("%s %d", e.Category, int64(e.Amount)))
	}
	line := strings.Join(lines, ", ")
	if t.FeeKnown {
		line += fmt.Sprintf("; fee %d", int64(t.Fee))
	}
	return fmt.Sprintf("%s; net %d; %s", line, int64(t.Net()), t.Kind)
}

func (s *story) want(name, want string) {
	s.t.Helper()
	if got := s.lines(name); got != want {
		s.t.Errorf("at %d, %s is %q, want %q", s.tip().Height, name, got, want)
	}
}

func (s *story) ticketIs(name string, want TicketStatus) {
	s.t.Helper()
	t, err := s.x.Transaction(s.t.Context(), s.txs[name])
	if err != nil || t.TicketStatus != want {
		s.t.Errorf("at %d, %s is %v (%v), want %v", s.tip().Height, name, t.TicketStatus, err, want)
	}
}

func TestCategories(t *testing.T) {
	s := newStory(t)
	s.block(map[string]*wire.MsgTx{"reward": s.coinbase(s.pays[0], 5000), "income": s.pay(s.pays[1], 9000)})
	s.want("reward", "immature 5000; net 5000; coinbase")
	s.want("income", "receive 9000; net 9000; regular")
	s.block(map[string]*wire.MsgTx{"bill": spend([]wire.OutPoint{s.of("income", 0).op},
		wire.NewTxOut(4000, s.stranger()), wire.NewTxOut(4990, s.back[0]))})
	s.want("bill", "send -4000; fee 10; net -4010; regular")
	s.blocks(13)
	s.want("reward", "immature 5000; net 5000; coinbase")
	s.blocks(1)
	s.want("reward", "generate 5000; net 5000; coinbase")
	// Paying oneself at an external address is both sent and received.
	s.block(map[string]*wire.MsgTx{"self": spend([]wire.OutPoint{s.of("reward", 1).op}, wire.NewTxOut(4999, s.pays[2]))})
	s.want("self", "send -4999, receive 4999; fee 1; net -1; regular")
	s.block(map[string]*wire.MsgTx{"spend": s.treasurySpend(s.pays[3], 700), "add": s.treasuryAdd(s.of("self", 0), s.back[1])})
	s.want("spend", "immature 700; net 700; treasuryspend")
	s.want("add", "treasury -3333; fee 0; net -3333; treasuryadd")
	s.blocks(15)
	s.want("spend", "treasury 700; net 700; treasuryspend")
	checkBalances(t, s.world, s.x)
}

func TestLifeOfTickets(t *testing.T) {
	s := newStory(t)
	s.block(map[string]*wire.MsgTx{"one": s.pay(s.pays[0], 1000), "two": s.pay(s.pays[0], 2000), "three": s.pay(s.pays[0], 3000)})
	buy := func(name string) *wire.MsgTx {
		return s.ticket([]coin{s.of(name, 0)}, s.pays[5], [][]byte{s.back[1]}, [][]byte{s.back[2]})
	}
	s.block(map[string]*wire.MsgTx{"voter": buy("one"), "misser": buy("two")})
	foreign := s.ticket([]coin{s.of("three", 0)}, s.pays[5], [][]byte{s.stranger()}, [][]byte{s.back[2]})
	s.block(map[string]*wire.MsgTx{"gift": foreign, "rights": s.rights(s.pays[5])})
	s.want("voter", "ticket -749; fee 1; net 0; ticket")
	s.want("gift", "ticket -2249; fee 1; net -2250; ticket")
	s.ticketIs("voter", ImmatureTicket)
	s.ticketIs("gift", SpentTicket)
	if _, err := s.x.Transaction(t.Context(), s.txs["rights"]); !errors.Is(err, ErrNoTransaction) {
		t.Errorf("a ticket with nothing but a voting right: %v", err)
	}
	s.blocks(14)
	s.ticketIs("voter", ImmatureTicket)
	s.blocks(1)
	s.ticketIs("voter", LiveTicket)
	b, err := s.x.Balances(t.Context(), 1)
	if err != nil || b.Sum.LockedByTickets != 750+1500 || b.Sum.VotingAuthority != 749+1499 {
		t.Errorf("%+v, %v", b.Sum, err)
	}
	s.block(map[string]*wire.MsgTx{
		"vote":       s.vote(s.world.txs[s.txs["voter"]], s.tip().BlockID),
		"revocation": s.revocation(s.world.txs[s.txs["misser"]]),
	})
	s.ticketIs("voter", VotedTicket)
	s.ticketIs("misser", MissedTicket)
	s.want("vote", "immature 751; net 1; vote")
	s.blocks(15)
	s.want("vote", "vote 751; net 1; vote")
	s.want("revocation", "revocation 1500; net 0; revocation")
	checkBalances(t, s.world, s.x)
}

// TestTicketsThatDoNotVote: a ticket of block 2 matures in block 18 of the simulation network
// and may vote in the 384 blocks after it, up to 402. Revoked before, it has missed its vote;
// with that block it expires, as nodes count (dcrd, blockchain/stake: connectNode).
func TestTicketsThatDoNotVote(t *testing.T) {
	s := newStory(t)
	s.block(map[string]*wire.MsgTx{"one": s.pay(s.pays[0], 1000), "two": s.pay(s.pays[0], 2000), "three": s.pay(s.pays[0], 3000)})
	bought := make(map[string]*wire.MsgTx)
	for name, coins := range map[string]string{"missed": "one", "drawn last": "two", "left": "three"} {
		bought[name] = s.ticket([]coin{s.of(coins, 0)}, s.pays[5], [][]byte{s.back[1]}, [][]byte{s.back[2]})
	}
	s.block(bought)
	s.blocks(401 - 1 - int(s.tip().Height))
	s.block(map[string]*wire.MsgTx{"revoked early": s.revocation(bought["missed"])})
	s.ticketIs("missed", MissedTicket)
	s.ticketIs("left", LiveTicket)
	s.ticketIs("drawn last", LiveTicket)
	s.block(map[string]*wire.MsgTx{"revoked": s.revocation(bought["drawn last"])})
	s.ticketIs("drawn last", ExpiredTicket)
	s.ticketIs("left", ExpiredTicket)
	s.cut(2)
	s.sync(s.x, 10)
	s.ticketIs("missed", LiveTicket)
	s.ticketIs("left", LiveTicket)
}

// rights returns a ticket of strangers that a script may vote with.
func (w *world) rights(voting []byte) *wire.MsgTx {
	funds := w.coinbase(w.stranger(), 1000)
	w.txs[funds.TxHash()] = funds
	c := coin{op: wire.OutPoint{Hash: funds.TxHash(), Index: 1}, amount: 1000}
	return w.ticket([]coin{c}, voting, [][]byte{w.stranger()}, [][]byte{w.stranger()})
}

func TestHistoryFilters(t *testing.T) {
	s := newStory(t)
	importTest(t, s.x, "b", 2, AccountOptions{})
	other := derived(t, 2, hd.External, 1)[0]
	var hashes []chainhash.Hash
	for i := range 12 {
		to := s.pays[i%3]
		if i%4 == 3 {
			to = other
		}
		name := fmt.Sprint(i)
		s.block(map[string]*wire.MsgTx{name: s.pay(to, int64(100+i))})
		hashes = append(hashes, s.txs[name])
	}
	pending := s.pay(s.pays[0], 7)
	add(t, s.x, pending, Relayed)
	hashes = append(hashes, pending.TxHash())
	slices.Reverse(hashes) // newest first: unmined, 11, 10, …
	address := hd.ScriptAddress(s.x.cfg.Params.ChainParams, s.pays[1])
	for name, test := range map[string]struct {
		f    HistoryFilter
		want []chainhash.Hash
	}{
		"all":        {HistoryFilter{}, hashes},
		"some":       {HistoryFilter{Count: 3}, hashes[:3]},
		"later ones": {HistoryFilter{Skip: 2, Count: 3}, hashes[2:5]},
		"none left":  {HistoryFilter{Skip: 100}, nil},
		"above":      {HistoryFilter{Above: s.tip().Height - 2}, hashes[:3]},
		"account":    {HistoryFilter{Account: "b"}, []chainhash.Hash{hashes[1], hashes[5], hashes[9]}},
		"address":    {HistoryFilter{Addresses: []string{address}}, []chainhash.Hash{hashes[2], hashes[8], hashes[11]}},
		"of another": {HistoryFilter{Account: "b", Addresses: []string{address}}, nil},
	} {
		list, err := s.x.History(t.Context(), test.f)
		var got []chainhash.Hash
		for _, h := range list {
			got = append(got, h.Hash)
		}
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %v (%v), want %v", name, got, err, test.want)
		}
	}
	received, err := s.x.Received(t.Context(), 4)
	if err != nil || len(received) != 4 || received[1].Address != address || received[1].Payments != 2 ||
		received[1].Amount != 101+104 || received[1].Confirmations != 8 {
		t.Errorf("received %+v, %v", received, err)
	}
	if all, err := s.x.Received(t.Context(), 0); err != nil || all[0].Amount != 100+106+109+7 || all[0].Confirmations != 0 {
		t.Errorf("received with unmined: %+v, %v", all, err)
	}
}

func TestUnspentFiltersAndLocks(t *testing.T) {
	s := newStory(t)
	for i := range 4 {
		s.block(map[string]*wire.MsgTx{fmt.Sprint(i): s.pay(s.pays[i], int64(100+i))})
	}
	op := s.of("2", 0).op
	if err := s.x.LockOutputs(t.Context(), true, op); err != nil {
		t.Fatal(err)
	}
	if err := s.x.LockOutputs(t.Context(), true, s.of("1", 0).op, wire.OutPoint{Hash: op.Hash, Index: 9}); !errors.Is(err, ErrNoOutput) {
		t.Fatalf("lock nothing: %v", err)
	}
	address := hd.ScriptAddress(s.x.cfg.Params.ChainParams, s.pays[1])
	for name, test := range map[string]struct {
		f    OutputFilter
		want []int64
	}{
		"all":     {OutputFilter{}, []int64{100, 101, 102, 103}},
		"usable":  {OutputFilter{Usable: true}, []int64{100, 101, 103}},
		"old":     {OutputFilter{MinConf: 3}, []int64{100, 101}},
		"young":   {OutputFilter{MaxConf: 2}, []int64{102, 103}},
		"address": {OutputFilter{Addresses: []string{address}}, []int64{101}},
		"account": {OutputFilter{Account: "a", MinConf: 4}, []int64{100}},
		"single":  {OutputFilter{Account: ImportedName}, nil},
	} {
		list, err := s.x.Unspent(t.Context(), test.f)
		var got []int64
		for _, o := range list {
			got = append(got, int64(o.Amount))
		}
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("%s: %v (%v), want %v", name, got, err, test.want)
		}
	}
	again := reopen(t, s.x)
	if list, err := again.Locked(t.Context(), ""); err != nil || len(list) != 1 || list[0] != (LockedOutput{OutPoint: op, Account: "a", Amount: 102}) {
		t.Errorf("locks after a restart: %v, %v", list, err)
	}
	if err := again.LockOutputs(t.Context(), false, op); err != nil {
		t.Error(err)
	}
	if list, _ := again.Locked(t.Context(), ""); len(list) != 0 {
		t.Errorf("unlocked, but %v", list)
	}
	if err := s.x.UnlockAll(t.Context()); err != nil {
		t.Error(err)
	}
	if list, _ := s.x.Locked(t.Context(), ""); len(list) != 0 {
		t.Errorf("all unlocked, but %v", list)
	}
	o, err := s.x.Output(t.Context(), op, true)
	if err != nil || o.Amount != 102 || o.Confirmations != 2 || o.Account != "a" || o.Locked {
		t.Errorf("%+v, %v", o, err)
	}
}

func TestOutputBesideTheMempool(t *testing.T) {
	w, x, ops := funded(t, 1)
	add(t, x, signed(t, spend(ops, wire.NewTxOut(900, w.stranger()))), Published)
	if _, err := x.Output(t.Context(), ops[0], true); !errors.Is(err, ErrSpent) || !errors.Is(err, ErrNoOutput) {
		t.Errorf("with unmined: %v", err)
	}
	if o, err := x.Output(t.Context(), ops[0], false); err != nil || o.Amount != 1000 {
		t.Errorf("without unmined: %+v, %v", o, err)
	}
}

func TestLabels(t *testing.T) {
	s := newStory(t)
	s.block(map[string]*wire.MsgTx{"one": s.pay(s.pays[0], 1)})
	address, hash := hd.ScriptAddress(s.x.cfg.Params.ChainParams, s.pays[0]), s.txs["one"].String()
	for subject, label := range map[string]string{address: "shop", hash: "first"} {
		if err := s.x.SetLabel(t.Context(), subject, label); err != nil {
			t.Fatal(err)
		}
	}
	if tx, err := s.x.Transaction(t.Context(), s.txs["one"]); err != nil || tx.Label != "first" {
		t.Errorf("%+v, %v", tx, err)
	}
	if info, err := s.x.AddressInfo(t.Context(), address); err != nil || info.Label != "shop" {
		t.Errorf("%+v, %v", info, err)
	}
	if err := s.x.SetLabel(t.Context(), address, ""); err != nil {
		t.Error(err)
	}
	if labels, err := s.x.Labels(t.Context()); err != nil || len(labels) != 1 || labels[hash] != "first" {
		t.Errorf("%v, %v", labels, err)
	}
	for _, bad := range []string{strings.Repeat("x", maxLabel+1), "\xff", "two\nlines", "\x1b[31mred"} {
		if err := s.x.SetLabel(t.Context(), address, bad); !errors.Is(err, ErrBadLabel) {
			t.Errorf("label %q: %v", bad, err)
		}
	}
	if err := s.x.SetLabel(t.Context(), "nothing", "x"); !errors.Is(err, ErrBadAddress) {
		t.Errorf("label nothing: %v", err)
	}
}

func TestChangesPoke(t *testing.T) {
	s := newStory(t)
	changed := s.x.Watch(t.Context())
	importTest(t, s.x, "more", 9, AccountOptions{})
	poked := func() bool {
		select {
		case <-changed:
			return true
		default:
			return false
		}
	}
	if !poked() || poked() {
		t.Error("an import does not poke once")
	}
	s.block(nil)
	if !poked() {
		t.Error("a block does not poke")
	}
	if _, err := s.x.Balances(t.Context(), 1); err != nil || poked() {
		t.Errorf("reading pokes (%v)", err)
	}
	if err := s.x.SetGapLimit(t.Context(), 5, "nobody"); err == nil || poked() {
		t.Error("a failure pokes")
	}
}

func TestStatus(t *testing.T) {
	s := newStory(t)
	s.blocks(5)
	st := s.x.Status()
	if st.Tip != s.tip().BlockID || st.Scanned != st.Tip || !st.TipTime.Equal(s.tip().Header.Time()) || st.Accounts != 1 || st.Scripts != 80 || st.Birthday != 1 {
		t.Errorf("%+v", st)
	}
	empty := openTest(t, Birthday{})
	if locator := empty.steps.Locator(); locator != nil {
		t.Errorf("a wallet that watches nothing wants %v", locator)
	}
}
