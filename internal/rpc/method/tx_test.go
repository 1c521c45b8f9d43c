package method

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"math"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"
)

// script assembles opcodes and data.
func script(t *testing.T, parts ...any) []byte {
	t.Helper()
	b := txscript.NewScriptBuilder()
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b.AddOp(byte(p))
		case []byte:
			b.AddData(p)
		}
	}
	s, err := b.Script()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// payee returns an address that stake outputs may pay to.
func payee(t *testing.T) *stdaddr.AddressPubKeyHashEcdsaSecp256k1V0 {
	t.Helper()
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(make([]byte, 20), chaincfg.MainNetParams())
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// tx returns a transaction with one input for each previous output, and one
// output for each script.
func tx(version uint16, prev []wire.OutPoint, sigScript []byte, pkScripts ...[]byte) *wire.MsgTx {
	m := wire.NewMsgTx()
	m.Version = version
	for _, p := range prev {
		in := &wire.TxIn{PreviousOutPoint: p, Sequence: 7, ValueIn: 250000000, BlockHeight: 3, BlockIndex: 4, SignatureScript: sigScript}
		if p == none() {
			in.BlockHeight, in.BlockIndex = wire.NullBlockHeight, wire.NullBlockIndex
		}
		m.AddTxIn(in)
	}
	for _, s := range pkScripts {
		m.AddTxOut(wire.NewTxOut(100000000, s))
	}
	return m
}

// Previous outputs: none, a regular one, a ticket.
func none() wire.OutPoint { return wire.OutPoint{Index: math.MaxUint32} }
func spent() wire.OutPoint {
	return wire.OutPoint{Hash: chainhash.Hash{1}, Index: 2}
}
func ticketOutput() wire.OutPoint {
	return wire.OutPoint{Hash: chainhash.Hash{2}, Tree: wire.TxTreeStake}
}

func TestVerboseInputs(t *testing.T) {
	addr := payee(t)
	_, pay := addr.PaymentScript()
	_, vote := addr.PayVoteCommitmentScript()
	blockRef := script(t, txscript.OP_RETURN, make([]byte, 36))
	voteBits := script(t, txscript.OP_RETURN, []byte{1, 0})
	treasurySig := script(t, make([]byte, 64), append([]byte{2}, make([]byte, 32)...), txscript.OP_TSPEND)
	for _, test := range []struct {
		name string
		tx   *wire.MsgTx
		want string
	}{
		{"regular", tx(1, []wire.OutPoint{spent()}, script(t, txscript.OP_TRUE), pay),
			`[{"txid":"0000000000000000000000000000000000000000000000000000000000000001","vout":2,"tree":0,"sequence":7,"amountin":2.5,"blockheight":3,"blockindex":4,"scriptSig":{"asm":"1","hex":"51"}}]`},
		{"coinbase before the treasury", tx(1, []wire.OutPoint{none()}, []byte{0, 0}, pay),
			`[{"coinbase":"0000","sequence":7,"amountin":2.5,"blockheight":0,"blockindex":4294967295}]`},
		{"coinbase", tx(wire.TxVersionTreasury, []wire.OutPoint{none()}, []byte{0, 0}, pay),
			`[{"coinbase":"0000","sequence":7,"amountin":2.5,"blockheight":0,"blockindex":4294967295}]`},
		{"vote", tx(1, []wire.OutPoint{none(), ticketOutput()}, []byte{0, 0}, blockRef, voteBits, vote),
			`[{"stakebase":"0000","sequence":7,"amountin":2.5,"blockheight":0,"blockindex":4294967295},` +
				`{"txid":"0000000000000000000000000000000000000000000000000000000000000002","vout":0,"tree":1,"sequence":7,"amountin":2.5,"blockheight":3,"blockindex":4,"scriptSig":{"asm":"0 0","hex":"0000"}}]`},
		{"treasury base", tx(wire.TxVersionTreasury, []wire.OutPoint{none()}, nil,
			script(t, txscript.OP_TADD), script(t, txscript.OP_RETURN, make([]byte, 12))),
			`[{"treasurybase":true,"sequence":7,"amountin":2.5,"blockheight":0,"blockindex":4294967295}]`},
		{"treasury spend", tx(wire.TxVersionTreasury, []wire.OutPoint{none()}, treasurySig,
			script(t, txscript.OP_RETURN, make([]byte, 32)), append([]byte{txscript.OP_TGEN}, pay...)),
			`[{"treasuryspend":"` + hex.EncodeToString(treasurySig) + `","sequence":7,"amountin":2.5,"blockheight":0,"blockindex":4294967295}]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := marshal(t, verboseInputs(test.tx)); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func TestVerboseOutputs(t *testing.T) {
	addr := payee(t)
	_, pay := addr.PaymentScript()
	_, rights := addr.VotingRightsScript()
	_, commitment := addr.RewardCommitmentScript(dcrutil.AtomsPerCoin*3, 0, 0)
	_, change := addr.StakeChangeScript()
	ticket := tx(1, []wire.OutPoint{spent()}, nil, rights, commitment, change)
	var types []string
	var commits []float64
	for _, out := range verboseOutputs(ticket, chaincfg.MainNetParams()) {
		types = append(types, out.ScriptPubKey.Type)
		if out.ScriptPubKey.CommitAmt != nil {
			commits = append(commits, *out.ScriptPubKey.CommitAmt)
		}
		if len(out.ScriptPubKey.Addresses) != 1 || out.ScriptPubKey.Addresses[0] != addr.String() {
			t.Errorf("output %d pays to %v", out.N, out.ScriptPubKey.Addresses)
		}
	}
	if got := marshal(t, types); got != `["stakesubmission-pubkeyhash","sstxcommitment","stakechange-pubkeyhash"]` {
		t.Errorf("types are %s", got)
	}
	if len(commits) != 1 || commits[0] != 3 {
		t.Errorf("commitments are %v", commits)
	}

	got := marshal(t, verboseOutputs(tx(1, []wire.OutPoint{spent()}, nil, pay, []byte{txscript.OP_DATA_2, 1}), chaincfg.MainNetParams()))
	want := `[{"value":1,"n":0,"version":0,"scriptPubKey":{"asm":"OP_DUP OP_HASH160 0000000000000000000000000000000000000000 OP_EQUALVERIFY OP_CHECKSIG",` +
		`"hex":"76a914000000000000000000000000000000000000000088ac","reqSigs":1,"type":"pubkeyhash","addresses":["` + addr.String() + `"],"version":0}},` +
		`{"value":1,"n":1,"version":0,"scriptPubKey":{"asm":"[error]","hex":"0201","type":"nonstandard","version":0}}]`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestDifficulty(t *testing.T) {
	params := chaincfg.MainNetParams()
	for bits, want := range map[uint32]float64{
		params.PowLimitBits: 1,
		0x1c00ffff:          256,
		0x1b01ffff:          32767.74999809, // genesis, as dcrd shows it
	} {
		if got := difficulty(bits, params); got != want {
			t.Errorf("difficulty(%x) = %v, want %v", bits, got, want)
		}
	}
}

// marshal returns a value as it is sent.
func marshal(t *testing.T, v any) string {
	t.Helper()
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		t.Fatal(err)
	}
	return string(bytes.TrimSpace(b.Bytes()))
}
