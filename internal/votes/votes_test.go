package votes_test

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/votes"
	"github.com/spvd/spvd/spv/consensus"
)

// The chain of the tests: its tickets stand in one block, the votes in another.
const (
	ticketHeight = 100
	price        = 5_000_000
)

// voteHeight is a height at which the tickets are live.
func voteHeight(p *consensus.Params) uint32 {
	return ticketHeight + uint32(p.ChainParams.TicketMaturity) + 40
}

// voter owns tickets.
type voter struct {
	priv   []byte
	script []byte // of a ticket's first output
	redeem []byte // for a P2SH voting script
}

func newVoter(t testing.TB, p *consensus.Params, name string, multi bool) *voter {
	t.Helper()
	priv := chainhash.HashB([]byte(name))
	pub := secp256k1.PrivKeyFromBytes(priv).PubKey().SerializeCompressed()
	v := &voter{priv: priv}
	var addr stdaddr.StakeAddress
	var err error
	if multi {
		v.redeem = append(append([]byte{txscript.OP_DATA_33}, pub...), txscript.OP_CHECKSIG)
		addr, err = stdaddr.NewAddressScriptHashV0(v.redeem, p.ChainParams)
	} else {
		addr, err = stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(stdaddr.Hash160(pub), p.ChainParams)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, v.script = addr.VotingRightsScript()
	return v
}

// ticket returns a ticket purchase of the voter.
func (v *voter) ticket(t testing.TB, p *consensus.Params, n byte) *wire.MsgTx {
	t.Helper()
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(make([]byte, 20), p.ChainParams)
	if err != nil {
		t.Fatal(err)
	}
	_, commitment := addr.RewardCommitmentScript(price+1, 0, 1<<24)
	_, change := addr.StakeChangeScript()
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: chainhash.Hash{n, 1}}, price+1, nil))
	tx.AddTxOut(wire.NewTxOut(price, v.script))
	tx.AddTxOut(wire.NewTxOut(0, commitment))
	tx.AddTxOut(wire.NewTxOut(0, change))
	if !stake.IsSStx(tx) {
		t.Fatalf("not a ticket: %v", stake.CheckSStx(tx))
	}
	return tx
}

// vote returns a signed vote with a ticket at a position, after it was spoilt.
func (v *voter) vote(t testing.TB, p *consensus.Params, on consensus.BlockID, ticket *wire.MsgTx, index uint32, bits uint16, spoil func(*wire.MsgTx)) *wire.MsgTx {
	t.Helper()
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(make([]byte, 20), p.ChainParams)
	if err != nil {
		t.Fatal(err)
	}
	_, reward := addr.PayVoteCommitmentScript()
	block := append([]byte{txscript.OP_RETURN, txscript.OP_DATA_36}, on.Hash[:]...)
	block = binary.LittleEndian.AppendUint32(block, uint32(on.Height))
	choice := binary.LittleEndian.AppendUint16([]byte{txscript.OP_RETURN, txscript.OP_DATA_2}, bits)
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(wire.NewOutPoint(&chainhash.Hash{}, wire.MaxPrevOutIndex, wire.TxTreeRegular), 1, []byte{0, 0}))
	hash := ticket.TxHash()
	in := wire.NewTxIn(wire.NewOutPoint(&hash, 0, wire.TxTreeStake), price, nil)
	in.BlockHeight, in.BlockIndex = ticketHeight, index
	tx.AddTxIn(in)
	tx.AddTxOut(wire.NewTxOut(0, block))
	tx.AddTxOut(wire.NewTxOut(0, choice))
	tx.AddTxOut(wire.NewTxOut(price+1, reward))
	if spoil != nil {
		spoil(tx)
	}
	script := v.script
	if v.redeem != nil {
		script = v.redeem
	}
	sig, err := sign.RawTxInSignature(tx, 1, script, txscript.SigHashAll, v.priv, dcrec.STEcdsaSecp256k1)
	if err != nil {
		t.Fatal(err)
	}
	builder := txscript.NewScriptBuilder().AddData(sig)
	if v.redeem != nil {
		builder.AddData(v.redeem)
	} else {
		builder.AddData(secp256k1.PrivKeyFromBytes(v.priv).PubKey().SerializeCompressed())
	}
	if tx.TxIn[1].SignatureScript, err = builder.Script(); err != nil {
		t.Fatal(err)
	}
	return tx
}

