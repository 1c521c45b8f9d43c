package wallet

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/hd"
)

// Flags of TestLifetimes, see the target soak of the Makefile.
var (
	lifetimes    = flag.Uint64("lifetimes", 16, "how many random lives of a wallet are compared with the oracle")
	lifetimeFrom = flag.Uint64("lifetime", 0, "the seed of the first of them")
	lifetimeOps  = flag.Int("lifetime-ops", 90, "how many operations each of them has")
)

// lifetime is a random life of one or two wallets on a chain, and what the oracle says
// about each.
type lifetime struct {
	*world
	*subject // the one that acts
	t        *testing.T
	subjects []*subject
	set      *Set            // of two; nil for one, which is taken along alone
	pool     []string        // scripts that are imported one by one
	jumped   bool            // the chain was left, or something else that the wallet remembers
	calm     bool            // this life has none of that
	searched bool            // issued addresses are as old as their accounts
	bounded  bool            // the wallets are opened without room for what their windows need
	steps    bool            // what is taken back or forgotten goes by steps of few rows
	sound    sync.RWMutex    // held by each of the readers for a read, and while a file is damaged
	opened   func(x *Wallet) // called with each wallet that is opened, if set
	reads    chan struct{}   // has a token for each read that the readers do; nil without readers
	stop     func()          // called with the transaction of a file that stopIn counts down to
	stopIn   int
	clock    time.Duration                    // since the life began
	timing   sync.Mutex                       // guards stop, stopIn and writes of clock: readers ask for the time too
	heardAt  map[chainhash.Hash]time.Duration // when transactions were first relayed
	buried   []*buried
	repeated map[chainhash.Hash]bool // transactions that a bad block held a second time
	spenders map[wire.OutPoint]int   // how many transactions spend an outpoint; nil if not counted
	dir      string
	log      []string
}

// subject is a wallet and what its user has done with it.
type subject struct {
	name    string
	x       *Wallet
	o       *oracle
	jobs    []uint32 // rescans that may be given up
	kept    map[chainhash.Hash]*keptTx
	cursors []cursor
	saved   *saved // of an earlier moment, or nil

	abandoned map[chainhash.Hash]bool
	labels    map[string]string // of transactions
	locked    map[wire.OutPoint]bool
}

func newSubject(name string, o *oracle) *subject {
	return &subject{
		name: name, o: o, kept: make(map[chainhash.Hash]*keptTx), abandoned: make(map[chainhash.Hash]bool),
		labels: make(map[string]string), locked: make(map[wire.OutPoint]bool),
	}
}

func newLifetime(t *testing.T, seed uint64) *lifetime {
	w := newWorld(t, seed)
	w.jitter = true
	l := &lifetime{
		world: w, t: t, calm: seed%4 == 0, bounded: seed%6 == 1, searched: seed%5 == 3, steps: seed%7 == 3,
		repeated: make(map[chainhash.Hash]bool), heardAt: make(map[chainhash.Hash]time.Duration),
	}
	w.revokes = true
	names := []string{"one"}
	if seed%3 == 2 {
		names = append(names, "two")
	}
	keys := make(map[byte][2][]string)
	for _, name := range names {
		l.subjects = append(l.subjects, newSubject(name, &oracle{w: w, keys: keys}))
	}
	l.subject = l.subjects[0]
	l.choose(3 + 5*int(seed%2))
	cfg := l.config("")
	if len(names) > 1 {
		l.set = NewSet(SetConfig{Dir: t.TempDir(), Params: cfg.Params, Log: cfg.Log, Now: cfg.Now, RelayFee: cfg.RelayFee, SearchIssued: cfg.SearchIssued})
	} else {
		l.dir = t.TempDir()
	}
	for _, sub := range l.subjects {
		l.subject = sub
		l.open()
	}
	w.invalid = l.leaveBad
	w.left = func(to consensus.Height) {
		for _, sub := range l.subjects {
			for _, k := range sub.kept {
				k.since = min(k.since, to)
			}
			if sub.saved == nil {
				continue
			}
			for _, k := range sub.saved.kept {
				k.since = min(k.since, to)
			}
		}
	}
	w.random()
	if seed%4 == 2 {
		l.past()
	}
	return l
}

