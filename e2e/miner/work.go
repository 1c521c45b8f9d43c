package miner

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/wire"
	"github.com/jrick/wsrpc/v2"
)

// blockSpacing is the time between two blocks by their timestamps: what simnet
// aims at, so that the difficulty stays where it is.
const blockSpacing = time.Second

// errNoWork says that work data is too short to hold a header.
var errNoWork = errors.New("work without a block header")

// work is a block header to be solved.
type work struct {
	header wire.BlockHeader
	data   []byte // the header and the padding that the node wants back
}

// parseWork reads work as the node sends it.
func parseWork(text string) (*work, error) {
	data, err := hex.DecodeString(text)
	if err != nil {
		return nil, err
	}
	if len(data) < wire.MaxBlockHeaderPayload {
		return nil, errNoWork
	}
	w := &work{data: data}
	if err := w.header.FromBytes(data[:wire.MaxBlockHeaderPayload]); err != nil {
		return nil, err
	}
	return w, nil
}

// on reports whether the work extends a block, with that many votes for it.
func (w *work) on(block chainhash.Hash, votes int) bool {
	return w != nil && w.header.PrevBlock == block && int(w.header.Voters) == votes
}

// solve sets the header's time and finds its nonce. At simnet's least
// difficulty every second nonce is a solution.
func (w *work) solve(at time.Time, params *chaincfg.Params) error {
	w.header.Timestamp = at
	for nonce := range uint32(math.MaxUint32) {
		w.header.Nonce = nonce
		hash := w.header.PowHashV2()
		if standalone.CheckProofOfWork(&hash, w.header.Bits, params.PowLimit) == nil {
			return nil
		}
	}
	return fmt.Errorf("solve block %d: no nonce for difficulty %08x", w.header.Height, w.header.Bits)
}

// firstWork asks for the work the node has already, for it only reports what is
// new. It is requested once: the node delays a request for work that it has
// announced by seconds.
func (m *Miner) firstWork(ctx context.Context) error {
	var r struct {
		Data string `json:"data"`
	}
	err := m.call(ctx, "getwork", &r)
	if refusal := (*wsrpc.Error)(nil); errors.As(err, &refusal) {
		return nil // there is none yet
	}
	if err != nil {
		return err
	}
	w, err := parseWork(r.Data)
	if err != nil {
		return fmt.Errorf("read work: %w", err)
	}
	m.notes.keepWork(w)
	return nil
}

// nextWork waits for work on the ledger's tip that carries that many votes.
func (m *Miner) nextWork(ctx context.Context, votes int) (*work, error) {
	for {
		w := m.notes.lastWork()
		if w.on(m.ledger.tip(), votes) {
			return w, nil
		}
		if err := m.changed(ctx); err != nil {
			return nil, fmt.Errorf("wait for work on %v with %d votes: %w", m.ledger.tip(), votes, err)
		}
	}
}

// submit hands solved work to the node.
func (m *Miner) submit(ctx context.Context, w *work) error {
	solved, err := w.header.Bytes()
	if err != nil {
		return fmt.Errorf("submit block %d: %w", w.header.Height, err)
	}
	copy(w.data, solved)
	var accepted bool
	if err := m.call(ctx, "getwork", &accepted, hex.EncodeToString(w.data)); err != nil {
		return err
	}
	if !accepted {
		return fmt.Errorf("submit block %d: the node refuses it", w.header.Height)
	}
	return nil
}
