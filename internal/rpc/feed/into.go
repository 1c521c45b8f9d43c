package feed

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv/consensus"
)

// Into returns a feed whose notifications are sent by a function of its own, in the place of
// that of the sender which it is started at. The function must not change a message.
func Into(f Feed, send func(ctx context.Context, message []byte) error) Feed { return into{f, send} }

type into struct {
	Feed
	send func(context.Context, []byte) error
}

// tell implements Feed.
func (f into) tell(ctx context.Context, u *update, to *Sender) error {
	return f.Feed.tell(ctx, u, &Sender{ctx: to.ctx, send: f.send})
}

// CursorAt returns the cursor of a wallet's topics for a block, and the epoch and the searches
// of the wallet, see wallet.Status.
func CursorAt(id consensus.BlockID, epoch, searches uint32) string {
	return (&Wallet{at: locator{id}, epoch: epoch, searches: int64(searches)}).cursor()
}

// CursorAtGenesis returns the cursor before everything that a wallet may hold.
func CursorAtGenesis(genesis chainhash.Hash, epoch uint32) string {
	return CursorAt(consensus.BlockID{Hash: genesis}, epoch, 0)
}

// Knows makes a feed that goes on after a cursor leave out unmined transactions that the client
// knows, and name those of them that are gone. It must be called before the feed is started.
func (f *Wallet) Knows(unmined []string) {
	f.loose = make(map[string]bool, len(unmined))
	for _, key := range unmined {
		f.loose[key] = true
	}
}

// Conditions notifies one client of the current status and of each newer one that differs in
// what a person would have to be told: whether the daemon is synced, its phase, its error, the
// warnings, and whether there are peers. It is no news how far a sync is. Make one with
// NewConditions.
type Conditions struct {
	without string
	seen    uint64
	sent    string
}

// NewConditions returns a feed of conditions, to which one warning, by its code, does not
// belong.
func NewConditions(without string) *Conditions { return &Conditions{without: without} }

// tell implements Feed.
func (f *Conditions) tell(ctx context.Context, u *update, to *Sender) error {
	if u.status.Seq <= f.seen || ctx.Err() != nil {
		return nil
	}
	next := f.of(&u.status)
	if next == f.sent {
		f.seen = u.status.Seq
		return nil
	}
	message, err := u.frame()
	if err != nil {
		return err
	}
	f.seen, f.sent = u.status.Seq, next
	return to.pass(message)
}

// of returns the conditions of a status as text.
func (f *Conditions) of(st *api.SyncStatus) string {
	parts := []string{st.Phase, strconv.FormatBool(st.Synced), strconv.FormatBool(st.Initialised), strconv.FormatBool(st.Peers > 0), st.Error}
	var codes []string
	for _, w := range st.Warnings {
		if w.Code != f.without {
			codes = append(codes, w.Code)
		}
	}
	slices.Sort(codes)
	return strings.Join(append(parts, codes...), "\x00")
}