// past grows the chain before anything is imported: scripts are paid in any order, each only for
// a few blocks, and what they are paid is spent.
func (l *lifetime) past() {
	ours, blocks := slices.Clone(l.ours), 20+l.rng.IntN(30)
	l.rng.Shuffle(len(ours), func(i, j int) { ours[i], ours[j] = ours[j], ours[i] })
	for i := range blocks {
		l.ours = ours[i*len(ours)/blocks : min(len(ours), (i+1)*len(ours)/blocks+1)]
		l.random()
	}
	l.ours = ours
}

// choose chooses which scripts are paid, one in so many, and which of them are imported one
// by one.
func (l *lifetime) choose(oneIn int) {
	w := l.world
	for s := byte(1); s <= 2; s++ {
		for branch, list := range l.o.scriptsOf(s) {
			for i := range 61 >> (3 * branch) {
				if w.rng.IntN(oneIn) == 0 {
					w.ours = append(w.ours, []byte(list[i]))
				}
				if w.rng.IntN(12) == 0 {
					l.pool = append(l.pool, list[i])
				}
			}
		}
	}
	l.pool = append(l.pool, string(anyone()), l.o.scriptsOf(3)[0][0])
	for _, single := range singles() {
		l.pool = append(l.pool, single.pays...)
	}
	for _, pay := range l.pool {
		w.ours = append(w.ours, []byte(pay))
	}
}

func (l *lifetime) config(path string) Config {
	cfg := testConfig(path, Birthday{})
	cfg.SearchIssued = l.searched
	if l.steps {
		cfg.stepRows = 1 + l.rng.IntN(5)
	}
	cfg.Now = func() time.Time {
		l.timing.Lock()
		defer l.timing.Unlock()
		if l.stopIn--; l.stop != nil && l.stopIn == 0 {
			l.stop()
		}
		return time.Unix(1_700_000_000, 0).Add(l.clock)
	}
	if l.bounded && l.x != nil {
		cfg.maxScripts = l.x.store.Now().Count() + uint32(l.rng.IntN(20))
	}
	return cfg
}

func (l *lifetime) open() {
	l.t.Helper()
	var err error
	if l.set != nil {
		l.x, err = l.set.Make(l.name)
	} else {
		l.x, err = Open(l.config(filepath.Join(l.dir, l.name)))
	}
	if err != nil {
		l.t.Fatal(err)
	}
	l.x.store.DB.NoSync = true
	if l.opened != nil {
		l.opened(l.x)
	}
}

func (l *lifetime) restart() {
	l.t.Helper()
	if err := errors.Join(l.x.Check(l.t.Context()), l.closeOne()); err != nil {
		l.fail("%v", err)
	}
	l.open()
}

// closeOne closes the wallet at hand.
func (l *lifetime) closeOne() error {
	if l.set != nil {
		return l.set.CloseWallet(l.name)
	}
	return l.x.Close()
}

// scanner returns what the syncer takes along.
func (l *lifetime) scanner() scanner {
	if l.set != nil {
		return l.set
	}
	return l.x
}

// goOn takes all wallets to the tip.
func (l *lifetime) goOn(limit int) {
	l.t.Helper()
	for l.step(l.scanner(), limit) {
	}
	for _, sub := range l.subjects {
		s := sub.x.store.Now()
		if s.Count() > 0 && (s.Tip != l.tip().BlockID || s.Cursor != s.Tip) {
			l.fail("wallet %s came to tip %v, cursor %v, want %v", sub.name, s.Tip, s.Cursor, l.tip().BlockID)
		}
	}
	if l.set != nil && len(l.set.Troubles()) > 0 {
		l.fail("%v", l.set.Troubles())
	}
}

func (l *lifetime) note(format string, args ...any) {
	l.log = append(l.log, fmt.Sprintf("at %d, %s: ", len(l.main)-1, l.name)+fmt.Sprintf(format, args...))
}

// birthday returns one near the heights that matter, and what it means.
func (l *lifetime) birthday() (*Birthday, birth) {
	tip := l.tip()
	switch l.rng.IntN(5) {
	case 0:
		at := *tip
		return &Birthday{After: tip.BlockID}, birth{after: &at, unseen: l.x.store.Now().Tip != tip.BlockID}
	case 1:
		hour := l.rng.IntN(int(tip.Height) + 5)
		when := l.main[0].Header.Time().Add(time.Duration(hour)*time.Hour + birthday.Margin)
		return &Birthday{Time: when}, birth{date: when}
	case 2:
		return nil, birth{}
	default:
		h := consensus.Height(l.rng.IntN(int(tip.Height) + 4))
		return &Birthday{Height: h}, birth{height: h}
	}
}

