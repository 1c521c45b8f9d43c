package spv

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/internal/jobs"
	"github.com/spvd/spvd/spv/p2p"
)

// Codes of the warnings about early filters, those below DCP0005.
const (
	codeEarlyWrong    = "early-filters-wrong"    // they do not fit, and peers are compared
	codeEarlyUnproven = "early-filters-unproven" // they do not fit, and are used
)

// earlyAhead is how many pieces are asked of the peer that is examined at a time.
const earlyAhead = 4

// earlyExam is a peer that is asked for its early filters.
type earlyExam struct {
	opinion *earlyOpinion
	ask     []int // the pieces it is asked for, in order
	started int   // of these
	ready   map[int]*earlyFetched
	applied int // pieces in the opinion
	bytes   int
	hash    consensus.EarlyFilterHash // over the pieces so far; used if it is asked for all
	next    []byte                    // the filter at DCP0005, once it has come; nil if there is none
}

// earlyFetched is one piece as it was served.
type earlyFetched struct {
	filters [][]byte
	sum     chainhash.Hash
	next    []byte // the filter at DCP0005, after the last piece
	bytes   int
}

// early reports whether a height is below the first committed filter.
func (p *loop) early(h consensus.Height) bool { return h < p.cfg.Params.DCP0005 }

// earlyRange names the early filters for people.
func (r *run) earlyRange() string {
	return fmt.Sprintf("1–%s", grouped(r.cfg.Params.DCP0005-1))
}

// earlyHolds reports whether no filters are to be fetched, because peers are compared.
func (p *loop) earlyHolds() bool { return p.sets.examining() }

// earlyAvoid returns the peers not to be asked for a chunk: all but those that have served
// this piece of the set that is to be used, if one of them is there.
func (p *loop) earlyAvoid(start consensus.Height) []p2p.PeerID {
	supporters := p.sets.supporters(pieceOf(start))
	live := p.tips.live()
	if !slices.ContainsFunc(supporters, func(id p2p.PeerID) bool { return slices.Contains(live, id) }) {
		return nil
	}
	return slices.DeleteFunc(live, func(id p2p.PeerID) bool { return slices.Contains(supporters, id) })
}

// judgeEarly looks at the early filters when a batch has completed them. The ones that do
// not fit are kept up to the last but one, so that they are compared again when they are
// complete the next time; unless they are to be used.
func (p *loop) judgeEarly(b *consensus.FilterBatch) error {
	active := p.cfg.Params.DCP0005
	switch {
	case active == 0 || b.First().Height > active || p.staged.Filters.Height < active-1:
		return nil
	case p.staged.EarlyProven:
		return p.earlyProven()
	case p.staged.Filters.Height < active: // the next filter is part of the proof
		return nil
	}
	first, size, err := p.stagedPieces()
	if err != nil {
		return err
	}
	if p.sets.wrong(first, size) {
		p.earlyAccepted()
		return nil
	}
	if p.sets.target != nil {
		p.sets.discard()
	}
	p.warn(codeEarlyWrong, fmt.Sprintf("The filters %s that came do not have the known hash of the network. "+
		"Single peers are asked for all of them, to be compared.", p.earlyRange()),
		"Nothing needs to be done if peers in different networks are connected.")
	p.cfg.Log.Warn("Early filters do not have the known hash", "filters", p.earlyRange(), "bytes", size)
	return p.holdEarly(active - 2)
}

// holdEarly drops the filters above a height and starts the plan over there.
func (p *loop) holdEarly(above consensus.Height) error {
	if err := p.store.DropFilters(max(above, 0)); err != nil {
		return err
	}
	p.touched()
	p.plan = newFilterPlan(p.staged.Filters.Height)
	return nil
}

// stagedPieces returns the hashes of the pieces on the chain, and the size of all.
func (p *loop) stagedPieces() (sums []chainhash.Hash, size int, err error) {
	var sum pieceSum
	last := p.cfg.Params.DCP0005 - 1
	err = p.store.EarlyFilters(0, func(h consensus.Height, filter []byte) {
		sum.add(filter)
		size += len(filter)
		if h == last || (h+1)%earlyPiece == 0 {
			sums = append(sums, sum.sum())
		}
	})
	return sums, size, err
}

