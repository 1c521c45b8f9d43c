package feed

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/internal/votecheck"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// unknownSearches stands for a number of searches in cursors that tell none.
const unknownSearches = -1

// eventItems is how many transactions one notification has at most.
const eventItems = 100

// Wallet notifies one client of the changes of a wallet. Its place is the last block up to
// which the client was notified of everything, with the blocks below it. While the wallet
// searches old blocks again the place goes back with it: transactions that are mined there
// are sent again. Make one with NewWallet.
type Wallet struct {
	hub    *Hub
	topic  string
	depth  int64   // how far below the place transactions are sent again
	wallet string  // its name
	at     locator // empty until there is a wallet
	epoch  uint32  // the epoch of the wallet at that time, see wallet.Status

	// searches is wallet.Status.Searches at that time, or unknownSearches after a cursor that
	// does not tell. Seen is the wallet that it is of, nil after a cursor, and changes
	// wallet.Status.Changes.
	searches int64
	seen     *wallet.Wallet
	changes  uint64

	// top are the newest blocks that the client was notified of while the place is below them. They
	// may be disconnected too.
	top locator

	only only // what the client has chosen

	// ahead is the height up to which the client was notified, except for the blocks between
	// the place and those that are being searched.
	ahead int64

	// loose holds the keys of unmined transactions that the client was notified of.
	loose map[string]bool

	// voted holds the votes behind mined transactions as the client knows them, by key. It is
	// nil until the first read: a client without a cursor reads the votes itself.
	voted map[string]string

	// read is the state of the wallet when the client was last notified of everything in it.
	// While it is unchanged nothing is read.
	read walletState
}

// walletState is everything that determines the notifications about the transactions of a
// wallet.
type walletState struct {
	wallet       *wallet.Wallet // another one after it was closed and opened
	tip, scanned consensus.BlockID
	epoch        uint32
	changes      uint64
	votes        uint64 // update.votes
}

// NewWallet returns a feed of a topic for the wallet with a name, after a cursor or, for an
// empty one, after the wallet's position, and the cursor it begins after. Depth is for how
// many blocks a transaction is sent again, at least 1. Without a wallet, or while it is not
// on the main chain, the cursor is empty and the feed begins at the wallet's position. The
// feed is nil if the text is no cursor.
func NewWallet(h *Hub, topic, name, after string, depth int64) (f *Wallet, cursor string) {
	f = &Wallet{hub: h, topic: topic, depth: depth - 1, wallet: name}
	if after != "" {
		if !f.resume(after) {
			return nil, ""
		}
		f.voted = make(map[string]string)
		return f, after
	}
	w, err := h.wallets.Wallet(name)
	if err != nil {
		return f, ""
	}
	if at := w.Status(); f.onMain(at.Scanned) {
		f.begin(w, &at)
		return f, f.cursor()
	}
	return f, ""
}

// tell implements Feed. A read that fails is repeated at the next poke.
func (f *Wallet) tell(ctx context.Context, u *update, to *Sender) error {
	w, err := f.hub.wallets.Wallet(f.wallet)
	if err != nil || ctx.Err() != nil {
		return nil
	}
	at := w.Status()
	if !f.onMain(at.Tip) || !f.onMain(at.Scanned) {
		return nil
	}
	state := walletState{w, at.Tip, at.Scanned, at.Epoch, at.Changes, u.votes}
	if f.read == state {
		return nil
	}
	if len(f.at) == 0 {
		f.begin(w, &at)
	}
	back, rest := f.split(f.at)
	top := rest
	if len(f.top) > 0 {
		back, top = f.split(f.top)
	}
	again, known := f.searchedAgain(w, &at)
	if len(rest) == 0 || len(top) == 0 || f.epoch != at.Epoch || !known {
		f.begin(w, &at)
		return f.send(u, &api.WalletEvent{Cursor: f.cursor(), Gap: true, Tip: view.BlockID(f.at[0])}, nil, to)
	}
	if len(back) > 0 {
		f.ahead = min(f.ahead, int64(top[0].Height))
	}
	reached := int64(rest[0].Height)
	if rest, known = f.below(again, rest); !known {
		return nil // the chain has become shorter; the next poke reads it again
	}
	from, scanned, tip := int64(rest[0].Height), int64(at.Scanned.Height), int64(at.Tip.Height)
	found, err := f.items(ctx, u, w, &at, max(0, min(from, scanned)-f.readDepth()))
	if err == nil {
		found, err = f.only.choose(ctx, w, found)
	}
	if err != nil {
		return nil
	}
	place, whole := f.placeAt(at.Scanned, rest)
	if tip > scanned {
		var wholeTop bool
		top, wholeTop = f.placeAt(at.Tip, top)
		whole = whole && wholeTop
	} else {
		top = nil
	}
	if !whole || !f.onMain(at.Tip) || !f.onMain(at.Scanned) {
		return nil // the data is of two chains; the next poke reads it again
	}
	ahead := f.ahead
	f.at, f.top, f.ahead = place, top, max(tip, scanned)
	f.recordSearches(w, &at)
	ev := api.WalletEvent{Cursor: f.cursor(), Tip: view.BlockID(at.Tip), Disconnected: view.BlockIDs(back)}
	moved, depth := tip > ahead || scanned > from, f.depth
	if len(back) > 0 {
		depth = max(depth, 1) // the votes for the block of the fork are others
	}
	due := func(h int64) bool {
		return moved && (h > from-depth && h <= scanned || h > ahead-depth)
	}
	var updates []item
	updates, ev.Removed = f.fresh(found, due)
	f.read = state
	return f.sendAll(u, ev, scanned < reached, updates, to)
}

