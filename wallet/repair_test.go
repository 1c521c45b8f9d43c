package wallet

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
)

// damages is how often each kind of row is damaged in each way; zero is a short test.
var damages = flag.Int("damages", 0, "how often each kind of row is damaged in each way; 0: once in half of the ways")

// outcome is what comes of a damaged row.
type outcome string

const (
	closed outcome = "refused" // the file is not opened; a copy, or a new wallet
	copied outcome = "copy"    // Check finds it; a copy, or a new wallet
	rescan outcome = "rescan"  // Check finds it, and a rescan removes it
	unseen outcome = "unseen"  // the row looks like another one that is right
)

// rowKind is a kind of row, where it is in the file, and what may come of damage to it.
type rowKind struct {
	path string // buckets from the root on, each with a slash after it
	may  []outcome
}

// rowKinds returns all kinds of rows: docs/storage.md has the same list.
func rowKinds() []rowKind {
	given := []outcome{closed, copied, unseen}
	follows := []outcome{rescan}
	list := []rowKind{
		{"meta/", given}, {"blocks/", []outcome{closed, rescan, unseen}}, {"accounts/", given}, {"scripts/", given}, {"preimages/", given},
		{"labels/", given}, {"locks/", given}, {"jobs/", given},
		{"anchors/", []outcome{closed, unseen}}, {"anchored/", []outcome{closed, unseen}}, {"dates/", []outcome{closed, unseen, rescan}},
		{"unmined/", []outcome{closed, rescan, unseen}},
		{"mined/", []outcome{rescan, unseen}}, {"disapproved/", []outcome{rescan, unseen}}, {"commitments/", follows}, {"sums/", follows}, {"tickets/", follows}, {"aging/", follows},
		{"left/", []outcome{rescan, unseen}}, {"taken/", []outcome{rescan, unseen}}, {"conflicts/", []outcome{rescan, unseen}}, {"found/", []outcome{rescan, unseen}},
	}
	for _, kind := range ledger.Tables() {
		root := "tables/" + kind.Name + "/"
		list = append(list, rowKind{root + "recent/", follows}, rowKind{root + "run/", []outcome{rescan, unseen}}, rowKind{root, []outcome{closed, rescan}})
	}
	return list
}

// rowHarm is a way in which a row is damaged.
type rowHarm struct {
	name string
	do   func(w *world, b *bolt.Bucket, k, v []byte) error
}

func rowHarms() []rowHarm {
	flip := func(w *world, p []byte) []byte {
		p = bytes.Clone(p)
		if len(p) > 0 {
			p[w.rng.IntN(len(p))] ^= 1 << w.rng.IntN(8)
		}
		return p
	}
	return []rowHarm{
		{"lacks", func(_ *world, b *bolt.Bucket, k, _ []byte) error { return b.Delete(k) }},
		{"value", func(w *world, b *bolt.Bucket, k, v []byte) error { return b.Put(k, flip(w, v)) }},
		{"cut off", func(w *world, b *bolt.Bucket, k, v []byte) error { return b.Put(k, v[:len(v)/2]) }},
		{"key", func(w *world, b *bolt.Bucket, k, v []byte) error {
			return errors.Join(b.Delete(k), b.Put(flip(w, k), v))
		}},
		{"one more", func(w *world, b *bolt.Bucket, k, v []byte) error { return b.Put(flip(w, k), v) }},
		{"longer key", func(w *world, b *bolt.Bucket, k, v []byte) error { return b.Put(append(bytes.Clone(k), 7), v) }},
	}
}

// findBucket returns the bucket of a kind of row, nil if the file has none.
func findBucket(tx *bolt.Tx, path string) *bolt.Bucket {
	var b *bolt.Bucket
	for part := range strings.SplitSeq(strings.TrimSuffix(path, "/"), "/") {
		switch {
		case b == nil:
			b = tx.Bucket([]byte(part))
		case part == "run":
			name, _ := b.Cursor().Seek([]byte(part))
			b = b.Bucket(name)
		default:
			b = b.Bucket([]byte(part))
		}
		if b == nil {
			return nil
		}
	}
	return b
}

