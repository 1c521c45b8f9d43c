package wallet

import (
	"fmt"
	"maps"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// cursor is what a client of the wallet knows that has read its history at a block.
type cursor struct {
	at    consensus.BlockID
	lines map[string]bool // one for each transaction and its place
}

// lineOf returns what a client knows of a transaction.
func lineOf(hash chainhash.Hash, h consensus.Height) string { return fmt.Sprint(hash, " ", h) }

// lines returns what a client has to know.
func (o *oracle) lines(want *truth) map[string]bool {
	lines := make(map[string]bool)
	for h, b := range o.w.main {
		if b.Msg == nil {
			continue
		}
		for _, tx := range b.Msg.STransactions {
			if want.listed[*tx.CachedTxHash()] {
				lines[lineOf(*tx.CachedTxHash(), consensus.Height(h))] = true
			}
		}
		if h+1 < len(o.w.main) && o.w.main[h+1].Header.VoteBits()&1 == 0 {
			continue
		}
		for _, tx := range b.Msg.Transactions {
			if want.listed[*tx.CachedTxHash()] {
				lines[lineOf(*tx.CachedTxHash(), consensus.Height(h))] = true
			}
		}
	}
	return lines
}

// checkClients makes clients that read the wallet at earlier blocks go on, and wants each to
// have what the oracle says.
func (l *lifetime) checkClients(want *truth) {
	l.t.Helper()
	now := l.o.lines(want)
	for _, c := range l.cursors {
		l.checkClient(&c, now)
	}
	if len(l.cursors) > 3 {
		l.cursors = l.cursors[1:]
	}
	l.cursors = append(l.cursors, cursor{l.tip().BlockID, now})
}

func (l *lifetime) checkClient(c *cursor, now map[string]bool) {
	l.t.Helper()
	fork := l.fork(c.at)
	have := maps.Clone(c.lines)
	var told Since
	err := l.x.Since(l.t.Context(), c.at.Hash, 1, chainBranches{l.world}, func(s Since) {
		told = s
		for _, t := range s.Removed {
			maps.DeleteFunc(have, func(line string, _ bool) bool { return line[:len(t.Hash.String())] == t.Hash.String() })
		}
	}, func(t *Transaction) bool {
		if t.Mined() && (t.Net() != 0 || now[lineOf(t.Hash, t.Place.Height)]) {
			have[lineOf(t.Hash, t.Place.Height)] = true
		}
		return true
	})
	if err != nil {
		l.fail("since %v: %v", c.at, err)
	}
	if told.Fork != fork || told.Tip != l.tip().BlockID || told.Last != told.Tip {
		l.fail("since %v: fork %v, want %v, tip %v, last %v, want %v", c.at, told.Fork, fork, told.Tip, told.Last, l.tip().BlockID)
	}
	for line := range have {
		if !now[line] {
			l.fail("a client that read the wallet at %v believes in %s", c.at, line)
		}
	}
	for line := range now {
		if !have[line] {
			l.fail("a client that read the wallet at %v misses %s", c.at, line)
		}
	}
}

// chainBranches is what the chain store says about branches.
type chainBranches struct{ *world }

func (s chainBranches) Branch(hash chainhash.Hash, locator []consensus.BlockID) (chain.Branch, error) {
	var br chain.Branch
	b, ok := s.every[hash]
	if !ok {
		return br, chain.ErrNotFound
	}
	i := slices.IndexFunc(locator, func(id consensus.BlockID) bool {
		return int(id.Height) < len(s.main) && s.main[id.Height].Hash == id.Hash
	})
	if i < 0 {
		return br, chain.ErrNotFound
	}
	br.Common = locator[i]
	for int(b.Height) >= len(s.main) || s.main[b.Height].Hash != b.Hash {
		br.Left = append(br.Left, b.BlockID)
		b = s.every[b.Header.PrevBlock()]
	}
	br.Fork = b.BlockID
	return br, nil
}

func (s chainBranches) Ancestor(_ []consensus.BlockID, h consensus.Height) (consensus.BlockID, error) {
	if h < 0 || int(h) >= len(s.main) {
		return consensus.BlockID{}, chain.ErrNotFound
	}
	return s.main[h].BlockID, nil
}