// town is a chain of two blocks and one that has tickets, and who owns them.
type town struct {
	params  *consensus.Params
	voters  []*voter
	tickets []*wire.MsgTx
	blocks  map[consensus.Height]*wire.MsgBlock
	fetched map[consensus.Height]int
}

// errWithheld is why the town does not give a block.
var errWithheld = errors.New("no peer has it")

// Tickets implements votes.Source.
func (w *town) Tickets(ctx context.Context, h consensus.Height) (*votes.TicketBlock, error) {
	w.fetched[h]++
	if b := w.blocks[h]; b != nil && ctx.Err() == nil {
		return votes.NewTicketBlock(b), nil
	}
	return nil, errWithheld
}

func newTown(t testing.TB) *town {
	t.Helper()
	w := &town{params: consensus.SimNet(), blocks: make(map[consensus.Height]*wire.MsgBlock), fetched: make(map[consensus.Height]int)}
	b := &wire.MsgBlock{Header: wire.BlockHeader{Height: ticketHeight}}
	for i := range 6 {
		v := newVoter(t, w.params, string(rune('a'+i)), i%2 == 1)
		w.voters = append(w.voters, v)
		w.tickets = append(w.tickets, v.ticket(t, w.params, byte(i)))
		b.STransactions = append(b.STransactions, w.tickets[i])
	}
	b.STransactions = append(b.STransactions, wire.NewMsgTx()) // no ticket
	w.blocks[ticketHeight] = b
	return w
}

// pair returns a block and its successor, which has votes.
func (w *town) pair(t testing.TB, salt byte, height uint32, make func(on consensus.BlockID) []*wire.MsgTx) (block, successor *wire.MsgBlock) {
	t.Helper()
	block = &wire.MsgBlock{Header: wire.BlockHeader{Height: height - 1, ExtraData: [32]byte{salt}}}
	on := consensus.BlockID{Height: consensus.Height(height - 1), Hash: block.BlockHash()}
	successor = &wire.MsgBlock{Header: wire.BlockHeader{Height: height, PrevBlock: on.Hash, VoteBits: 1}, STransactions: make(on)}
	return block, successor
}

// all returns the votes of the first five voters.
func (w *town) all(t testing.TB, on consensus.BlockID) []*wire.MsgTx {
	t.Helper()
	var list []*wire.MsgTx
	for i := range 5 {
		list = append(list, w.voters[i].vote(t, w.params, on, w.tickets[i], uint32(i), 1, nil))
	}
	return list
}

func idOf(b *wire.MsgBlock) consensus.BlockID {
	return consensus.BlockID{Height: consensus.Height(b.Header.Height), Hash: b.BlockHash()}
}

