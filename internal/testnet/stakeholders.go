package testnet

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
)

// ticketPrice is what a ticket of Stakeholders locks, in atoms.
const ticketPrice = 2e8

// Stakeholders buy tickets and sign votes with them, as those of a real network do: a
// vote names the block that it is for, and the place of its ticket, and its signature
// satisfies the voting script of the ticket. Half of these are scripts (P2SH).
//
// Tickets are drawn by rule instead of by lot: those bought in a block vote Age blocks
// later, and those of each stakeholder Spread blocks after those of the one before.
type Stakeholders struct {
	// Spread is zero unless it is set before anything is bought.
	Spread consensus.Height

	params *consensus.Params
	keys   [][]byte // private keys, one for each vote of a block
}

// NewStakeholders returns stakeholders whose keys follow from a seed.
func NewStakeholders(p *consensus.Params, seed uint64) *Stakeholders {
	s := &Stakeholders{params: p}
	for i := range p.ChainParams.TicketsPerBlock {
		var tag [10]byte
		binary.LittleEndian.PutUint64(tag[:], seed)
		binary.LittleEndian.PutUint16(tag[8:], i)
		s.keys = append(s.keys, chainhash.HashB(tag[:]))
	}
	return s
}

// Age is how many blocks after it was bought a ticket of the first stakeholder votes.
func (s *Stakeholders) Age() consensus.Height { return s.age(0) }

func (s *Stakeholders) age(i int) consensus.Height {
	return consensus.Height(s.params.ChainParams.TicketMaturity) + 2 + consensus.Height(i)*s.Spread
}

// Buy plans to buy the tickets that will vote, in each block from one height to another,
// both included.
func (s *Stakeholders) Buy(p Plan, from, to consensus.Height) {
	for h := from; h <= to; h++ {
		for i := range s.keys {
			p[h] = append(p[h], Tx{Msg: s.ticket(i, h), Stake: true})
		}
	}
}

// owner returns the scripts of stakeholder i: the voting script of the tickets, and the
// redeem script that it stands for.
func (s *Stakeholders) owner(i int) (voting, redeem []byte) {
	pub := secp256k1.PrivKeyFromBytes(s.keys[i]).PubKey().SerializeCompressed()
	var addr stdaddr.StakeAddress
	var err error
	if i%2 == 1 {
		redeem = append(append([]byte{txscript.OP_DATA_33}, pub...), txscript.OP_CHECKSIG)
		addr, err = stdaddr.NewAddressScriptHashV0(redeem, s.params.ChainParams)
	} else {
		addr, err = stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(stdaddr.Hash160(pub), s.params.ChainParams)
	}
	if err != nil {
		panic("testnet: make a voting address: " + err.Error())
	}
	_, voting = addr.VotingRightsScript()
	return voting, redeem
}

// reward returns an address for the payments of tickets and votes.
func (s *Stakeholders) reward() stdaddr.StakeAddress {
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(make([]byte, 20), s.params.ChainParams)
	if err != nil {
		panic("testnet: make a reward address: " + err.Error())
	}
	return addr
}

// ticket returns the purchase of stakeholder i at a height.
func (s *Stakeholders) ticket(i int, h consensus.Height) *wire.MsgTx {
	voting, _ := s.owner(i)
	_, commitment := s.reward().RewardCommitmentScript(ticketPrice+1, 0, 1<<24)
	_, change := s.reward().StakeChangeScript()
	var tag [8]byte
	binary.LittleEndian.PutUint32(tag[:], uint32(h))
	binary.LittleEndian.PutUint32(tag[4:], uint32(i))
	from := wire.OutPoint{Hash: chainhash.HashH(append(tag[:], s.keys[i]...))}
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&from, ticketPrice+1, []byte(signature)))
	tx.AddTxOut(wire.NewTxOut(ticketPrice, voting))
	tx.AddTxOut(wire.NewTxOut(0, commitment))
	tx.AddTxOut(wire.NewTxOut(0, change))
	return tx
}

// Vote returns the vote of stakeholder i for a block of a chain, which stands in the block
// after it. Spoil, if it is not nil, changes the vote before it is signed.
func (s *Stakeholders) Vote(c *Chain, on consensus.BlockID, i int, spoil func(*wire.MsgTx)) *wire.MsgTx {
	at := on.Height + 1 - s.age(i)
	want := s.ticket(i, at).TxHash()
	for index, tx := range c.Block(at).STransactions {
		if tx.TxHash() == want {
			return s.sign(i, s.unsigned(on, want, at, index), spoil)
		}
	}
	panic(fmt.Sprintf("testnet: no ticket that could vote for block %d was bought in block %d", on.Height, at))
}