func (l *lifetime) act() {
	l.subject = l.subjects[l.rng.IntN(len(l.subjects))]
	l.spenders = nil
	for len(l.reads) < cap(l.reads) {
		l.reads <- struct{}{}
	}
	switch l.rng.IntN(41) {
	case 0:
		l.importAccount()
	case 1, 2:
		l.importScript()
	case 3, 24, 25:
		l.issue()
	case 4:
		l.rescan()
	case 5:
		l.cancel()
	case 6:
		if !l.calm {
			l.leave()
		}
	case 7:
		l.note("restart")
		l.restart()
	case 8:
		l.gapLimit()
	case 9:
		l.check()
	case 10, 11, 12, 13, 14:
		l.random()
	case 15:
		if len(l.x.store.Now().Scripts) > 0 {
			l.tipStep()
		}
	case 16:
		if !l.calm {
			l.badBlock()
		}
	case 17:
		if !l.calm {
			l.bury()
		}
	case 18, 19:
		l.relay()
	case 20:
		l.publish()
	case 21:
		l.publishUnborn()
	case 22, 23:
		l.mineUnmined()
	case 26:
		l.away()
	case 27:
		l.interrupt()
	case 28:
		l.abandon()
	case 29:
		if !l.calm {
			l.damage()
		}
	case 30:
		l.write()
	case 32, 33:
		l.outdated()
	case 40:
		l.backup()
	case 31:
		l.timing.Lock()
		l.clock += time.Duration(1+l.rng.IntN(5)) * time.Hour
		l.timing.Unlock()
		l.note("it is %v", l.clock)
	default:
		l.step(l.scanner(), 1+l.rng.IntN(12))
	}
}

// tipStep takes the wallet along new blocks while old ones may be searched.
func (l *lifetime) tipStep() {
	u := l.since(l.x.steps.Begin(l.x.store.Now(), true), 1+l.rng.IntN(5))
	if !u.Empty() {
		l.take(l.x, u)
	}
}

func (l *lifetime) importAccount() {
	seed := byte(1 + l.rng.IntN(2))
	name := fmt.Sprint("seed", seed)
	d, b := l.birthday()
	i := slices.IndexFunc(l.o.asked, func(a *asked) bool { return a.seed == seed })
	gap := 1 + uint32(l.rng.IntN(8))
	if i >= 0 {
		gap = 0
	}
	_, err := l.x.ImportXpub(l.t.Context(), name, testXpub(l.t, seed), AccountOptions{Gap: gap, Birthday: d})
	l.note("import %s gap %d birthday %v: %v", name, gap, d, err)
	if i >= 0 && (l.jumped || l.bounded) {
		l.floors()
	}
	switch {
	case errors.Is(err, ErrDuplicate) && i >= 0 && (!l.synced() || l.o.bornOn([]birth{b}) >= l.o.watched().born[l.o.scriptsOf(seed)[0][0]]):
	case l.bounded && errors.Is(err, ErrFull):
	case err != nil:
		l.fail("%v", err)
	case i >= 0:
		l.o.asked[i].births = append(l.o.asked[i].births, b)
	default:
		l.o.asked = append(l.o.asked, &asked{name: name, seed: seed, gap: gap, births: []birth{b}})
	}
}

func (l *lifetime) importScript() {
	d, b := l.birthday()
	pays, err := l.importOne(d)
	l.note("import %x birthday %v: %v", pays, d, err)
	switch {
	case errors.Is(err, ErrDuplicate):
		if l.jumped || l.bounded {
			l.floors()
		}
		v := l.o.watched()
		for _, pay := range pays {
			if born := v.born[pay]; l.synced() && (born == 0 || l.o.bornOn([]birth{b}) < born) {
				l.fail("script from %d on is refused, known from %d on: %v", l.o.bornOn([]birth{b}), born, err)
			}
		}
		return
	case l.bounded && errors.Is(err, ErrFull):
		return
	case err != nil:
		l.fail("%v", err)
	}
	for _, pay := range pays { // one of two may be older than the other
		l.o.asked = append(l.o.asked, &asked{name: ImportedName, pays: []string{pay}, births: []birth{b}})
	}
}

