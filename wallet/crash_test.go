package wallet

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/state"
)

// tornFile writes what a disk may hold after a power cut between two states of
// a file: some of the pages of the new one, and none of its two meta pages.
func tornFile(t *testing.T, rng *rand.Rand, before, after []byte, pageSize int) string {
	t.Helper()
	torn := make([]byte, max(len(before), len(after)))
	copy(torn, before)
	for at := 2 * pageSize; at+pageSize <= len(after); at += pageSize {
		if rng.IntN(2) == 0 {
			copy(torn[at:at+pageSize], after[at:at+pageSize])
		}
	}
	path := filepath.Join(t.TempDir(), "torn.db")
	if err := os.WriteFile(path, torn, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestKilledAnywhere opens what is left of a wallet whose last transaction did
// not reach the disk as a whole: it must be the wallet before it.
func TestKilledAnywhere(t *testing.T) {
	w := newWorld(t, 11)
	w.ours = append(derived(t, 1, hd.External, 12), derived(t, 1, hd.Internal, 12)...)
	x := openTest(t, Birthday{})
	x.store.DB.NoSync = false
	importTest(t, x, "a", 1, AccountOptions{Gap: 5})
	for range 60 {
		w.random()
	}
	pageSize := x.store.DB.Info().PageSize
	before, said := readFile(t, x), dump(t, x)
	cuts := 0
	w.applied = func() {
		after, says := readFile(t, x), dump(t, x)
		y, err := Open(testConfig(tornFile(t, w.rng, before, after, pageSize), Birthday{}))
		if err != nil {
			t.Fatal(err)
		}
		if dump(t, y) != said {
			t.Fatal("not the wallet before the transaction")
		}
		if err := errors.Join(y.Check(t.Context()), y.Close()); err != nil {
			t.Fatal(err)
		}
		before, said = after, says
		cuts++
	}
	for i := 0; w.step(x, 6); i++ {
		if i == 5 {
			w.reorganise(8)
		}
	}
	if cuts < 10 {
		t.Fatalf("only %d cuts", cuts)
	}
}

// readFile returns the bytes of a wallet's file.
func readFile(t *testing.T, x *Wallet) []byte {
	t.Helper()
	data, err := os.ReadFile(x.cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestFailedUpdatesChangeNothing(t *testing.T) {
	w := newWorld(t, 2)
	w.ours = derived(t, 1, hd.External, 12)
	x := openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{})
	for range 30 {
		w.random()
	}
	for x.Status().Scanned.Height < 12 {
		w.step(x, 4)
	}
	scripts, _ := x.steps.Scripts()
	full := func(change func(u *chain.Update)) chain.Update {
		u := w.since(x.steps.Locator(), 6)
		w.fill(&u, scripts)
		change(&u)
		return u
	}
	before := dump(t, x)
	for name, u := range map[string]chain.Update{
		"a gap":              full(func(u *chain.Update) { u.Applied = append(u.Applied[:3:3], u.Applied[4:]...) }),
		"starts later":       full(func(u *chain.Update) { u.Applied = u.Applied[1:] }),
		"starts earlier":     w.since([]consensus.BlockID{w.main[2].BlockID}, 10),
		"another chain":      full(func(u *chain.Update) { u.Applied[0].Header[4] ^= 1 }),
		"wrong height":       full(func(u *chain.Update) { u.Applied[2].Height++ }),
		"reverts a stranger": {Reverted: []consensus.BlockID{{Height: x.Status().Tip.Height}}},
	} {
		if grown, err := x.applier.Apply(t.Context(), u); grown || !errors.Is(err, ErrNotConnected) {
			t.Errorf("%s: %v, %v", name, grown, err)
		}
	}
	ctx, cancel := testContext(t)
	cancel()
	held, release := make(chan struct{}), make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		_ = x.store.Update(t.Context(), func(*bolt.Tx, *state.Snapshot) (*state.Snapshot, error) {
			close(held)
			<-release
			return nil, nil
		})
	})
	<-held
	if _, err := x.applier.Apply(ctx, full(func(*chain.Update) {})); !errors.Is(err, ctx.Err()) {
		t.Errorf("cancelled: %v", err)
	}
	close(release)
	writer.Wait()
	if dump(t, x) != before {
		t.Fatal("a failed update changed the wallet")
	}
	if grown, err := x.applier.Apply(t.Context(), chain.Update{}); grown || err != nil {
		t.Errorf("an empty update: %v, %v", grown, err)
	}
	w.sync(x, 5)
	checkBalances(t, w, x)
}

// TestReadersBesideTheSyncer runs readers and importers beside the syncer. The race
// detector and Check are its judges.
func TestReadersBesideTheSyncer(t *testing.T) {
	w := newWorld(t, 4)
	w.ours = append(derived(t, 1, hd.External, 12), derived(t, 2, hd.External, 12)...)
	x := openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{Gap: 3})
	for range 60 {
		w.random()
	}
	done := make(chan struct{})
	var group sync.WaitGroup
	read := func(fn func() error) {
		group.Go(func() {
			for {
				if err := fn(); err != nil {
					t.Error(err)
					return
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	read(func() error {
		b, err := x.Balances(t.Context(), 1)
		if err == nil && b.Sum.Total < 0 {
			return errors.New("negative total")
		}
		return err
	})
	read(func() error {
		list, err := x.History(t.Context(), HistoryFilter{})
		for _, h := range list {
			if h.Mined() && h.Confirmations < 1 {
				return errors.New("a transaction above the tip")
			}
		}
		return err
	})
	read(func() error {
		scripts, revision := x.steps.Scripts()
		if int(uint32(revision))-int(revision>>32) != len(scripts) {
			return errors.New("scripts and revision differ")
		}
		_, err := x.Unspent(t.Context(), OutputFilter{})
		return err
	})
	for i := 0; w.step(x, 3); i++ {
		switch i {
		case 4:
			importTest(t, x, "b", 2, AccountOptions{Gap: 4})
		case 6, 9:
			if _, err := x.NewAddress(t.Context(), "a", hd.External, GapIgnore); err != nil {
				t.Error(err)
			}
		case 8:
			if err := x.Rescan(t.Context(), 2); err != nil {
				t.Error(err)
			}
		}
	}
	close(done)
	group.Wait()
	checkBalances(t, w, x)
}