// harmRow damages a random row of a kind. It reports false if there is none.
func (w *world) harmRow(t *testing.T, path, kind string, harm rowHarm) bool {
	t.Helper()
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	harmed := false
	err = db.Update(func(tx *bolt.Tx) error {
		b := findBucket(tx, kind)
		if b == nil {
			return nil
		}
		var keys, values [][]byte
		_ = b.ForEach(func(k, v []byte) error {
			if b.Bucket(k) == nil {
				keys, values = append(keys, bytes.Clone(k)), append(values, bytes.Clone(v))
			}
			return nil
		})
		if len(keys) == 0 {
			return nil
		}
		harmed = true
		i := w.rng.IntN(len(keys))
		for n := 0; n < 1000 && strings.HasSuffix(kind, "/recent/") && values[i][0] == 0; n++ {
			i = w.rng.IntN(len(keys)) // it says that there is no row, of a key that may have none
		}
		if len(values[i]) == 0 && (harm.name == "value" || harm.name == "cut off") {
			harm = rowHarms()[0]
		}
		return harm.do(w, b, keys[i], values[i])
	})
	if err != nil {
		t.Fatal(err)
	}
	return harmed
}

// books returns all rows that follow from the chain, of tables what they mean.
func books(t *testing.T, x *Wallet) string {
	t.Helper()
	var out strings.Builder
	err := x.store.DB.View(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{ledger.MinedBucket, ledger.DisapprovedBucket, ledger.CommitmentsBucket, ledger.SumsBucket, ledger.TicketsBucket, ledger.AgingBucket} {
			if err := rows.Each(tx.Bucket(name), func(k, v []byte) error {
				if !bytes.Equal(name, ledger.SumsBucket) || !bytes.Equal(v, make([]byte, 8)) { // nothing is as no row
					fmt.Fprintf(&out, "%s %x %x\n", name, k, v)
				}
				return nil
			}); err != nil {
				return err
			}
		}
		for _, kind := range ledger.Tables() {
			table, err := rows.OpenTable(tx, kind)
			if err != nil {
				return err
			}
			if err := table.Walk(nil, func(k, v []byte) (bool, error) {
				fmt.Fprintf(&out, "%s %x %x\n", kind.Name, k, v)
				return true, nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

const (
	damageBlocks = 48 // of the chain, at first
	damageGap    = 6
)

// lacksRuns reports whether a table of a wallet has no run yet.
func lacksRuns(t *testing.T, x *Wallet) (lacks bool) {
	t.Helper()
	err := x.store.DB.View(func(tx *bolt.Tx) error {
		for _, kind := range ledger.Tables() {
			root := tx.Bucket(rows.TablesBucket).Bucket([]byte(kind.Name))
			name, _ := root.Cursor().Seek([]byte("run"))
			lacks = lacks || !bytes.HasPrefix(name, []byte("run"))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return lacks
}

// damageWorld returns a chain, and a wallet file at its tip that has rows of every kind; and
// what follows from the chain of these.
func damageWorld(t *testing.T, seed uint64) (w *world, sound []byte, want string) {
	t.Helper()
	ctx := t.Context()
	w = newWorld(t, seed)
	w.ours = append(derived(t, 1, hd.External, 12), derived(t, 1, hd.Internal, 12)...)
	path := filepath.Join(t.TempDir(), "w.db")
	x, err := Open(testConfig(path, Birthday{}))
	if err != nil {
		t.Fatal(err)
	}
	x.store.DB.NoSync = true
	importTest(t, x, "a", 1, AccountOptions{Gap: damageGap})
	address, err := x.ImportPubKey(ctx, testPubKey(t), nil)
	if err := errors.Join(err, x.SetLabel(ctx, address, "rent")); err != nil {
		t.Fatal(err)
	}
	for i := range damageBlocks {
		w.random()
		if i%10 == 9 {
			w.sync(x, 20)
			if tx := w.propose(t, x); tx != nil {
				if _, err := x.addTx(ctx, tx, Origin(w.rng.IntN(2)), 0); err != nil && !errors.Is(err, ErrImmature) && !errors.Is(err, ErrDoubleSpend) && !errors.Is(err, ErrExpired) {
					t.Fatal(err)
				}
			}
		}
		if i%(damageBlocks/6) == damageBlocks/6-1 {
			w.reorganise(2)
		}
		if i == damageBlocks/2 {
			w.sync(x, 20)
			after := Birthday{After: w.tip().BlockID}
			if err := x.ImportScript(ctx, w.stranger(), &after); err != nil {
				t.Fatal(err)
			}
		}
	}
	for w.sync(x, 20); lacksRuns(t, x); w.sync(x, 50) {
		w.reorganise(damageBlocks / 2) // more rows, and no more blocks
	}
	for w.sync(x, 20); !strings.Contains(books(t, x), "tickets "); w.sync(x, 20) {
		w.random()
	}
	old := w.stranger() // which a search finds
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1), w.pay(old, 5)}, true)
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.theirs, 1)}, true)
	w.sync(x, 20)
	importScript(t, x, old, w.tip().Height-1)
	dated := Birthday{Time: w.main[damageBlocks*2/3].Header.Time()}
	late := Birthday{Height: damageBlocks - 1}
	if err := errors.Join(x.ImportScript(ctx, w.stranger(), &dated), x.ImportScript(ctx, w.stranger(), &late)); err != nil {
		t.Fatal(err)
	}
	w.sync(x, 20)
	list, err := x.Unspent(ctx, OutputFilter{})
	if err != nil || len(list) == 0 {
		t.Fatal(len(list), err)
	}
	if err := errors.Join(x.LockOutputs(ctx, true, list[0].OutPoint), x.Check(ctx)); err != nil {
		t.Fatal(err)
	}
	want = books(t, x)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if sound, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return w, sound, want
}

// comesOf opens a file, and returns what Check finds, after it has done what that names and
// compared what follows from the chain.
func (w *world) comesOf(t *testing.T, path, want string) outcome {
	t.Helper()
	ctx := t.Context()
	x, err := Open(testConfig(path, Birthday{}))
	if err != nil {
		if !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrNewerFormat) && !errors.Is(err, ErrOtherNetwork) {
			t.Errorf("opening says %v", err)
		}
		return closed
	}
	defer x.Close()
	x.store.DB.NoSync = true
	err = x.Check(ctx)
	var damage *Repairable
	out := unseen
	switch {
	case errors.As(err, &damage):
		out = rescan
		id, err := x.StartRescan(ctx, damage.From)
		if err != nil {
			t.Fatalf("rescan after %v: %v", damage, err)
		}
		if err := x.CancelJob(ctx, id); !errors.Is(err, ErrJobNeeded) {
			t.Errorf("canceling it: %v", err)
		}
		if err := x.Check(ctx); err != nil {
			t.Errorf("before its end: %v", err)
		}
	case errors.Is(err, ErrCorrupt):
		return copied
	case err != nil:
		t.Fatal(err)
	}
	w.sync(x, 20)
	if err := x.Check(ctx); err != nil {
		t.Errorf("after it, %s: %v", out, err)
	}
	got := books(t, x)
	if out == unseen { // it may be in a part of these rows that nothing follows from
		got, want = got[strings.Index(got, "commitments "):], want[strings.Index(want, "commitments "):]
	}
	if got != want {
		t.Errorf("after %v, the rows are not what they were:\n%s", damage, firstDifference(got, want))
	}
	if x.store.Damage() != nil {
		t.Errorf("the damage is still shown: %v", x.store.Damage())
	}
	return out
}

// firstDifference returns the first lines in which two texts differ.
func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d:\n%.200s\nwant\n%.200s", i, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(a), len(b))
}

