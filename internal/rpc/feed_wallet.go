package rpc

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spvd/spvd/internal/rpc/api"
)

// eventItems is how many transactions one notification has at most.
const eventItems = 100

// walletFeed tells one client what happens to a wallet. Its place is the last
// block up to which the client was told everything, with the blocks below it. A
// wallet that searches old blocks again takes the place back with it: then what
// is mined there is told again.
type walletFeed struct {
	topic  string
	depth  int64 // how far below the place things are told of again
	name   string
	wallet Wallet
	chain  Chain
	trail  []api.BlockID // newest first; empty until there is a wallet
	forgot uint32        // what the wallet had forgotten by then, see Position

	// ahead is the height up to which the client was told besides what lies
	// between the trail and what is being searched.
	ahead int64

	// loose are what the client was told of that is not mined, by key.
	loose map[string]bool
}

// tell implements feed. What cannot be read now may be with the next poke.
func (f *walletFeed) tell(ctx context.Context, n *news, to *feeds) error {
	at, err := f.wallet.Position()
	if err != nil || ctx.Err() != nil || !f.onMain(at.Tip) || !f.onMain(at.Scanned) {
		return nil
	}
	if len(f.trail) == 0 {
		f.begin(at)
	}
	back := f.disconnected()
	rest := f.trail[len(back):]
	if len(rest) == 0 || f.forgot != at.Forgot {
		f.begin(at)
		return f.send(n, &api.WalletEvent{Cursor: f.cursor(), Gap: true, Tip: f.trail[0]}, nil, to)
	}
	if len(back) > 0 {
		f.ahead = min(f.ahead, rest[0].Height)
	}
	found, err := f.happenings(ctx, n, at, max(0, min(rest[0].Height, at.Scanned.Height)-f.depth))
	if err != nil {
		return nil
	}
	trail, whole := f.trailTo(at.Scanned, rest)
	if !whole || !f.onMain(at.Tip) || !f.onMain(at.Scanned) {
		return nil // what was read is of two chains; the next poke tells
	}
	from, ahead := rest[0].Height, f.ahead
	f.trail, f.ahead = trail, max(at.Tip.Height, at.Scanned.Height)
	ev := api.WalletEvent{Cursor: f.cursor(), Tip: at.Tip, Disconnected: back}
	moved := at.Tip.Height > ahead || at.Scanned.Height > from
	due := func(h int64) bool {
		return moved && (h > from-f.depth && h <= at.Scanned.Height || h > ahead-f.depth)
	}
	var told []happening
	told, ev.Removed = f.fresh(found, due)
	return f.sendAll(n, ev, at.Scanned.Height < from, told, to)
}

// begin sets the place to where the wallet is.
func (f *walletFeed) begin(at Position) {
	f.trail, _ = f.trailTo(at.Scanned, nil)
	f.ahead, f.forgot = at.Tip.Height, at.Forgot
}

// cursor spells out the place, with what the wallet had forgotten behind a slash.
func (f *walletFeed) cursor() string {
	if f.forgot == 0 {
		return cursor(f.trail)
	}
	return cursor(f.trail) + "/" + strconv.FormatUint(uint64(f.forgot), 10)
}

// resume sets the place to a cursor, and reports whether it is one.
func (f *walletFeed) resume(from string) bool {
	place, number, some := strings.Cut(from, "/")
	if some {
		n, err := strconv.ParseUint(number, 10, 32)
		if err != nil {
			return false
		}
		f.forgot = uint32(n)
	}
	if f.trail = parseCursor(place); f.trail == nil {
		return false
	}
	f.ahead = f.trail[0].Height
	return true
}

// onMain reports whether the wallet is on the main chain at a block. When it is
// not it follows soon, and the feed is poked again.
func (f *walletFeed) onMain(id api.BlockID) bool {
	hash, err := f.chain.HashAt(id.Height)
	return err == nil && hash.String() == id.Hash
}

// disconnected returns the newest blocks of the trail that are not on the main
// chain any more.
func (f *walletFeed) disconnected() []api.BlockID {
	i := slices.IndexFunc(f.trail, f.onMain)
	if i < 0 {
		i = len(f.trail)
	}
	return f.trail[:i]
}

// trailTo returns the trail to a block of the main chain: what a cursor names,
// then what is known below. It is not whole when the chain has become shorter
// meanwhile; the next poke tells of that.
func (f *walletFeed) trailTo(id api.BlockID, known []api.BlockID) (trail []api.BlockID, whole bool) {
	known = slices.DeleteFunc(slices.Clone(known), func(k api.BlockID) bool { return k.Height >= id.Height })
	trail = []api.BlockID{id}
	for h := id.Height - 1; h >= 0 && len(trail) < cursorBlocks && (len(known) == 0 || h > known[0].Height); h-- {
		hash, err := f.chain.HashAt(h)
		if err != nil {
			return trail, false
		}
		trail = append(trail, api.BlockID{Height: h, Hash: hash.String()})
	}
	trail = append(trail, known...)
	return trail[:min(len(trail), trailLength)], true
}

// fresh returns what the client is to be told of, and of what was not mined the
// keys of what is gone.
func (f *walletFeed) fresh(found []happening, due func(height int64) bool) (told []happening, gone []string) {
	loose := make(map[string]bool)
	mined := make(map[string]bool)
	for _, h := range found {
		switch {
		case h.height == 0:
			if loose[h.key] = true; !f.loose[h.key] {
				told = append(told, h)
			}
		case due(h.height) || f.loose[h.key]:
			mined[h.key] = true
			told = append(told, h)
		}
	}
	for key := range f.loose {
		if !loose[key] && !mined[key] {
			gone = append(gone, key)
		}
	}
	slices.Sort(gone)
	f.loose = loose
	return told, gone
}

// sendAll sends an event with what is told, in several notifications if that is
// much: the last one has the cursor. An event that tells nothing is only sent when
// it must be.
func (f *walletFeed) sendAll(n *news, ev api.WalletEvent, must bool, told []happening, to *feeds) error {
	if !must && len(told)+len(ev.Removed)+len(ev.Disconnected) == 0 {
		return nil
	}
	for {
		part, items := ev, told[:min(len(told), eventItems)]
		if told = told[len(items):]; len(told) == 0 {
			return f.send(n, &part, items, to)
		}
		part.Cursor, part.More = "", true
		if err := f.send(n, &part, items, to); err != nil {
			return err
		}
		ev.Disconnected, ev.Removed = nil, nil
	}
}

// send sends an event with some items as one notification, which is encoded once
// for all clients that are told the same.
func (f *walletFeed) send(n *news, ev *api.WalletEvent, items []happening, to *feeds) error {
	message, err := n.read.frame(f.frameKey(ev, items), func() ([]byte, error) {
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

// frameKey returns what tells a notification from all others that come from the
// same readings.
func (f *walletFeed) frameKey(ev *api.WalletEvent, items []happening) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %t %t %v %v %q %s", f.topic, ev.Cursor, ev.Gap, ev.More, ev.Tip, ev.Disconnected, ev.Removed, f.name)
	for _, h := range items {
		fmt.Fprintf(&b, " %s:%d", h.key, h.height)
	}
	return b.String()
}
