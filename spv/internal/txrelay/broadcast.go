package txrelay

import (
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// Times of a broadcast. All but askedTime are jittered over their upper half.
const (
	// echoTime is how long an echo is waited for before more peers are offered it. A
	// dcrd node passes a transaction on within half a second; a few of them lie
	// between two of our peers.
	echoTime = 8 * time.Second

	// FirstRest is the pause after a round in which all peers were offered it and none
	// has echoed. It doubles up to lastRest. Once a peer has echoed it is at least
	// seenRest: the network has the transaction, and a node that offers a known one
	// shows that the transaction is its own.
	FirstRest = 5 * time.Minute
	seenRest  = time.Hour
	lastRest  = 6 * time.Hour

	// foreignTime is how long a transaction that does not concern the wallet is published,
	// because it is not known when it is mined.
	foreignTime = 24 * time.Hour
)

// widths are how many peers it is offered to at each step of a round; after the last one it
// is offered to all.
var widths = [...]int{1, 3}

// Standing is how a published transaction stands.
type Standing struct {
	Hash  chainhash.Hash
	Tx    *wire.MsgTx // must not be changed
	Own   bool        // the wallet keeps it
	Since time.Time   // when it was published

	// Peers that were offered it, that have requested it, and that have announced it without
	// having been offered it.
	OfferedTo, FetchedBy, EchoedBy int

	Next   time.Time        // when it is offered to more peers, or again; zero at the end
	End    End              // why it is no longer published
	Height consensus.Height // of the block that holds it, if Mined
}

// End is why a transaction is no longer published; zero while it is.
type End uint8

// The ends.
const (
	Mined     End = iota + 1 // a block of the chain holds it
	TooLate                  // no later block may hold it
	Dropped                  // the wallet has given it up: double spent, or abandoned
	Forgotten                // of no concern to the wallet, and published for long enough
)

// String returns the name of the end for the log.
func (e End) String() string {
	switch e {
	case Mined:
		return "mined"
	case TooLate:
		return "expired"
	case Dropped:
		return "dropped"
	case Forgotten:
		return "ended"
	}
	return "published"
}

// broadcast decides when a transaction is offered to which peers: to one first, to
// more when no other peer echoes it, at last to all, and again after a rest. It
// is a plain value.
type broadcast struct {
	hash chainhash.Hash
	tx   *wire.MsgTx
	own  bool // the wallet keeps it

	// parents are what it spends and is published too: it is offered to the same
	// peers, because no node accepts it without them.
	parents []*broadcast
	at      time.Time

	round  int          // counts the rests
	step   int          // how many widths of the round are done
	due    time.Time    // when the next step is
	given  []p2p.PeerID // peers it was offered to in this round
	quiet  bool         // no peer has echoed it since the round began
	ever   map[p2p.PeerID]bool
	asked  map[p2p.PeerID]bool // peers that have fetched it
	echoed map[p2p.PeerID]bool // peers that announced it without us
}

func newBroadcast(tx *wire.MsgTx, own bool, now time.Time) *broadcast {
	return &broadcast{
		hash: tx.TxHash(), tx: tx, own: own, at: now, due: now,
		ever: make(map[p2p.PeerID]bool), asked: make(map[p2p.PeerID]bool), echoed: make(map[p2p.PeerID]bool),
	}
}

// next returns the peers to offer the transaction to now. Those that were never offered it
// come first, in random order.
func (b *broadcast) next(now time.Time, live []p2p.PeerID, random func() uint64) []p2p.PeerID {
	if b.lonely(live) {
		b.due = now // no peer has it yet, and there is a new one
	}
	if now.Before(b.due) || len(live) == 0 {
		return nil
	}
	width := len(live)
	if b.step < len(widths) {
		width = widths[b.step]
	}
	var offer []p2p.PeerID
	for _, id := range b.choose(live, random) {
		if len(b.given)+len(offer) < width {
			offer = append(offer, id)
		}
	}
	b.given = append(b.given, offer...)
	for _, id := range offer {
		b.ever[id] = true
	}
	if b.step == 0 {
		b.quiet = true
	}
	b.step++
	switch {
	case len(b.echoed) > 0: // the network has had it: one peer is reminded
		b.rest(now, seenRest, random)
	case b.step > len(widths):
		b.rest(now, FirstRest, random)
	default:
		b.due = now.Add(jittered(echoTime, random()))
	}
	return offer
}

// lonely reports whether all peers that were offered it are gone, and none of them has
// requested it, and another peer is live.
func (b *broadcast) lonely(live []p2p.PeerID) bool {
	if len(b.ever) == 0 || len(b.asked)+len(b.echoed) > 0 {
		return false
	}
	return !slices.ContainsFunc(live, func(id p2p.PeerID) bool { return b.ever[id] }) && len(live) > 0
}

// choose returns the peers that were not offered it in this round, those that never were
// first.
func (b *broadcast) choose(live []p2p.PeerID, random func() uint64) []p2p.PeerID {
	var fresh, old []p2p.PeerID
	for _, id := range live {
		switch {
		case slices.Contains(b.given, id):
		case b.ever[id]:
			old = append(old, id)
		default:
			fresh = append(fresh, id)
		}
	}
	shuffle(fresh, random)
	shuffle(old, random)
	list := append(fresh, old...)
	slices.SortStableFunc(list, func(x, y p2p.PeerID) int { return b.parental(y) - b.parental(x) })
	return list
}

// parental returns how many of the parents a peer was offered.
func (b *broadcast) parental(id p2p.PeerID) int {
	n := 0
	for _, p := range b.parents {
		if p.ever[id] {
			n++
		}
	}
	return n
}

// rest ends the round: the next one begins after at least so long.
func (b *broadcast) rest(now time.Time, least time.Duration, random func() uint64) {
	pause := min(max(FirstRest<<min(b.round, 10), least), lastRest)
	b.round++
	b.step, b.given = 0, nil
	b.due = now.Add(jittered(pause, random()))
}

// echo records that a peer announced the transaction. If the peer was never offered it, that
// ends the round.
func (b *broadcast) echo(id p2p.PeerID, now time.Time, random func() uint64) {
	if b.ever[id] || b.echoed[id] {
		return
	}
	b.echoed[id] = true
	if b.quiet {
		b.quiet = false
		b.rest(now, seenRest, random)
	}
}

// expired reports whether no block above a height may hold the transaction.
func (b *broadcast) expired(tip consensus.Height) bool {
	return Expired(b.tx, tip)
}

// over reports whether a transaction that does not concern the wallet was published for long
// enough.
func (b *broadcast) over(now time.Time) bool { return !b.own && now.Sub(b.at) >= foreignTime }

// standing returns how the broadcast stands.
func (b *broadcast) standing() Standing {
	return Standing{
		Hash: b.hash, Tx: b.tx, Own: b.own, Since: b.at, Next: b.due,
		OfferedTo: len(b.ever), FetchedBy: len(b.asked), EchoedBy: len(b.echoed),
	}
}

// jittered returns a duration from the upper half of d.
func jittered(d time.Duration, random uint64) time.Duration {
	half := d / 2
	return half + time.Duration(random%uint64(half+1))
}

// shuffle puts peers into random order.
func shuffle(ids []p2p.PeerID, random func() uint64) {
	for i := len(ids) - 1; i > 0; i-- {
		j := int(random() % uint64(i+1))
		ids[i], ids[j] = ids[j], ids[i]
	}
}

// Expired reports whether no block above a height may hold a transaction (wire: Expiry is the
// first height that may not, zero is never).
func Expired(tx *wire.MsgTx, tip consensus.Height) bool {
	return tx.Expiry != wire.NoExpiryValue && uint32(tip)+1 >= tx.Expiry
}