// importOne imports something that belongs to no account, and returns its scripts.
func (l *lifetime) importOne(d *Birthday) (pays []string, err error) {
	ctx := l.t.Context()
	if list := singles(); l.rng.IntN(4) == 0 {
		one := list[l.rng.IntN(len(list))]
		if one.key != nil {
			_, err = l.x.ImportPubKey(ctx, one.key, d)
		} else {
			_, err = l.x.ImportRedeemScript(ctx, one.redeem, d)
		}
		return one.pays, err
	}
	pay := l.pool[l.rng.IntN(len(l.pool))]
	if address := hd.ScriptAddress(l.params.ChainParams, []byte(pay)); address != "" && l.rng.IntN(2) == 0 {
		err = l.x.ImportAddress(ctx, address, "", d)
		if i := slices.IndexFunc(singles(), func(o one) bool { return o.pays[0] == pay }); i >= 0 {
			return singles()[i].pays, err // the address of a key stands for that of its hash as well
		}
	} else {
		err = l.x.ImportScript(ctx, []byte(pay), d)
	}
	return []string{pay}, err
}

// synced reports whether the wallet has searched the world's whole chain.
func (l *lifetime) synced() bool {
	s := l.x.store.Now()
	return s.Tip == l.tip().BlockID && !s.Scan() && s.Fresh == s.Count()
}