// unsigned returns a vote with a ticket at a place.
func (s *Stakeholders) unsigned(on consensus.BlockID, ticket chainhash.Hash, at consensus.Height, index int) *wire.MsgTx {
	block := binary.LittleEndian.AppendUint32(append([]byte{txscript.OP_RETURN, txscript.OP_DATA_36}, on.Hash[:]...), uint32(on.Height))
	choice := []byte{txscript.OP_RETURN, txscript.OP_DATA_6, 1, 0, stakeVersion, 0, 0, 0}
	_, reward := s.reward().PayVoteCommitmentScript()
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&chainhash.Hash{}, wire.MaxPrevOutIndex, wire.TxTreeRegular), 1, []byte{0, 0}))
	in := wire.NewTxIn(wire.NewOutPoint(&ticket, 0, wire.TxTreeStake), ticketPrice, nil)
	in.BlockHeight, in.BlockIndex = uint32(at), uint32(index)
	tx.AddTxIn(in)
	tx.AddTxOut(wire.NewTxOut(0, block))
	tx.AddTxOut(wire.NewTxOut(0, choice))
	tx.AddTxOut(wire.NewTxOut(ticketPrice+1, reward))
	return tx
}

// sign signs a vote with the key of stakeholder i.
func (s *Stakeholders) sign(i int, tx *wire.MsgTx, spoil func(*wire.MsgTx)) *wire.MsgTx {
	if spoil != nil {
		spoil(tx)
	}
	script, redeem := s.owner(i)
	if redeem != nil {
		script = redeem
	}
	sig, err := sign.RawTxInSignature(tx, 1, script, txscript.SigHashAll, s.keys[i], dcrec.STEcdsaSecp256k1)
	if err != nil {
		panic("testnet: sign a vote: " + err.Error())
	}
	unlocking := txscript.NewScriptBuilder().AddData(sig)
	if redeem == nil {
		unlocking.AddData(secp256k1.PrivKeyFromBytes(s.keys[i]).PubKey().SerializeCompressed())
	} else {
		unlocking.AddData(redeem)
	}
	if tx.TxIn[1].SignatureScript, err = unlocking.Script(); err != nil {
		panic("testnet: sign a vote: " + err.Error())
	}
	return tx
}

// VotedBranch describes blocks with real votes to put on a chain.
type VotedBranch struct {
	// At, Blocks, Seed, Plan and Late are those of Branch. The blocks hold new tickets as
	// well.
	At     consensus.Height
	Blocks int
	Seed   uint64
	Plan   Plan
	Late   time.Duration

	// Alter, if it is not nil, returns the votes for a block in place of the real ones: for a
	// branch without the stakeholders' support. C ends with that block.
	Alter func(c *Chain, on consensus.BlockID, real []*wire.MsgTx) []*wire.MsgTx
}

// Grow returns the chain with the branch on it: each block holds the votes of all
// stakeholders for the one before. It panics if the tickets for them were not bought.
func (s *Stakeholders) Grow(c *Chain, b VotedBranch) *Chain {
	grown := c.upTo(b.At)
	for range b.Blocks {
		on := grown.Tip()
		var list []*wire.MsgTx
		for i := range s.keys {
			list = append(list, s.Vote(grown, on, i, nil))
		}
		if b.Alter != nil {
			list = b.Alter(grown, on, list)
		}
		h := on.Height + 1
		plan := Plan{h: append([]Tx(nil), b.Plan[h]...)}
		for _, tx := range list {
			plan[h] = append(plan[h], Tx{Msg: tx, Stake: true})
		}
		s.Buy(plan, h, h)
		grown = grown.Grow(Branch{At: on.Height, Blocks: 1, Seed: b.Seed, Plan: plan, Late: b.Late, Voted: true})
		b.Late = 0 // blocks on such a branch are as late
	}
	return grown
}

// Forge returns a vote of stakeholder i with a ticket that claims to have been bought in a
// block where it was not.
func (s *Stakeholders) Forge(on consensus.BlockID, at consensus.Height, i int) *wire.MsgTx {
	return s.sign(i, s.unsigned(on, s.ticket(i, at).TxHash(), at, 0), nil)
}

// Trunk returns a chain for branches of Grow: above the stake validation height, and with
// the tickets that vote first. Its own votes are invented.
func (s *Stakeholders) Trunk(ctx context.Context, seed uint64) (*Chain, error) {
	top := consensus.Height(s.params.ChainParams.StakeValidationHeight) + 6
	plan := make(Plan)
	s.Buy(plan, top-s.age(len(s.keys)-1), top)
	return Generate(ctx, Config{Params: s.params, Seed: seed, Blocks: int(top), Plan: plan})
}
