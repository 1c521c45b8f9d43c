package consensus

import (
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/math/uint256"
	"github.com/decred/dcrd/wire"
)

// headerStride is the size of a header in a headers message: every header is
// followed by the number of its transactions, which is always zero.
const headerStride = HeaderSize + 1

// HeaderBatch is a run of headers that all rules hold for which they can show
// without their ancestors: each is the child of the one before it. The first
// may be the child of any block, known or not.
type HeaderBatch struct {
	Headers []Header
	Hashes  []chainhash.Hash // Hashes[i] is the block hash of Headers[i]
}

// PrepareHeaders decodes the payload of a headers message and checks what the
// headers show by themselves: structure, ascending heights, linkage inside the
// batch, and for each the rules of [CheckHeader]. Each header is hashed once.
// An empty message gives an empty batch.
//
// It is pure and may run on any goroutine. Every error is a [*RuleError]. With one for a
// header it returns the headers before that.
func PrepareHeaders(p *Params, payload []byte) (*HeaderBatch, error) {
	batch, err := splitHeaders(payload)
	if err != nil {
		return nil, err
	}
	return batch.prepareAll(p)
}

// PrepareStored is [PrepareHeaders] for headers that came without a message around them, as
// in the files of package snapshot. The batch keeps them, not copies.
func PrepareStored(p *Params, headers []Header) (*HeaderBatch, error) {
	batch := &HeaderBatch{Headers: headers, Hashes: make([]chainhash.Hash, len(headers))}
	return batch.prepareAll(p)
}

// prepareAll prepares all headers. With an error it returns those before the broken one.
func (b *HeaderBatch) prepareAll(p *Params) (*HeaderBatch, error) {
	limit := powLimit(p)
	for i := range b.Headers {
		if err := b.prepare(p, &limit, i); err != nil {
			return &HeaderBatch{b.Headers[:i], b.Hashes[:i]}, err
		}
	}
	return b, nil
}

// prepare checks the header at index i, after those before it, and hashes it.
func (b *HeaderBatch) prepare(p *Params, limit *uint256.Uint256, i int) error {
	h := &b.Headers[i]
	if i > 0 {
		if err := checkStep(h, &b.Headers[i-1]); err != nil {
			return err
		}
	}
	target, err := checkFields(p, limit, h)
	if err != nil {
		return err
	}
	hash := h.Hash()
	if i > 0 && h.PrevBlock() != b.Hashes[i-1] {
		return NewRuleError(RuleLink, h, "want parent %v, got %v", b.Hashes[i-1], h.PrevBlock())
	}
	if err := checkWork(p, h, &hash, &target); err != nil {
		return err
	}
	b.Hashes[i] = hash
	return nil
}

// CheckHeader checks the rules that a header shows without its ancestors: the
// ticket and vote counts, the range of its target, and its proof-of-work with
// the algorithm that its height requires (DCP0011). The genesis block is
// no subject of rules.
func CheckHeader(p *Params, h *Header, hash *chainhash.Hash) error {
	limit := powLimit(p)
	target, err := checkFields(p, &limit, h)
	if err != nil {
		return err
	}
	return checkWork(p, h, hash, &target)
}

// splitHeaders copies the headers out of the payload of a headers message. The
// hashes are left zero.
func splitHeaders(b []byte) (*HeaderBatch, error) {
	r := payload{rest: b}
	n := r.varint()
	switch {
	case r.err != nil:
		return nil, malformed("headers", r.err)
	case n > wire.MaxBlockHeadersPerMsg:
		return nil, malformed("headers", fmt.Errorf("want at most %d headers, got %d", wire.MaxBlockHeadersPerMsg, n))
	case uint64(len(r.rest)) != n*headerStride:
		return nil, malformed("headers", fmt.Errorf("want %d bytes for %d headers, got %d", n*headerStride, n, len(r.rest)))
	}
	batch := &HeaderBatch{Headers: make([]Header, n), Hashes: make([]chainhash.Hash, n)}
	for i := range batch.Headers {
		row := r.rest[i*headerStride:][:headerStride]
		if row[HeaderSize] != 0 {
			return nil, malformed("headers", fmt.Errorf("header %d claims transactions", i))
		}
		batch.Headers[i] = Header(row)
	}
	return batch, nil
}

// checkStep checks that the height of h is that of its parent plus one.
func checkStep(h, parent *Header) error {
	if want := int64(parent.Height()) + 1; int64(h.Height()) != want {
		return NewRuleError(RuleHeight, h, "want %d, got %d", want, h.u32(offHeight))
	}
	return nil
}

// checkFields checks what the fields of a header show without any hash, and
// returns its target.
func checkFields(p *Params, limit *uint256.Uint256, h *Header) (target uint256.Uint256, err error) {
	if h.Height() < 1 {
		return target, NewRuleError(RuleHeight, h, "want 1 or above, got %d", h.u32(offHeight))
	}
	if err := checkStake(p, h); err != nil {
		return target, err
	}
	target, ok := targetOf(h.Bits())
	if !ok || target.IsZero() || target.Gt(limit) {
		return target, NewRuleError(RuleTarget, h, "want at most %08x and positive, got %08x", p.ChainParams.PowLimitBits, h.Bits())
	}
	return target, nil
}

// checkWork checks the proof-of-work. Accepting either algorithm at any height
// would let cheap work of the retired one outweigh the chain: the height alone
// decides (DCP0011).
func checkWork(p *Params, h *Header, hash *chainhash.Hash, target *uint256.Uint256) error {
	pow := *hash
	if h.Height() >= p.DCP0011 {
		pow = h.PowHashV2()
	}
	var v uint256.Uint256
	v.SetBytesLE((*[32]byte)(&pow))
	if v.Gt(target) {
		return NewRuleError(RuleProofOfWork, h, "want at most target %08x, got %v", h.Bits(), pow)
	}
	return nil
}

// malformed makes the error for a message that is not well formed.
func malformed(message string, err error) *RuleError {
	return &RuleError{Rule: RuleEncoding, Detail: fmt.Sprintf("%s message: %v", message, err)}
}
