package rescan

import (
	"slices"
	"unsafe"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// Sizes of a scan.
const (
	// stepBlocks is the greatest number of blocks in one update for the wallet.
	stepBlocks consensus.Height = 16_384

	// stretchBlocks is the greatest number of blocks that one job matches,
	// stretchHashes about how many scripts it hashes: ten milliseconds or a few times
	// that, by the machine.
	stretchBlocks = 4096
	stretchHashes = 2 << 20

	// aheadBlocks is how far ahead of the wallet filters are matched, at most,
	// and aheadHits how many matches may wait there before no more are looked for.
	aheadBlocks = 8 * stepBlocks
	aheadHits   = 4096

	// minFetches is how many blocks may be on their way at first. The window grows by
	// one with each block that arrives, up to fetchesPerPeer for each live peer: enough
	// for 5,000 blocks a second at a round trip of 50 ms. The pool bounds what each
	// peer owes by its own round trip and rate.
	minFetches     = 16
	fetchesPerPeer = 256

	// HeldBytes bounds the memory, in bytes, of the blocks that are on their way or wait
	// to be applied. One that is on its way counts fetchCost for its request, and
	// decodedCost times its size in its header; one that has arrived what it occupies.
	HeldBytes   = 16 << 20
	fetchCost   = 8 << 10
	decodedCost = 3
)

// hit is a block whose filter matches, or says nothing.
type hit struct {
	consensus.BlockID
	header consensus.Header
}

// stretch is a run of blocks that one job matches.
type stretch struct {
	first, last consensus.Height
	watched     int  // the number of scripts it has been matched against
	matching    bool // a job matches it
	end         consensus.BlockID
	hits        []hit // in height order
}

// held is a matched block that was asked for.
type held struct {
	hit
	msg  *wire.MsgBlock // nil while it is on its way
	from p2p.PeerID     // the peer that sent it
	cost int            // bytes that it counts as
}

// scanPlan decides what is matched and fetched ahead of a wallet that stands at a
// place of the chain. Stretches are handed out in height order. Those that were
// matched before the wallet watched more scripts are matched again, against the
// new ones, but only when they are due: not each time the wallet grows.
// It is a pure value: no clock, no network.
type scanPlan struct {
	base      consensus.BlockID // where the wallet stands, or will after the step back that is due
	applying  bool              // a step from there is being made
	next      consensus.Height  // the first block of no stretch
	stretches []*stretch        // the blocks between, in height order
	blocks    map[consensus.Height]*held
	matching  int // jobs that match
	fetching  int // blocks on their way
	window    int // how many may be, as far as live peers and memory allow
	size      int // cost of all that is in blocks
	room      int // the bound of size
	hits      int // in all stretches
}

// newScanPlan returns a plan for the blocks after one.
func newScanPlan(base consensus.BlockID) *scanPlan {
	return &scanPlan{
		base: base, next: base.Height + 1, window: minFetches, room: HeldBytes,
		blocks: make(map[consensus.Height]*held),
	}
}

// take hands out the next stretch to match against so many scripts, up to the tip
// of the filters, if one may be with so many jobs at a time.
func (p *scanPlan) take(tip consensus.Height, watched, jobs int) (*stretch, bool) {
	if p.matching >= jobs || watched == 0 {
		return nil, false
	}
	for _, s := range p.stretches {
		if p.applying || s.first > p.base.Height+stepBlocks {
			break
		}
		if s.watched < watched && !s.matching {
			s.matching = true
			p.matching++
			return s, true
		}
	}
	n := min(stretchBlocks, max(1, stretchHashes/consensus.Height(watched)), tip-p.next+1)
	if n <= 0 || p.next > p.base.Height+aheadBlocks || p.hits >= aheadHits {
		return nil, false
	}
	s := &stretch{first: p.next, last: p.next + n - 1, matching: true}
	p.stretches = append(p.stretches, s)
	p.next += n
	p.matching++
	return s, true
}

// matched takes the result of matching a stretch: what was found, and its last
// block. Blocks that were found before may be among what was found, or not. It
// reports whether that is the chain that was found before.
func (p *scanPlan) matched(s *stretch, watched int, end consensus.BlockID, found []hit) bool {
	p.matching--
	if s.watched > 0 && s.end != end {
		return false
	}
	p.hits -= len(s.hits)
	s.matching, s.watched, s.end = false, watched, end
	s.hits = slices.SortedFunc(slices.Values(append(s.hits, found...)), func(a, b hit) int { return int(a.Height - b.Height) })
	s.hits = slices.CompactFunc(s.hits, func(a, b hit) bool { return a.Height == b.Height })
	s.hits = slices.DeleteFunc(s.hits, func(h hit) bool { return h.Height <= p.base.Height })
	p.hits += len(s.hits)
	return true
}

// fetch hands out the next block to fetch, if one may be with so many live peers. There
// is always room for the first one, which all others wait for.
func (p *scanPlan) fetch(peers int) (hit, bool) {
	if p.fetching >= max(minFetches, min(p.window, peers*fetchesPerPeer)) {
		return hit{}, false
	}
	first := true
	for _, s := range p.stretches {
		if s.watched == 0 {
			break
		}
		for _, h := range s.hits {
			if p.blocks[h.Height] != nil {
				first = false
				continue
			}
			if !first && !p.hasRoom() {
				return hit{}, false
			}
			b := &held{hit: h, cost: fetchCost + decodedCost*int(min(h.header.Size(), wire.MaxBlockPayload))}
			p.blocks[h.Height] = b
			p.fetching++
			p.size += b.cost
			return h, true
		}
	}
	return hit{}, false
}

// hasRoom reports whether one more block may be held.
func (p *scanPlan) hasRoom() bool { return p.size < p.room }

// fetched records the arrival from a peer of a block that was handed out, which the wallet
// may have passed meanwhile.
func (p *scanPlan) fetched(h consensus.Height, msg *wire.MsgBlock, from p2p.PeerID) {
	p.fetching--
	p.window++
	if b := p.blocks[h]; b != nil {
		p.size -= b.cost
		b.msg, b.from, b.cost = msg, from, footprint(msg)
		p.size += b.cost
	}
}

// sender returns the peer that sent a block, zero if the block is not held.
func (p *scanPlan) sender(id consensus.BlockID) p2p.PeerID {
	if b := p.blocks[id.Height]; b != nil && b.BlockID == id {
		return b.from
	}
	return 0
}

// footprint estimates the memory that a decoded block occupies, in bytes.
func footprint(b *wire.MsgBlock) int {
	n := int(unsafe.Sizeof(*b))
	for _, txs := range [][]*wire.MsgTx{b.Transactions, b.STransactions} {
		for _, tx := range txs {
			n += int(unsafe.Sizeof(tx)) + int(unsafe.Sizeof(*tx))
			for _, in := range tx.TxIn {
				n += int(unsafe.Sizeof(in)) + int(unsafe.Sizeof(*in)) + cap(in.SignatureScript)
			}
			for _, out := range tx.TxOut {
				n += int(unsafe.Sizeof(out)) + int(unsafe.Sizeof(*out)) + cap(out.PkScript)
			}
		}
	}
	return n
}

// ready returns the last block up to which everything is matched against so many
// scripts and fetched, at most a step away. Whole says that waiting brings no more
// of it: that is a full step, or all there is up to the tip, or all there is room
// for.
func (p *scanPlan) ready(tip consensus.Height, watched int) (last consensus.Height, whole bool) {
	limit := max(p.base.Height, min(p.base.Height+stepBlocks, tip))
	if watched == 0 {
		return limit, true
	}
	last = p.base.Height
	got := 0 // bytes of the blocks up to it
	for _, s := range p.stretches {
		if last >= limit || s.matching || s.watched < watched {
			break
		}
		for _, h := range s.hits {
			b := p.blocks[h.Height]
			if b == nil || b.msg == nil {
				last = min(h.Height-1, limit)
				return last, last == limit || !p.hasRoom() && got >= p.room/4
			}
			got += b.cost
		}
		last = min(s.last, limit)
	}
	return last, last == limit
}

// ends returns the last blocks of the stretches up to the one with a height: these
// have to be on the chain when what was found is used.
func (p *scanPlan) ends(last consensus.Height) (ends []consensus.BlockID) {
	for _, s := range p.stretches {
		if s.first > last {
			break
		}
		ends = append(ends, s.end)
	}
	return ends
}

// upTo returns the blocks that were fetched up to a height.
func (p *scanPlan) upTo(last consensus.Height) (list []*held) {
	for h, b := range p.blocks {
		if h <= last && b.msg != nil {
			list = append(list, b)
		}
	}
	return list
}

// advance records that the wallet stands at a later block now.
func (p *scanPlan) advance(base consensus.BlockID) {
	p.base, p.applying = base, false
	p.next = max(p.next, base.Height+1)
	for len(p.stretches) > 0 && p.stretches[0].last <= base.Height {
		p.hits -= len(p.stretches[0].hits)
		p.stretches = p.stretches[1:]
	}
	if len(p.stretches) > 0 && p.stretches[0].first <= base.Height {
		s := p.stretches[0]
		s.first = base.Height + 1
		before := len(s.hits)
		s.hits = slices.DeleteFunc(s.hits, func(h hit) bool { return h.Height <= base.Height })
		p.hits -= before - len(s.hits)
	}
	for h, b := range p.blocks {
		if h <= base.Height {
			p.size -= b.cost
			delete(p.blocks, h)
		}
	}
}
