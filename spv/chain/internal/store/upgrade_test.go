package store

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/spvd/spvd/spv/consensus"
)

// simnetStore opens a new store, and closes it at the end of the test.
func simnetStore(t *testing.T) *Store {
	t.Helper()
	s, err := Open(Options{Path: filepath.Join(t.TempDir(), "chain.db"), Params: consensus.SimNet()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Upgrades run in order, from the format of the store on, all or none.
func TestUpgrades(t *testing.T) {
	s := simnetStore(t)
	if err := s.Update("test", func(tx *Txn) error { return writeFormat(tx, 1) }); err != nil {
		t.Fatal(err)
	}
	var ran []int
	failure := errors.New("no")
	step := func(n int, err error) upgradeStep {
		return func(tx *Txn, _ *consensus.Params) error {
			ran = append(ran, n)
			return errors.Join(err, WriteMeta(tx, []byte("trace"), []byte{0, 0, 0, 0, byte(n)}))
		}
	}
	run := func(table ...upgradeStep) error {
		return s.Update("test", func(tx *Txn) error { return runUpgrades(tx, consensus.SimNet(), table) })
	}
	if err := run(step(1, nil), step(2, failure)); !errors.Is(err, failure) {
		t.Fatalf("want the error of the upgrade, got %v", err)
	}
	wantFormat(t, s, 1, 0)
	ran = nil
	if err := run(step(1, nil), step(2, nil)); err != nil {
		t.Fatal(err)
	}
	wantFormat(t, s, 3, 2)
	if err := run(step(1, nil), step(2, nil), step(3, nil)); err != nil {
		t.Fatal(err)
	}
	wantFormat(t, s, 4, 3)
	if len(ran) != 3 {
		t.Errorf("ran upgrades %v", ran)
	}
}

// wantFormat checks the format of a store and which upgrade left its trace.
func wantFormat(t *testing.T, s *Store, want uint32, trace byte) {
	t.Helper()
	err := s.View("test", func(tx *Txn) error {
		if got, err := ReadFormat(tx); err != nil || got != want {
			t.Errorf("want format %d, got %d, %v", want, got, err)
		}
		row := tx.Bucket(BucketMeta).Get([]byte("trace"))
		if trace == 0 && row != nil || trace != 0 && (len(row) != 5 || row[4] != trace) {
			t.Errorf("want trace %d, got %v", trace, row)
		}
		for n := range uint32(6) {
			old, err := needsUpgrade(tx, make([]upgradeStep, n))
			if newest := n + 1; old != (want < newest) || errors.Is(err, ErrNewerFormat) != (want > newest) {
				t.Errorf("format %d where %d is the newest: %v, %v", want, newest, old, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A store of format 1 whose tip row is not one of format 1 is refused, and not upgraded.
func TestUpgradeRefusesDamage(t *testing.T) {
	s := simnetStore(t)
	err := s.Update("test", func(tx *Txn) error { return addFloor(tx, consensus.SimNet()) })
	if !errors.Is(err, ErrCorrupt) {
		t.Errorf("want a corrupt store, got %v", err)
	}
}
