package headersync

import (
	"time"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// answer is what a peer last said about its chain.
type answer uint8

const (
	unasked  answer = iota
	asking          // a request is on its way
	caughtUp        // it has shown all it has, and that is no more work than ours
	failed          // it did not answer
)

// peerTip is the tip of one live peer, and how it got there.
type peerTip struct {
	failures        int // answers that were none, in all
	answer          answer
	host            string // the machine behind the peer, as far as its address tells
	joined          time.Time
	progress        time.Time     // when it last sent new headers that were asked for
	slowest         time.Duration // of its replies to requests for headers
	since           time.Time     // of the answer
	claimed         consensus.Height
	heard           bool          // it has sent headers that were asked for
	shown           bool          // it has caught up at least once on this connection
	broken          bool          // it has sent headers that break a rule since it last caught up
	resumed         bool          // the request on its way was forgotten by a restart
	again           bool          // it is to be asked once more after the request on its way
	sentSendHeaders bool          // sendheaders is on its way or sent
	joinedSynced    bool          // it has connected while the status was synced
	trip            time.Duration // a round trip, as its handshake took it; zero if not known

	// next is the last header of a full message: what the peer has goes on after it.
	// It is zero at first and when the peer has shown all. emptyBatches is the number of
	// such messages in a row that brought nothing new, side the number of headers
	// that did not join the main chain since the peer last had shown all.
	next               consensus.BlockID
	emptyBatches, side int

	gain gain // of its announcements
}

// more records a full message after which a peer is to be asked for what follows, with
// what it changed. It reports false if the peer has sent too much without any gain: so
// much that no honest one has to, on a chain of the given height.
func (w *peerTip) more(b *consensus.HeaderBatch, ext *chain.Extension, tip consensus.Height) bool {
	last := len(b.Headers) - 1
	w.next = consensus.BlockID{Height: b.Headers[last].Height(), Hash: b.Hashes[last]}
	if w.emptyBatches++; ext.Added+ext.Side > 0 {
		w.emptyBatches = 0
	}
	if w.side += ext.Side; ext.Added > 0 {
		w.side = 0
	}
	return w.emptyBatches <= MaxEmptyBatches && w.side <= 2*int(tip)+maxSide
}
