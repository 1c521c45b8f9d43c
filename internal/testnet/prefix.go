package testnet

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/crypto/blake256"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// maxPrefixItem is the most bytes that a block or a filter of a prefix may have.
const maxPrefixItem = wire.MaxBlockPayload

// errPrefix means that the blocks of a prefix do not fit together.
var errPrefix = errors.New("not a chain")

// Prefix returns a chain of blocks that another program made, such as a full node, for
// branches to be put on. It reads the blocks from height one on, in height order: for each
// the serialized block and its version 2 filter, each behind its length as a 32-bit
// little-endian number. It is an error if a block does not follow the one before or does not
// commit to its filter; the other rules of headers are not checked. In the given network
// blocks must commit to filters from the genesis block on.
func Prefix(params *consensus.Params, r io.Reader) (*Chain, error) {
	if params.DCP0005 > 0 {
		return nil, fmt.Errorf("read prefix: network %v has blocks without filters", params.ChainParams.Net)
	}
	in := bufio.NewReader(r)
	var out buffers
	w := out.packer(0)
	var blocks []*wire.MsgBlock
	parent := params.ChainParams.GenesisHash
	for {
		msg, filter, err := readBlock(in)
		if errors.Is(err, io.EOF) {
			break
		}
		height := consensus.Height(len(blocks) + 1)
		if err == nil {
			err = follows(msg, height, &parent, filter)
		}
		if err != nil {
			return nil, fmt.Errorf("read block %d of prefix: %w", height, err)
		}
		h := seal(&msg.Header)
		parent = h.Hash()
		if err := w.put(&h, &parent, filter); err != nil {
			return nil, fmt.Errorf("keep block %d of prefix: %w", height, err)
		}
		blocks = append(blocks, msg)
	}
	if len(blocks) == 0 {
		return nil, fmt.Errorf("read prefix: %w: no blocks", errPrefix)
	}
	base, err := genesis(params, blocks[0].Header.Timestamp)
	if err != nil {
		return nil, err
	}
	run := newRun(out.packed(w), 1, nil)
	run.given = blocks
	return base.with(run), nil
}

// follows checks that a block has a height and a parent and commits to a filter.
func follows(msg *wire.MsgBlock, height consensus.Height, parent *chainhash.Hash, filter []byte) error {
	h := &msg.Header
	switch {
	case consensus.Height(h.Height) != height:
		return fmt.Errorf("%w: its height is %d", errPrefix, h.Height)
	case h.PrevBlock != *parent:
		return fmt.Errorf("%w: its parent is %v, want %v", errPrefix, h.PrevBlock, parent)
	case h.StakeRoot != chainhash.Hash(blake256.Sum256(filter)):
		return fmt.Errorf("%w: it does not commit to its filter", errPrefix)
	}
	return nil
}

// readBlock reads a block and its filter. The error is io.EOF at the end of the input.
func readBlock(r io.Reader) (*wire.MsgBlock, []byte, error) {
	raw, err := readItem(r)
	if err != nil {
		return nil, nil, err
	}
	msg := new(wire.MsgBlock)
	if err := msg.FromBytes(raw); err != nil {
		return nil, nil, fmt.Errorf("decode block: %w", err)
	}
	filter, err := readItem(r)
	if err != nil {
		return nil, nil, fmt.Errorf("read filter: %w", noEOF(err))
	}
	return msg, filter, nil
}

// readItem reads bytes behind their length.
func readItem(r io.Reader) ([]byte, error) {
	var size uint32
	if err := binary.Read(r, binary.LittleEndian, &size); err != nil {
		return nil, err
	}
	if size > maxPrefixItem {
		return nil, fmt.Errorf("%w: an item of %d bytes", errPrefix, size)
	}
	b := make([]byte, size)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, fmt.Errorf("read %d bytes: %w", size, noEOF(err))
	}
	return b, nil
}

// noEOF returns the error with an end of the input as an unexpected one.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