// TestDamagedRows damages one row of each kind, each in half of the ways unless -damages says
// otherwise. What a rescan is said to remove is gone after it, and what follows from the
// chain is as before.
func TestDamagedRows(t *testing.T) {
	w, sound, want := damageWorld(t, 5)
	for n, kind := range rowKinds() {
		seen := make(map[outcome]int)
		for i, harm := range rowHarms() {
			if (n+i)%2 != 0 && *damages == 0 {
				continue
			}
			for range max(1, *damages) {
				path := filepath.Join(t.TempDir(), "w.db")
				if err := os.WriteFile(path, sound, 0o600); err != nil {
					t.Fatal(err)
				}
				if !w.harmRow(t, path, kind.path, harm) {
					t.Fatalf("%s: the file has no row to damage", kind.path)
				}
				t.Run(kind.path+harm.name, func(t *testing.T) {
					out := w.comesOf(t, path, want)
					if seen[out]++; !slices.Contains(kind.may, out) {
						t.Errorf("%s, want one of %s", out, kind.may)
					}
				})
			}
		}
		t.Logf("%s %v", kind.path, seen)
	}
}

// TestRemediesForOtherDamage: where no rescan helps, a copy of the file does, and so does a new
// wallet into which the same is imported: it has the same balances.
func TestRemediesForOtherDamage(t *testing.T) {
	ctx := t.Context()
	w, sound, want := damageWorld(t, 5)
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(path, sound, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := w.comesOf(t, path, want); out != unseen {
		t.Errorf("of a copy comes %s", out)
	}
	x, err := Open(testConfig(path, Birthday{}))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	fresh := openTest(t, Birthday{})
	importTest(t, fresh, "a", 1, AccountOptions{Gap: damageGap})
	w.sync(fresh, 20)
	sum := func(x *Wallet) (sum dcrutil.Amount) {
		if err := x.store.View(ctx, func(tx *bolt.Tx, _ *state.Snapshot) (err error) {
			sum, err = ledger.SumOf(tx, 0)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return sum
	}
	if got, want := sum(fresh), sum(x); got != want || want == 0 {
		t.Errorf("the new wallet has %v, the old one %v", got, want)
	}
}

// TestARepairedWalletGoesOn: a wallet that has stopped over a damaged row is taken along the chain
// again, and its trouble is over, once a rescan was asked for; one from a later height, which
// repairs nothing, changes neither.
func TestARepairedWalletGoesOn(t *testing.T) {
	ctx := t.Context()
	w, s := newWorld(t, 1), openSet(t)
	pay := derived(t, 1, hd.External, 1)[0]
	a := makeTest(t, s, "a")
	importTest(t, a, "x", 1, AccountOptions{})
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(pay, 5)}, true)
	w.syncSet(s, 10)
	if err := a.store.DB.Update(func(tx *bolt.Tx) error {
		return tx.Bucket(ledger.SumsBucket).Put(rows.Key(0), []byte{1})
	}); err != nil {
		t.Fatal(err)
	}
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(pay, 7)}, true)
	w.syncSet(s, 10)
	stopped := func() bool { return len(s.Troubles()) == 1 && strings.Contains(s.Troubles()[0], "has stopped") }
	if !stopped() || s.Trouble("a") == nil {
		t.Fatalf("troubles %q", s.Troubles())
	}
	var damage *Repairable
	if err := a.Check(ctx); !errors.As(err, &damage) || damage.From != 1 {
		t.Fatalf("the check says %v", err)
	}
	if err := a.Rescan(ctx, 1); err != nil || stopped() || s.Trouble("a") != nil {
		t.Fatalf("%v, troubles %q", err, s.Troubles())
	}
	w.syncSet(s, 10)
	got, err := a.Balances(ctx, 1)
	if err = errors.Join(err, a.Check(ctx)); err != nil || got.Sum.Spendable != 12 || len(s.Troubles()) != 0 {
		t.Errorf("it has %v (%v), troubles %q", got.Sum.Spendable, err, s.Troubles())
	}
}