// recordSearches records up to which search of the wallet the client was notified.
func (f *Wallet) recordSearches(w *wallet.Wallet, at *wallet.Status) {
	f.seen, f.changes, f.searches = w, at.Changes, int64(at.Searches)
}

// searchedAgain returns the first height that was searched again since the client was last
// notified, consensus.Never without any. A search may have begun and ended since then, so that
// the place of the wallet does not show it.
func (f *Wallet) searchedAgain(w *wallet.Wallet, at *wallet.Status) (from consensus.Height, known bool) {
	switch {
	case f.seen == w && f.changes <= at.Changes:
		return w.SearchedAgain(f.changes), true
	case f.searches == unknownSearches || f.at[0].Height == 0:
		return consensus.Never, true
	}
	return w.SearchedBy(uint32(f.searches))
}

// below returns a place, or a lower one below blocks that were searched again. It is not known
// if the chain has become shorter meanwhile.
func (f *Wallet) below(again consensus.Height, rest locator) (place locator, known bool) {
	if again == consensus.Never || again > rest[0].Height {
		return rest, true
	}
	h := max(0, again-1)
	hash, err := f.hashAt(h)
	if err != nil {
		return rest, false
	}
	return f.placeAt(consensus.BlockID{Height: h, Hash: hash}, nil)
}

// readDepth returns how far below the place transactions are read: as far as they are sent again,
// or their known votes may change, and as far as the votes in a new block may void them.
func (f *Wallet) readDepth() int64 {
	if f.topic != api.TopicTransactions || f.hub.votes == nil {
		return max(f.depth, 1)
	}
	return max(f.depth, votecheck.Blocks+1)
}

// begin sets the place to the position of the wallet.
func (f *Wallet) begin(w *wallet.Wallet, at *wallet.Status) {
	f.recordSearches(w, at)
	f.at, _ = f.placeAt(at.Scanned, nil)
	f.top = nil
	if at.Tip.Height > at.Scanned.Height {
		f.top, _ = f.placeAt(at.Tip, nil)
	}
	f.ahead, f.epoch = int64(at.Tip.Height), at.Epoch
}

// cursor returns the place as text, with the epoch of the wallet behind a slash, the number of
// searches behind a tilde, and the newest blocks that the client was notified of behind a plus
// sign.
func (f *Wallet) cursor() string {
	text := f.at.cursor()
	if f.epoch != 0 {
		text += "/" + strconv.FormatUint(uint64(f.epoch), 10)
	}
	if f.searches != unknownSearches {
		text += "~" + strconv.FormatInt(f.searches, 10)
	}
	if len(f.top) > 0 {
		text += "+" + f.top.cursor()
	}
	return text
}

// resume sets the place to a cursor, and reports whether the text is one.
func (f *Wallet) resume(from string) bool {
	from, top, above := strings.Cut(from, "+")
	from, searches, tells := strings.Cut(from, "~")
	if f.searches = unknownSearches; tells {
		n, err := strconv.ParseUint(searches, 10, 32)
		if err != nil {
			return false
		}
		f.searches = int64(n)
	}
	place, number, some := strings.Cut(from, "/")
	if some {
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil {
			return false
		}
		f.epoch = uint32(n)
	}
	if f.at = parseCursor(place); f.at == nil {
		return false
	}
	f.ahead = int64(f.at[0].Height)
	if above {
		if f.top = parseCursor(top); f.top == nil || f.top[0].Height <= f.at[0].Height {
			return false
		}
		f.ahead = int64(f.top[0].Height)
	}
	return true
}