// examineEarly asks single peers for all early filters while it is open which are right.
func (p *loop) examineEarly(now time.Time) error {
	defer func() { p.asking = p.exam != nil }()
	if !p.earlyHolds() {
		return nil
	}
	if e := p.exam; e != nil && !slices.Contains(p.tips.live(), e.opinion.peer) {
		p.exam = nil
	}
	if p.exam == nil {
		if err := p.beginExam(now); err != nil || p.exam == nil {
			return err
		}
	}
	e := p.exam
	for e.started < len(e.ask) && e.started-e.applied < earlyAhead {
		if err := p.askPiece(e, e.ask[e.started]); err != nil {
			return err
		}
		e.started++
	}
	return nil
}

// beginExam chooses the next peer, if there is one.
func (p *loop) beginExam(now time.Time) error {
	id, ask := p.sets.next(p.tips.live(), p.cfg.Peers.Group, now)
	if id == 0 {
		if p.sets.conclude(0); p.sets.target != nil { // nothing more is to be had
			return p.adopt()
		}
		p.sets.retry(now)
		return nil
	}
	p.sets.asked = append(p.sets.asked, id)
	p.exam = &earlyExam{
		opinion: &earlyOpinion{peer: id, group: p.cfg.Peers.Group(id), pieces: make(map[int]chainhash.Hash)},
		ask:     ask,
		ready:   make(map[int]*earlyFetched),
		hash:    consensus.NewEarlyFilterHash(),
	}
	p.cfg.Log.Info("Asking a peer for its early filters", "peer", id, "group", p.exam.opinion.group, "pieces", len(ask))
	return nil
}

// askPiece asks the peer for one piece, chunk after chunk. The filter at DCP0005 comes with
// the last piece: it is proven by its header, and may be part of the known hash.
func (p *loop) askPiece(e *earlyExam, k int) error {
	from := consensus.Height(k) * earlyPiece
	targets, err := p.store.FilterTargets(from, int(min(from+earlyPiece, p.cfg.Params.DCP0005+1)-from))
	if err != nil || len(targets) == 0 {
		return errors.Join(err, chain.ErrStale)
	}
	if k+1 == pieces(p.cfg.Params.DCP0005) && (p.cfg.Params.DCP0005)%earlyPiece == 0 {
		more, err := p.store.FilterTargets(p.cfg.Params.DCP0005, 1)
		if err != nil {
			return err
		}
		targets = append(targets, more...)
	}
	var genesis []byte
	if from == 0 {
		if genesis, err = p.store.Filter(0); err != nil {
			return err
		}
		targets = targets[1:]
	}
	avoid := slices.DeleteFunc(p.tips.live(), func(id p2p.PeerID) bool { return id == e.opinion.peer })
	p.jobs.Do(func(ctx context.Context) jobs.Result {
		f, err := p.fetchPiece(ctx, e.opinion.peer, avoid, targets, genesis)
		return func() error {
			if p.exam != e {
				return nil
			}
			if err != nil {
				p.cfg.Log.Debug("No early filters to compare", "peer", e.opinion.peer, "piece", k, "err", err)
				p.exam = nil
				return nil
			}
			e.ready[k] = f
			return p.applyPieces(e)
		}
	})
	return nil
}

// fetchPiece fetches filters of one peer.
func (p *loop) fetchPiece(
	ctx context.Context, id p2p.PeerID, avoid []p2p.PeerID, targets []consensus.FilterTarget, genesis []byte,
) (*earlyFetched, error) {
	f := &earlyFetched{}
	var sum pieceSum
	add := func(filter []byte) {
		f.filters = append(f.filters, filter)
		f.bytes += len(filter)
		sum.add(filter)
	}
	if genesis != nil {
		add(genesis)
	}
	for len(targets) > 0 {
		part := targets[:min(chunkSize, len(targets))]
		targets = targets[len(part):]
		most := consensus.MaxFiltersPayload(p.cfg.Params, part)
		payload, from, err := p.cfg.Peers.CFilters(ctx, avoid, part[0].Hash, part[len(part)-1].Hash, most)
		if err != nil {
			return nil, err
		}
		batch, err := p.prove(from, part, payload)
		if p.defects.Report(err) {
			return nil, err
		}
		if err != nil {
			p.cfg.Peers.Accuse(from, err)
			return nil, err
		}
		if from != id {
			return nil, fmt.Errorf("peer %d answered for it", from)
		}
		for i := range batch.Len() {
			if part[i].Height >= p.cfg.Params.DCP0005 {
				f.next = batch.Filter(i)
				continue
			}
			add(batch.Filter(i))
		}
	}
	f.sum = sum.sum()
	return f, nil
}

