package wallet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"
)

// Check reads the whole file and holds every row against what the mined
// transactions say. It changes nothing. Damage is ErrCorrupt. While new scripts
// are being searched for in old blocks, rows of theirs may be missing.
func (w *Wallet) Check(ctx context.Context) error {
	return w.view(ctx, func(tx *bolt.Tx, s *snapshot) error {
		stored, err := loadSnapshot(tx)
		if err != nil {
			return err
		}
		if !stored.equal(s.upTo(stored)) {
			return fmt.Errorf("memory differs from the file: %w", ErrCorrupt)
		}
		books, err := w.rebuild(ctx, tx, s)
		if err != nil {
			return err
		}
		searching := s.scan() || s.fresh < s.count()
		for _, name := range [][]byte{placesBucket, creditsBucket, commitmentsBucket, paymentsBucket} {
			if err := books.compare(tx, name, !searching); err != nil {
				return err
			}
		}
		for _, name := range [][]byte{unspentBucket, spendsBucket} {
			if searching {
				break // a credit may be there already, and its spending not yet
			}
			if err := books.compare(tx, name, true); err != nil {
				return err
			}
		}
		return errors.Join(checkPool(tx), checkWindows(s))
	})
}

// upTo returns the snapshot without the blocks that are still to be stored.
func (s *snapshot) upTo(stored *snapshot) *snapshot {
	if at, ok := blockAt(s.blocks, stored.tip.Height); !ok || at.BlockID != stored.tip || s.tip.Height-stored.tip.Height >= quietBlocks {
		return s
	}
	lower := *s
	lower.progress, lower.blocks = stored.progress, stored.blocks
	return &lower
}

// equal reports whether two snapshots say the same.
func (s *snapshot) equal(o *snapshot) bool {
	return s.pool.equal(o.pool) && s.progress == o.progress && slices.Equal(s.jobs, o.jobs) && slices.Equal(s.blocks, o.blocks) && slices.Equal(s.accounts, o.accounts) &&
		slices.EqualFunc(s.scripts, o.scripts, func(a, b script) bool { return bytes.Equal(a.encode(), b.encode()) })
}

// books are the rows that should be there, by bucket.
type books map[string]map[string]string

func (b books) put(bucket, key, value []byte) {
	rows := b[string(bucket)]
	if rows == nil {
		rows = make(map[string]string)
		b[string(bucket)] = rows
	}
	rows[string(key)] = string(value)
}

// rebuild derives all rows from the mined transactions.
func (w *Wallet) rebuild(ctx context.Context, tx *bolt.Tx, s *snapshot) (books, error) {
	b := make(books)
	err := all(tx.Bucket(minedBucket), func(k, v []byte) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		m, err := decodeMined(k, v)
		if err != nil {
			return err
		}
		if m.hash != m.tx.TxHash() || m.place.Height > s.tip.Height {
			return fmt.Errorf("transaction at %x is not what it says: %w", k, ErrCorrupt)
		}
		b.put(placesBucket, append(m.hash[:], k...), nil)
		if !void(tx, m.place) {
			e := examine(m.tx, kindAt(m.place, m.tx), w.ownerAt(s, m.place.Height))
			b.record(m, &e)
		}
		return nil
	})
	return b, err
}

// record adds the rows of one transaction, in the order of the chain.
func (b books) record(m *mined, e *effects) {
	for _, c := range e.credits {
		key := outpointKey(wire.OutPoint{Hash: m.hash, Index: c.index})
		b.put(creditsBucket, key, credit{m.place, c.script, c.amount, c.source}.encode())
		b.put(unspentBucket, key, nil)
		if c.source != FromTicket {
			b.pay(m.place, c)
		}
	}
	for _, c := range e.commitments {
		key := outpointKey(wire.OutPoint{Hash: m.hash, Index: c.index})
		b.put(commitmentsBucket, key, credit{m.place, c.script, c.amount, c.source}.encode())
		b.pay(m.place, c)
	}
	for _, sp := range e.spends {
		key := outpointKey(sp.prev)
		if _, ours := b[string(creditsBucket)][string(key)]; !ours {
			continue
		}
		b.put(spendsBucket, key, spender{m.place, sp.input}.encode())
		delete(b[string(unspentBucket)], string(key))
	}
}

func (b books) pay(place Place, c credited) {
	k, v := payment{c.script, place, c.index, c.amount, c.source}.encode()
	b.put(paymentsBucket, k, v)
}

// compare holds a bucket against the rows that should be in it, and unless it
// is complete only those that are.
func (b books) compare(tx *bolt.Tx, name []byte, complete bool) error {
	want := maps.Clone(b[string(name)])
	err := all(tx.Bucket(name), func(k, v []byte) error {
		value, ok := want[string(k)]
		if !ok {
			return fmt.Errorf("bucket %s has %x, which no transaction explains: %w", name, k, ErrCorrupt)
		}
		if value != string(v) {
			return fmt.Errorf("bucket %s has %x for %x, not %x: %w", name, v, k, value, ErrCorrupt)
		}
		delete(want, string(k))
		return nil
	})
	if err != nil || !complete {
		return err
	}
	for k := range want {
		return fmt.Errorf("bucket %s lacks %x: %w", name, k, ErrCorrupt)
	}
	return nil
}

// checkPool checks that unmined transactions could all be mined.
func checkPool(tx *bolt.Tx) error {
	p, err := loadPool(tx)
	if err != nil {
		return err
	}
	for _, u := range p.byHash {
		places, err := placesOf(tx, &u.hash)
		if err != nil {
			return err
		}
		for _, place := range places {
			if !void(tx, place) {
				return fmt.Errorf("unmined transaction %s is mined: %w", u.hash, ErrCorrupt)
			}
		}
		for _, op := range prevOuts(u.tx) {
			if p.spentBy[op] != u.hash {
				return fmt.Errorf("output %s is spent by two unmined transactions: %w", op, ErrCorrupt)
			}
			if _, spent, err := getSpender(tx, op); spent || err != nil {
				return fmt.Errorf("unmined transaction %s spends what is spent: %w", u.hash, orCorrupt(err))
			}
		}
	}
	return nil
}

// checkWindows checks that every address in a window is watched.
func checkWindows(s *snapshot) error {
	var watched [][2]uint32
	for range s.accounts {
		watched = append(watched, [2]uint32{})
	}
	for i := range s.scripts {
		if sc := &s.scripts[i]; sc.account != ImportedAccount {
			watched[sc.account][sc.branch]++
		}
	}
	for i := range s.accounts {
		a := &s.accounts[i]
		for branch, window := range a.Branches {
			if watched[i][branch] != a.watched[branch] || a.watched[branch] < window.end(a.Gap) {
				return fmt.Errorf("account %q watches %d addresses of branch %d, not %d: %w",
					a.Name, watched[i][branch], branch, window.end(a.Gap), ErrCorrupt)
			}
		}
	}
	return nil
}