// onMain reports whether a block is on the main chain. The wallet follows a reorganisation
// soon, and then the feed is poked again.
func (f *Wallet) onMain(id consensus.BlockID) bool {
	hash, err := f.hashAt(id.Height)
	return err == nil && hash == id.Hash
}

// hashAt returns the hash of the main chain block at a height, chain.ErrNotFound if
// there is none.
func (f *Wallet) hashAt(h consensus.Height) (chainhash.Hash, error) {
	store, err := f.hub.syncer.Chain()
	if err != nil {
		return chainhash.Hash{}, err
	}
	header, err := store.Header(h)
	return header.Hash(), err
}

// split returns the newest blocks of a locator that are no longer on the main chain, and the
// others. If all have left it, and the chain still knows the blocks below them, those are
// included.
func (f *Wallet) split(l locator) (back, rest locator) {
	count := func() int {
		if i := slices.IndexFunc(l, f.onMain); i >= 0 {
			return i
		}
		return len(l)
	}
	n := count()
	if n == len(l) {
		if store, err := f.hub.syncer.Chain(); err == nil {
			l = l.extended(store)
			n = count()
		}
	}
	return l[:n], l[n:]
}

// placeAt returns the place at a block of the main chain: the blocks that a cursor holds,
// then the known ones below. It is not whole if the chain has become shorter meanwhile; then
// the next poke reads it again.
func (f *Wallet) placeAt(id consensus.BlockID, known locator) (place locator, whole bool) {
	known = slices.DeleteFunc(slices.Clone(known), func(k consensus.BlockID) bool { return k.Height >= id.Height })
	place = locator{id}
	most := cursorBlocks
	if len(known) > 0 {
		most = locatorLength // with all blocks: each may be disconnected
	}
	for h := id.Height - 1; h >= 0 && len(place) < most && (len(known) == 0 || h > known[0].Height); h-- {
		hash, err := f.hashAt(h)
		if err != nil {
			return place, false
		}
		place = append(place, consensus.BlockID{Height: h, Hash: hash})
	}
	place = append(place, known...)
	return place[:min(len(place), locatorLength)], true
}

// fresh returns the items to send, and the keys of those that were not mined and are
// gone.
func (f *Wallet) fresh(found []item, due func(height int64) bool) (updates []item, gone []string) {
	loose := make(map[string]bool)
	mined := make(map[string]bool)
	voted := make(map[string]string)
	for _, h := range found {
		switch {
		case h.height == 0:
			if loose[h.key] = true; !f.loose[h.key] {
				updates = append(updates, h)
			}
		case due(h.height) || f.loose[h.key]:
			mined[h.key] = true
			updates = append(updates, h)
		case f.voted != nil && h.votes != "" && f.voted[h.key] != h.votes:
			updates = append(updates, h)
		}
		if h.votes != "" {
			voted[h.key] = h.votes
		}
	}
	f.voted = voted
	for key := range f.loose {
		if !loose[key] && !mined[key] {
			gone = append(gone, key)
		}
	}
	slices.Sort(gone)
	f.loose = loose
	return updates, gone
}

// sendAll sends an event with items, in several notifications if there are many: the last one
// has the cursor. An event without content is sent only if must is set.
func (f *Wallet) sendAll(u *update, ev api.WalletEvent, must bool, updates []item, to *Sender) error {
	if !must && len(updates)+len(ev.Removed)+len(ev.Disconnected) == 0 {
		return nil
	}
	for {
		part, items := ev, updates[:min(len(updates), eventItems)]
		if updates = updates[len(items):]; len(updates) == 0 {
			return f.send(u, &part, items, to)
		}
		part.Cursor, part.More = "", true
		if err := f.send(u, &part, items, to); err != nil {
			return err
		}
		ev.Disconnected, ev.Removed = nil, nil
	}
}

// send sends an event with some items as one notification, which is encoded once
// for all clients that get the same.
func (f *Wallet) send(u *update, ev *api.WalletEvent, items []item, to *Sender) error {
	message, err := u.read.frame(f.frameKey(ev, items), func() ([]byte, error) {
		for _, h := range items {
			h.put(ev)
		}
		return encodeNotification(f.topic, ev)
	})
	if err != nil {
		return err
	}
	return to.pass(message)
}

// frameKey returns a key that differs for every notification made from the same cache.
func (f *Wallet) frameKey(ev *api.WalletEvent, items []item) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %t %t %v %v %q %s", f.topic, ev.Cursor, ev.Gap, ev.More, ev.Tip, ev.Disconnected, ev.Removed, f.wallet)
	for _, h := range items {
		fmt.Fprintf(&b, " %s:%d:%s", h.key, h.height, h.votes)
	}
	return b.String()
}