func verify(t testing.TB, v *votes.Verifier, block, successor *wire.MsgBlock) *votes.Result {
	t.Helper()
	r, err := v.VerifyVotes(t.Context(), idOf(block), successor)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRealVotes(t *testing.T) {
	w := newTown(t)
	v := votes.New(w.params, w)
	block, successor := w.pair(t, 0, voteHeight(w.params), func(on consensus.BlockID) []*wire.MsgTx {
		list := w.all(t, on)
		list[4] = w.voters[4].vote(t, w.params, on, w.tickets[4], 4, 0, nil)
		return append(list, w.voters[5].ticket(t, w.params, 77)) // no vote, and none is looked for in it
	})
	r := verify(t, v, block, successor)
	if r.Approving != 4 || r.Disapproving != 1 || len(r.Failed()) != 0 || r.Verdict(w.params) != votes.Voted || len(r.Votes) != 5 {
		t.Errorf("got %+v", r)
	}
	if again := verify(t, v, block, successor); again.Approving != 4 || len(again.Failed()) != 0 {
		t.Errorf("checked once more: %+v", again)
	}
	if w.fetched[ticketHeight] != 1 {
		t.Errorf("the block with the tickets was fetched %d times", w.fetched[ticketHeight])
	}
}

// TestForgedVotes has one vote of five be wrong in each way.
func TestForgedVotes(t *testing.T) {
	type forgery struct {
		name   string
		make   func(w *town, on consensus.BlockID) *wire.MsgTx
		reason votes.Reason
	}
	spoilt := func(spoil func(*wire.MsgTx)) func(w *town, on consensus.BlockID) *wire.MsgTx {
		return func(w *town, on consensus.BlockID) *wire.MsgTx {
			return w.voters[0].vote(t, w.params, on, w.tickets[0], 0, 1, spoil)
		}
	}
	for _, f := range []forgery{
		{"of another block", func(w *town, on consensus.BlockID) *wire.MsgTx {
			on.Hash[0] ^= 1
			return w.voters[0].vote(t, w.params, on, w.tickets[0], 0, 1, nil)
		}, votes.WrongParent},
		{"of another height", func(w *town, on consensus.BlockID) *wire.MsgTx {
			on.Height--
			return w.voters[0].vote(t, w.params, on, w.tickets[0], 0, 1, nil)
		}, votes.WrongParent},
		{"of a foreign key", func(w *town, on consensus.BlockID) *wire.MsgTx {
			return newVoter(t, w.params, "thief", false).vote(t, w.params, on, w.tickets[0], 0, 1, nil)
		}, votes.BadSignature},
		{"of a foreign key for a script", func(w *town, on consensus.BlockID) *wire.MsgTx {
			return newVoter(t, w.params, "thief", true).vote(t, w.params, on, w.tickets[5], 5, 1, nil)
		}, votes.BadSignature},
		{"changed after it was signed", func(w *town, on consensus.BlockID) *wire.MsgTx {
			tx := w.voters[0].vote(t, w.params, on, w.tickets[0], 0, 0, nil)
			tx.TxOut[1].PkScript[2] = 1
			return tx
		}, votes.BadSignature},
		{"of a ticket of another branch", func(w *town, on consensus.BlockID) *wire.MsgTx {
			return w.voters[0].vote(t, w.params, on, w.voters[0].ticket(t, w.params, 99), 0, 1, nil)
		}, votes.NoSuchTicket},
		{"of a false position", spoilt(func(tx *wire.MsgTx) { tx.TxIn[1].BlockIndex = 1 }), votes.NoSuchTicket},
		{"of a position behind the end", spoilt(func(tx *wire.MsgTx) { tx.TxIn[1].BlockIndex = 1<<32 - 1 }), votes.NoSuchTicket},
		{"of a false height that is withheld", spoilt(func(tx *wire.MsgTx) { tx.TxIn[1].BlockHeight-- }), votes.TicketWithheld},
		{"of its own height", spoilt(func(tx *wire.MsgTx) { tx.TxIn[1].BlockHeight = voteHeight(consensus.SimNet()) }), votes.ImpossiblePlace},
		{"of a height without end", spoilt(func(tx *wire.MsgTx) { tx.TxIn[1].BlockHeight = 1<<32 - 1 }), votes.ImpossiblePlace},
		{"of an immature ticket", spoilt(func(tx *wire.MsgTx) {
			tx.TxIn[1].BlockHeight = voteHeight(consensus.SimNet()) - uint32(consensus.SimNet().ChainParams.TicketMaturity)
		}), votes.Immature},
		{"of no ticket", func(w *town, on consensus.BlockID) *wire.MsgTx {
			return w.voters[0].vote(t, w.params, on, w.blocks[ticketHeight].STransactions[6], 6, 1, nil)
		}, votes.NotATicket},
		{"of a false value", spoilt(func(tx *wire.MsgTx) { tx.TxIn[1].ValueIn++ }), votes.WrongValue},
		{"of a ticket that has voted in the block", func(w *town, on consensus.BlockID) *wire.MsgTx {
			return w.voters[1].vote(t, w.params, on, w.tickets[1], 1, 0, nil)
		}, votes.TwiceInBlock},
		{"of no form", spoilt(func(tx *wire.MsgTx) { tx.TxOut = tx.TxOut[:1] }), votes.Malformed},
		{"of false treasury votes", spoilt(func(tx *wire.MsgTx) {
			tx.TxOut = append(tx.TxOut, wire.NewTxOut(0, []byte{txscript.OP_RETURN, txscript.OP_DATA_3, 'T', 'V', 1}))
		}), votes.Malformed},
		{"of another output", spoilt(func(tx *wire.MsgTx) { tx.TxIn[1].PreviousOutPoint.Index = 1 }), votes.Malformed},
	} {
		t.Run(f.name, func(t *testing.T) {
			w := newTown(t)
			block, successor := w.pair(t, 0, voteHeight(w.params), func(on consensus.BlockID) []*wire.MsgTx {
				return append(w.all(t, on)[1:], f.make(w, on))
			})
			r := verify(t, votes.New(w.params, w), block, successor)
			failed := r.Failed()
			if len(failed) != 1 || failed[0].Reason != f.reason || r.Approving != 4 {
				t.Errorf("%d approve, failed %+v, want %v", r.Approving, failed, f.reason)
			}
		})
	}
}

func TestScriptOfAnotherVersion(t *testing.T) {
	w := newTown(t)
	ticket := w.tickets[0].Copy()
	ticket.TxOut[0].Version = 1
	w.blocks[ticketHeight].STransactions[0] = ticket
	block, successor := w.pair(t, 0, voteHeight(w.params), func(on consensus.BlockID) []*wire.MsgTx {
		return []*wire.MsgTx{w.voters[0].vote(t, w.params, on, ticket, 0, 1, nil)}
	})
	r := verify(t, votes.New(w.params, w), block, successor)
	// dcrd takes no such purchase for a ticket at all.
	if len(r.Votes) != 1 || r.Votes[0].Reason != votes.NotATicket && r.Votes[0].Reason != votes.ScriptVersion {
		t.Errorf("got %+v", r)
	}
}

// TestAge compares the limits with those of the network, one block around each.
func TestAge(t *testing.T) {
	w := newTown(t)
	first := ticketHeight + uint32(w.params.ChainParams.TicketMaturity) + 1
	last := ticketHeight + uint32(w.params.ChainParams.TicketMaturity) + w.params.ChainParams.TicketExpiry
	for height, want := range map[uint32]votes.Reason{
		first - 1: votes.Immature, first: votes.Verified, last: votes.Verified, last + 1: votes.Expired,
	} {
		block, successor := w.pair(t, 0, height, func(on consensus.BlockID) []*wire.MsgTx {
			return []*wire.MsgTx{w.voters[0].vote(t, w.params, on, w.tickets[0], 0, 1, nil)}
		})
		if r := verify(t, votes.New(w.params, w), block, successor); r.Votes[0].Reason != want {
			t.Errorf("a vote at height %d is %v, want %v", height, r.Votes[0].Reason, want)
		}
	}
}

// TestTicketVotesOnce: a copy of a verified vote fails in later blocks, and votes
// once more after a fork takes the block of the first away.
func TestTicketVotesOnce(t *testing.T) {
	w := newTown(t)
	v := votes.New(w.params, w)
	height := voteHeight(w.params)
	votersOf := func(on consensus.BlockID) []*wire.MsgTx { return w.all(t, on) }
	block, successor := w.pair(t, 0, height, votersOf)
	if r := verify(t, v, block, successor); r.Approving != 5 {
		t.Fatalf("got %+v", r)
	}
	block, successor = w.pair(t, 1, height+1, votersOf)
	r := verify(t, v, block, successor)
	if r.Approving != 0 || len(r.Failed()) != 5 || r.Failed()[0].Reason != votes.AlreadyVoted || r.Verdict(w.params) != votes.NotVoted {
		t.Fatalf("tickets voted twice: %+v", r)
	}
	v.Forked(consensus.Height(height))
	if r := verify(t, v, block, successor); r.Approving != 5 {
		t.Errorf("after a fork: %+v", r)
	}
}

// TestForgedCopyBeforeTheVote: what fails does not use up the ticket of the real vote.
func TestForgedCopyBeforeTheVote(t *testing.T) {
	w := newTown(t)
	block, successor := w.pair(t, 0, voteHeight(w.params), func(on consensus.BlockID) []*wire.MsgTx {
		thief := newVoter(t, w.params, "thief", false)
		return append([]*wire.MsgTx{thief.vote(t, w.params, on, w.tickets[0], 0, 1, nil)}, w.all(t, on)[:4]...)
	})
	r := verify(t, votes.New(w.params, w), block, successor)
	if r.Approving != 4 || len(r.Failed()) != 1 || r.Failed()[0].Reason != votes.BadSignature {
		t.Errorf("got %+v", r)
	}
}

// TestWithheldIsAskedForAgain: what could not be judged is, once the block is there.
func TestWithheldIsAskedForAgain(t *testing.T) {
	w := newTown(t)
	v := votes.New(w.params, w)
	block, successor := w.pair(t, 0, voteHeight(w.params), func(on consensus.BlockID) []*wire.MsgTx { return w.all(t, on) })
	tickets := w.blocks[ticketHeight]
	delete(w.blocks, ticketHeight)
	if r := verify(t, v, block, successor); !r.Withheld() || r.Approving != 0 {
		t.Fatalf("got %+v", r)
	}
	w.blocks[ticketHeight] = tickets
	if r := verify(t, v, block, successor); r.Withheld() || r.Approving != 5 {
		t.Errorf("got %+v", r)
	}
}

func TestNotTheSuccessor(t *testing.T) {
	w := newTown(t)
	block, successor := w.pair(t, 0, voteHeight(w.params), func(on consensus.BlockID) []*wire.MsgTx { return w.all(t, on) })
	other := *block
	other.Header.ExtraData[5] = 1
	if _, err := votes.New(w.params, w).VerifyVotes(t.Context(), idOf(&other), successor); !errors.Is(err, votes.ErrNotSuccessor) {
		t.Errorf("another parent: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errWithheld)
	if _, err := votes.New(w.params, w).VerifyVotes(ctx, idOf(block), successor); !errors.Is(err, errWithheld) {
		t.Errorf("after ctx has ended: %v", err)
	}
}

// FuzzParse reads transactions of any form: nothing may panic, and what is read from a
// vote must be what it holds.
func FuzzParse(f *testing.F) {
	w := newTown(f)
	on := consensus.BlockID{Height: 200, Hash: chainhash.Hash{1}}
	for i, tx := range append(w.all(f, on), w.tickets...) {
		raw, err := tx.Bytes()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, uint32(i))
	}
	f.Fuzz(func(t *testing.T, raw []byte, height uint32) {
		tx := new(wire.MsgTx)
		if tx.FromBytes(raw) != nil {
			return
		}
		v, ok := votes.Parse(tx)
		if ok != stake.IsSSGen(tx) || v.TxID != tx.TxHash() {
			t.Fatalf("parsed %v: %+v", ok, v)
		}
		w := newTown(t)
		block, successor := w.pair(t, 0, height|1, func(consensus.BlockID) []*wire.MsgTx { return []*wire.MsgTx{tx} })
		if r, err := votes.New(w.params, w).VerifyVotes(t.Context(), idOf(block), successor); err == nil && r.Approving > 0 {
			t.Fatalf("a vote that nobody signed counts: %+v", r)
		}
	})
}

// TestVerdicts holds what the counts mean, at each number of votes that matters.
func TestVerdicts(t *testing.T) {
	p := consensus.SimNet()
	result := func(approves bool, yes, no, withheld int) *votes.Result {
		r := &votes.Result{Approves: approves, Approving: yes, Disapproving: no}
		r.Successor.Height = consensus.Height(p.ChainParams.StakeValidationHeight)
		for range withheld {
			r.Votes = append(r.Votes, votes.Checked{Reason: votes.TicketWithheld})
		}
		return r
	}
	for _, c := range []struct {
		r    *votes.Result
		want votes.Verdict
	}{
		{result(true, 3, 0, 0), votes.Voted},
		{result(true, 3, 2, 0), votes.Voted},
		{result(true, 3, 0, 2), votes.Voted},
		{result(true, 2, 3, 0), votes.NotVoted}, // the header contradicts the votes
		{result(false, 3, 2, 0), votes.NotVoted},
		{result(false, 2, 3, 0), votes.Disapproved},
		{result(true, 2, 0, 0), votes.NotVoted},
		{result(true, 2, 0, 1), votes.Unknown},
		{result(true, 1, 0, 1), votes.NotVoted},
		{result(true, 0, 0, 5), votes.Unknown},
		{result(false, 2, 2, 1), votes.Unknown},
		{result(false, 4, 0, 1), votes.NotVoted},
	} {
		if got := c.r.Verdict(p); got != c.want {
			t.Errorf("%+v: %v, want %v", *c.r, got, c.want)
		}
	}
	early := result(true, 0, 0, 0)
	early.Successor.Height--
	if got := early.Verdict(p); got != votes.NotRequired {
		t.Errorf("below the stake validation height: %v", got)
	}
}

// TestTooManyVotes has a block hold votes by the hundred: no more tickets are looked for
// than consensus draws, and no more are listed than there is room for.
func TestTooManyVotes(t *testing.T) {
	w := newTown(t)
	block, successor := w.pair(t, 0, voteHeight(w.params), func(on consensus.BlockID) []*wire.MsgTx {
		var list []*wire.MsgTx
		for i := range 300 {
			list = append(list, w.voters[0].vote(t, w.params, on, w.tickets[0], 0, 1, func(tx *wire.MsgTx) {
				tx.TxIn[1].BlockHeight -= uint32(i % 20) // each of another block
			}))
		}
		return list
	})
	v := votes.New(w.params, w)
	if needs := v.Needs(idOf(block), successor); len(needs) != int(w.params.ChainParams.TicketsPerBlock) {
		t.Errorf("%d blocks are needed", len(needs))
	}
	r := verify(t, v, block, successor)
	if len(w.fetched) > int(w.params.ChainParams.TicketsPerBlock) || len(r.Votes) != 10 || r.Votes[5].Reason != votes.TooMany {
		t.Errorf("%d blocks fetched, %d votes listed: %+v", len(w.fetched), len(r.Votes), r.Votes)
	}
}

// TestNeeds holds that what is fetched beforehand is what the votes ask the source for.
func TestNeeds(t *testing.T) {
	w := newTown(t)
	v := votes.New(w.params, w)
	block, successor := w.pair(t, 0, voteHeight(w.params), func(on consensus.BlockID) []*wire.MsgTx { return w.all(t, on) })
	if needs := v.Needs(idOf(block), successor); len(needs) != 1 || needs[0] != ticketHeight {
		t.Errorf("needs %v", needs)
	}
	verify(t, v, block, successor)
	if needs := v.Needs(idOf(block), successor); len(needs) != 0 {
		t.Errorf("needs %v once they are kept", needs)
	}
}

// TestRemember: the tickets of an earlier Verifier's result do not vote once more.
func TestRemember(t *testing.T) {
	w := newTown(t)
	votersOf := func(on consensus.BlockID) []*wire.MsgTx { return w.all(t, on) }
	block, successor := w.pair(t, 0, voteHeight(w.params), votersOf)
	r := verify(t, votes.New(w.params, w), block, successor)
	later := votes.New(w.params, w)
	later.Remember(r.Successor, r.Tickets())
	if again := verify(t, later, block, successor); again.Approving != 5 {
		t.Errorf("the same block: %+v", again)
	}
	block, successor = w.pair(t, 1, voteHeight(w.params)+1, votersOf)
	if r := verify(t, later, block, successor); r.Approving != 0 || r.Failed()[0].Reason != votes.AlreadyVoted {
		t.Errorf("another block: %+v", r)
	}
}

// TestReasonsHaveWords holds that each reason has a code and a sentence of its own.
func TestReasonsHaveWords(t *testing.T) {
	codes, texts := make(map[string]bool), make(map[string]bool)
	n := 0
	for r := votes.Verified; r.Known(); r++ {
		codes[r.Code()], texts[r.String()] = true, true
		n++
	}
	if n != 15 || len(codes) != n || len(texts) != n || (votes.Reason(n)).Known() || codes["reason-0"] {
		t.Errorf("%d reasons, %d codes, %d sentences", n, len(codes), len(texts))
	}
}
