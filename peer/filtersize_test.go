package peer

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/peertest"
)

// hugeFilters is a reply with filters that are larger than any real one.
func hugeFilters(first, last chainhash.Hash) *wire.MsgCFiltersV2 {
	var filters []wire.MsgCFilterV2
	for i := range 100 {
		f := wire.MsgCFilterV2{BlockHash: first, Data: make([]byte, 200<<10)}
		if i == 99 {
			f.BlockHash = last
		}
		filters = append(filters, f)
	}
	return wire.NewMsgCFiltersV2(filters)
}

// TestFiltersThatNoBlockJustifies lets a peer reply with 20 MB where the blocks justify less,
// in time or after the request was abandoned: the peer is banned, and the reply is not kept.
func TestFiltersThatNoBlockJustifies(t *testing.T) {
	chain := peertest.NewChain(120)
	for _, late := range []time.Duration{0, time.Minute} {
		script := peertest.WelcomeThen(func(n *peertest.Node) {
			ask := peertest.Expect[*wire.MsgGetCFsV2](n)
			if late > 0 {
				<-time.After(late)
			}
			n.Send(hugeFilters(ask.StartHash, ask.EndHash))
		})
		run(t, nil, []func(*peertest.Node){script}, func(t *testing.T, b *bench) {
			_, _, err := b.CFilters(t.Context(), nil, chain.Hashes[1], chain.Hashes[100], 1<<20)
			if late == 0 && !errors.Is(err, fault.Oversized) || late > 0 && !errors.Is(err, fault.Timeout) {
				t.Errorf("reply after %v: %v", late, err)
			}
			<-time.After(2 * time.Minute)
			synctest.Wait()
			if bans := b.Bans(); len(bans) != 1 || bans[0].Reason != fault.Oversized {
				t.Errorf("reply after %v: bans %+v", late, bans)
			}
		})
	}
}

// TestFiltersThatWereNotAskedFor checks that a large reply that answers no request is not
// read into memory, and no more of it than of any flood: the peer is disconnected, and not
// banned.
func TestFiltersThatWereNotAskedFor(t *testing.T) {
	script := peertest.WelcomeThen(func(n *peertest.Node) { n.Send(hugeFilters(chainhash.Hash{1}, chainhash.Hash{2})) })
	run(t, nil, []func(*peertest.Node){script}, func(t *testing.T, b *bench) {
		synctest.Wait()
		if i := b.only(); i.BytesReceived > maxJunk+4*readAhead || len(b.Bans()) != 0 {
			t.Errorf("%+v, bans %v", i, b.Bans())
		}
		<-time.After(2 * maxThrottled)
		synctest.Wait()
		if left := b.log.reasons(slog.LevelWarn); !slices.ContainsFunc(left, func(why string) bool { return strings.HasPrefix(why, fault.Flood.String()) }) || len(b.Bans()) != 0 {
			t.Errorf("disconnected for %q, bans %v", left, b.Bans())
		}
	})
}