// applyPieces takes the pieces that have come, in order, and the opinion when it is whole.
func (p *loop) applyPieces(e *earlyExam) error {
	for e.applied < len(e.ask) {
		f := e.ready[e.ask[e.applied]]
		if f == nil {
			return nil
		}
		delete(e.ready, e.ask[e.applied])
		e.opinion.pieces[e.ask[e.applied]] = f.sum
		e.bytes += f.bytes
		for _, filter := range f.filters {
			e.hash.Add(filter)
		}
		e.next = f.next
		e.applied++
	}
	p.exam = nil
	e.opinion.fits = len(e.ask) == pieces(p.cfg.Params.DCP0005) && e.hash.Check(p.cfg.Params, e.next) == nil
	left := 0
	if id, _ := p.sets.next(p.tips.live(), p.cfg.Peers.Group, time.Now()); id != 0 {
		left = 1
	}
	p.cfg.Log.Info("Compared the early filters of a peer", "peer", e.opinion.peer, "fits", e.opinion.fits, "bytes", e.bytes)
	p.sets.add(e.opinion, e.bytes, left)
	if p.sets.target == nil {
		return nil
	}
	return p.adopt()
}

// adopt makes the filters on the chain those of the target: what is before the first piece
// that differs stays.
func (p *loop) adopt() error {
	k, differs := p.sets.differs()
	p.cfg.Log.Info("Decided which early filters to use", "proven", p.sets.proven, "differ", differs, "piece", k)
	if !differs {
		return p.holdEarly(p.cfg.Params.DCP0005 - 2)
	}
	return p.holdEarly(consensus.Height(k)*earlyPiece - 1)
}

// earlyProven names the peers that served something else before the early filters were
// found to be right.
func (p *loop) earlyProven() error {
	p.unwarn(codeEarlyWrong)
	p.unwarn(codeEarlyUnproven)
	if p.sets.first == nil {
		p.ledger = newEarlyLedger()
		return nil
	}
	right, _, err := p.stagedPieces()
	if err != nil {
		return err
	}
	check := ledgerCheck{ledger: p.ledger}
	if err := p.store.EarlyFilters(0, check.next); err != nil {
		return err
	}
	p.sets.target = right
	for _, id := range slices.Compact(slices.Sorted(slices.Values(append(check.liars, p.sets.liars()...)))) {
		p.cfg.Peers.Accuse(id, fmt.Errorf("served filters within %s that are not those that the network has",
			p.earlyRange()))
	}
	p.ledger, p.sets = newEarlyLedger(), &earlySets{}
	return nil
}

// earlyReason says that peers are compared, and which one is asked or looked for.
func (x pinned) earlyReason() (reason, hint string) {
	reason = fmt.Sprintf("The filters before block %s do not have the known hash of the network: ", grouped(x.active))
	if x.asking {
		return reason + fmt.Sprintf("asking single peers for all of them, compared so far: %d.", x.opinions), ""
	}
	return reason + fmt.Sprintf("peers compared: %d; waiting for others, in other networks.", x.opinions),
		"They are used once one set has that hash, or peers in different networks agree. " +
			"Name more peers with the connect option."
}

// earlyAccepted says that filters are used which are not proven.
func (p *loop) earlyAccepted() {
	p.unwarn(codeEarlyWrong)
	p.ledger = newEarlyLedger()
	p.warnEarlyUnproven()
}

// warnEarlyUnproven warns that the early filters on the chain are not proven.
func (r *run) warnEarlyUnproven() {
	if r.warned(codeEarlyUnproven) {
		return
	}
	text := fmt.Sprintf("Early filters unproven: the filters %s do not have the hash that this version knows, "+
		"but peers in different networks agreed on them.", r.earlyRange())
	r.cfg.Log.Warn(text)
	r.warn(codeEarlyUnproven, text, "Payments before block "+grouped(r.cfg.Params.DCP0005)+
		" could be missing if those peers were one. Check whether there is a newer version of spvd.")
}