// TestNoRepairWithoutTheScripts: where the scripts themselves are damaged, a rescan would follow from
// what is wrong: it is refused, and changes nothing.
func TestNoRepairWithoutTheScripts(t *testing.T) {
	ctx := t.Context()
	w := newWorld(t, 1)
	path := filepath.Join(t.TempDir(), "w.db")
	x, err := Open(testConfig(path, Birthday{}))
	if err != nil {
		t.Fatal(err)
	}
	importTest(t, x, "x", 1, AccountOptions{})
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(derived(t, 1, hd.External, 1)[0], 5)}, true)
	w.sync(x, 10)
	if err := errors.Join(x.store.DB.Update(func(tx *bolt.Tx) error {
		k, v := tx.Bucket(ledger.ScriptsBucket).Cursor().First()
		v = bytes.Clone(v)
		v[len(v)-5] ^= 1
		return tx.Bucket(ledger.ScriptsBucket).Put(bytes.Clone(k), v)
	}), x.Close()); err != nil {
		t.Fatal(err)
	}
	if x, err = Open(testConfig(path, Birthday{})); err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	before := dump(t, x)
	var damage *Repairable
	if err := x.Check(ctx); !errors.Is(err, ErrCorrupt) || errors.As(err, &damage) {
		t.Errorf("the check says %v", err)
	}
	if err := x.Rescan(ctx, 1); !errors.Is(err, ErrCorrupt) || dump(t, x) != before {
		t.Errorf("the rescan says %v", err)
	}
}
