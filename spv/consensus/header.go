package consensus

import (
	"encoding/binary"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"lukechampine.com/blake3"
)

// HeaderSize is the size of a serialized block header in bytes.
const HeaderSize = 180

// Offsets of the header fields in their serialized form.
const (
	offVersion      = 0
	offPrevBlock    = 4
	offMerkleRoot   = 36
	offStakeRoot    = 68
	offVoteBits     = 100
	offFinalState   = 102
	offVoters       = 108
	offFreshStake   = 110
	offRevocations  = 111
	offPoolSize     = 112
	offBits         = 116
	offSBits        = 120
	offHeight       = 128
	offSize         = 132
	offTimestamp    = 136
	offNonce        = 140
	offExtraData    = 144
	offStakeVersion = 176
)

// Height is the number of a block in its chain; the genesis block has height
// zero. Valid heights are not negative.
type Height int32

// BlockID names one block: its hash, and the height that hash has in every
// chain it is part of.
type BlockID struct {
	Height Height
	Hash   chainhash.Hash
}

// Header is a block header exactly as it travels on the wire. It is never
// decoded into fields: hashing needs the raw bytes, and each rule reads only
// the few fields that it is about.
type Header [HeaderSize]byte

// Hash returns the block hash: BLAKE-256 over the whole header.
func (h *Header) Hash() chainhash.Hash { return chainhash.HashH(h[:]) }

// PowHashV2 returns the BLAKE3 proof-of-work hash (DCP0011). Before that
// agenda the proof-of-work hash of a block is its block hash.
func (h *Header) PowHashV2() chainhash.Hash { return blake3.Sum256(h[:]) }

// Version returns the block version.
func (h *Header) Version() int32 { return int32(h.u32(offVersion)) }

// PrevBlock returns the hash of the parent block.
func (h *Header) PrevBlock() chainhash.Hash { return chainhash.Hash(h[offPrevBlock:offMerkleRoot]) }

// MerkleRoot returns the merkle root: of the regular transaction tree before
// DCP0005, of both trees combined from then on.
func (h *Header) MerkleRoot() chainhash.Hash { return chainhash.Hash(h[offMerkleRoot:offStakeRoot]) }

// StakeRoot returns the merkle root of the stake transaction tree before
// DCP0005, and the root of the header commitments from then on.
func (h *Header) StakeRoot() chainhash.Hash { return chainhash.Hash(h[offStakeRoot:offVoteBits]) }

// VoteBits returns the combined vote bits; bit 0 approves the regular
// transaction tree of the parent.
func (h *Header) VoteBits() uint16 { return binary.LittleEndian.Uint16(h[offVoteBits:]) }

// finalState returns the final state of the ticket lottery.
func (h *Header) finalState() [6]byte { return [6]byte(h[offFinalState:offVoters]) }

// voters returns the number of votes in the block.
func (h *Header) voters() uint16 { return binary.LittleEndian.Uint16(h[offVoters:]) }

// freshStake returns the number of tickets purchased in the block.
func (h *Header) freshStake() uint8 { return h[offFreshStake] }

// revocations returns the number of ticket revocations in the block.
func (h *Header) revocations() uint8 { return h[offRevocations] }

// PoolSize returns the number of live tickets before this block.
func (h *Header) PoolSize() uint32 { return h.u32(offPoolSize) }

// Bits returns the proof-of-work target in compact form.
func (h *Header) Bits() uint32 { return h.u32(offBits) }

// sBits returns the ticket price in atoms.
func (h *Header) sBits() int64 { return int64(binary.LittleEndian.Uint64(h[offSBits:])) }

// Height returns the height the header claims. Values above the range of
// Height come out negative and are refused by the height rule.
func (h *Header) Height() Height { return Height(h.u32(offHeight)) }

// Size returns the size of the block in bytes that the header claims.
func (h *Header) Size() uint32 { return h.u32(offSize) }

// Timestamp returns the block time in Unix seconds.
func (h *Header) Timestamp() int64 { return int64(h.u32(offTimestamp)) }

// Time returns the block time.
func (h *Header) Time() time.Time { return time.Unix(h.Timestamp(), 0) }

// StakeVersion returns the stake version.
func (h *Header) StakeVersion() uint32 { return h.u32(offStakeVersion) }

// FilterKey returns the key of the block's version 2 committed filter: the
// first 16 bytes of the merkle root (DCP0005).
func (h *Header) FilterKey() [16]byte { return [16]byte(h[offMerkleRoot : offMerkleRoot+16]) }

func (h *Header) u32(off int) uint32 { return binary.LittleEndian.Uint32(h[off:]) }