// account returns a random account that was asked for, or nil.
func (l *lifetime) account() *asked {
	var list []*asked
	for _, a := range l.o.asked {
		if a.seed != 0 {
			list = append(list, a)
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[l.rng.IntN(len(list))]
}

func (l *lifetime) issue() {
	a := l.account()
	if a == nil {
		return
	}
	branch := uint32(l.rng.IntN(2))
	for range 1 + l.rng.IntN(int(2*a.gap)) {
		l.issueOne(a, branch)
	}
}

func (l *lifetime) issueOne(a *asked, branch uint32) {
	before, err := l.x.store.Now().Named(a.name)
	if err != nil {
		l.fail("%v", err)
	}
	if before.Watched[branch] > oracleIndexes/2 {
		return
	}
	tip := l.every[l.x.store.Now().Tip.Hash]
	out, err := l.x.NewAddress(l.t.Context(), a.name, branch, GapIgnore)
	if l.bounded && errors.Is(err, ErrFull) {
		return
	}
	if err != nil {
		l.fail("%v", err)
	}
	l.note("issue %s %d/%d", a.name, branch, out.Index)
	a.issued[branch] = out.Index + 1
	imported := slices.ContainsFunc(l.o.asked, func(o *asked) bool {
		return slices.Contains(o.pays, l.o.scriptsOf(a.seed)[branch][out.Index])
	})
	if out.Index >= before.Watched[branch] && !l.x.cfg.SearchIssued && !imported {
		if a.late[branch] == nil {
			a.late[branch] = make(map[uint32][]birth)
		}
		a.late[branch][out.Index] = []birth{{after: &tip}}
	}
	if pay := l.o.scriptsOf(a.seed)[branch][out.Index]; testKeys()[pay] != nil && l.rng.IntN(3) == 0 {
		l.ours = append(l.ours, []byte(pay))
	}
}

func (l *lifetime) gapLimit() {
	a := l.account()
	if a == nil {
		return
	}
	gap := 1 + uint32(l.rng.IntN(8))
	if l.calm {
		return
	}
	l.note("gap limit %d of %s", gap, a.name)
	switch err := l.x.SetGapLimit(l.t.Context(), gap, a.name); {
	case l.bounded && errors.Is(err, ErrFull):
		return
	case err != nil:
		l.fail("%v", err)
	}
	l.jumped = true // the new window may be shorter
	a.gap = gap
}

func (l *lifetime) rescan() {
	tip := l.x.Status().Tip.Height
	from := consensus.Height(l.rng.IntN(int(tip) + 1))
	id, err := l.x.StartRescan(l.t.Context(), from)
	if err != nil {
		l.fail("%v", err)
	}
	l.note("rescan %d from %d", id, from)
	l.jobs = append(l.jobs, id)
	l.older(from, id)
}

// older records that a rescan makes all that is watched as old as a height.
func (l *lifetime) older(from consensus.Height, id uint32) {
	for _, a := range l.o.asked {
		a.births = append(a.births, birth{height: from, rescan: id})
		for branch := range a.late {
			for i := range a.late[branch] {
				a.late[branch][i] = append(a.late[branch][i], birth{height: from, rescan: id})
			}
		}
	}
}

func (l *lifetime) cancel() {
	if len(l.jobs) == 0 || l.calm {
		return
	}
	id := l.jobs[len(l.jobs)-1]
	l.jobs = l.jobs[:len(l.jobs)-1]
	err := l.x.CancelJob(l.t.Context(), id)
	l.note("cancel %d: %v", id, err)
	switch {
	case errors.Is(err, ErrJobOver), errors.Is(err, ErrNoJob):
		return
	case err != nil:
		l.fail("%v", err)
	}
	l.jumped, l.cursors = true, nil
	for _, a := range l.o.asked {
		given := func(b birth) bool { return b.rescan == id }
		a.births = slices.DeleteFunc(a.births, given)
		for branch := range a.late {
			for i := range a.late[branch] {
				a.late[branch][i] = slices.DeleteFunc(a.late[branch][i], given)
			}
		}
	}
}

// leave makes the chain go another way, all at once or in parts: the blocks of the
// other branch are there, and their filters come one after the other.
func (l *lifetime) leave() {
	depth := 1 + l.rng.IntN(min(20, len(l.main)-1))
	l.jumped = true
	if l.rng.IntN(2) == 0 {
		l.note("leave %d blocks", depth)
		l.reorganise(depth)
		return
	}
	l.note("leave %d blocks in part", depth)
	l.cut(depth)
	for range l.rng.IntN(depth) {
		l.random()
	}
	if len(l.main) == 1 {
		l.random()
	}
	for range l.rng.IntN(3) {
		l.step(l.scanner(), 1+l.rng.IntN(12))
	}
}

func (l *lifetime) fail(format string, args ...any) {
	l.t.Helper()
	for _, line := range l.log {
		l.t.Log(line)
	}
	s := l.x.store.Now()
	for i := range s.Accounts {
		a := &s.Accounts[i]
		l.t.Logf("%s is born at %d (%+v)", a.Name, s.Birthdays.At(a.Born), a.Born)
	}
	for _, a := range l.o.asked {
		l.t.Logf("%s was asked for from %d on (%x) %+v", a.name, l.o.bornOn(a.births), a.pays, a.births)
	}
	l.t.Logf("anchors %v, dates %v, tip %d, learned %v, late %v", s.Birthdays.Anchors, s.Birthdays.Dates, s.Tip.Height, s.ScannedRanges, s.Late)
	l.t.Fatalf("at %d: "+format, append([]any{len(l.main) - 1}, args...)...)
}

// readers read a wallet, a few times during each operation, until it is closed or ctx ends.
func (l *lifetime) readers(ctx context.Context, group *sync.WaitGroup, x *Wallet) {
	for _, read := range []func() error{
		func() error { _, err := x.Balances(ctx, 1); return err },
		func() error { _, err := x.History(ctx, HistoryFilter{Count: 5}); return err },
		func() error { _, err := x.Unspent(ctx, OutputFilter{}); return err },
		func() error { return oneMoment(ctx, x) },
	} {
		group.Go(func() {
			for {
				select {
				case <-l.reads:
				case <-ctx.Done():
					return
				}
				l.sound.RLock()
				err := read()
				l.sound.RUnlock()
				switch {
				case ctx.Err() != nil || errors.Is(err, ErrClosed):
					return
				case err != nil:
					l.t.Error(err)
					return
				}
			}
		})
	}
}

// TestLifetimes: whatever is imported in whatever order and with whatever birthdays,
// addresses used far out of order, blocks disapproved of and left, restarts, rescans
// that are given up: the wallet says what the oracle says.
func TestLifetimes(t *testing.T) {
	for seed := *lifetimeFrom; seed < *lifetimeFrom+*lifetimes; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			l := newLifetime(t, seed)
			ctx, cancel := testContext(t)
			var group sync.WaitGroup
			if seed%8 == 1 {
				l.reads = make(chan struct{}, 8)
				l.opened = func(x *Wallet) { l.readers(ctx, &group, x) }
				for _, sub := range l.subjects {
					l.opened(sub.x)
				}
			}
			for range *lifetimeOps {
				l.act()
			}
			l.spenders = nil
			for _, l.subject = range l.subjects {
				l.check()
			}
			cancel()
			group.Wait()
			for _, sub := range l.subjects {
				if err := sub.x.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
