package conn

import (
	"bytes"
	"hash"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/crypto/blake256"
	"github.com/decred/dcrd/wire"
)

// TestMixHash: the hash of the bytes is that by which package wire, and so each node, names a message.
func TestMixHash(t *testing.T) {
	type message interface {
		wire.Message
		WriteHash(hash.Hash)
		Hash() chainhash.Hash
	}
	for _, m := range []message{
		&wire.MsgMixPairReq{ScriptClass: "P2PKH-v0", UTXOs: []wire.MixPairReqUTXO{{PubKey: make([]byte, 33), Signature: make([]byte, 64)}}},
		&wire.MsgMixKeyExchange{SeenPRs: []chainhash.Hash{{1}}},
		&wire.MsgMixCiphertexts{Ciphertexts: make([][1047]byte, 2), SeenKeyExchanges: make([]chainhash.Hash, 2)},
		&wire.MsgMixSlotReserve{DCMix: [][][]byte{{{7}}}, SeenCiphertexts: make([]chainhash.Hash, 1)},
		&wire.MsgMixDCNet{DCNet: []wire.MixVect{make(wire.MixVect, 1)}, SeenSlotReserves: make([]chainhash.Hash, 1)},
		&wire.MsgMixConfirm{Mix: *wire.NewMsgTx(), SeenDCNets: make([]chainhash.Hash, 1)},
		&wire.MsgMixFactoredPoly{Roots: [][]byte{{7}}},
		&wire.MsgMixSecrets{SlotReserveMsgs: [][]byte{{7}}, DCNetMsgs: make(wire.MixVect, 1)},
	} {
		var buf bytes.Buffer
		if err := m.BtcEncode(&buf, wire.MixVersion); err != nil {
			t.Errorf("%s: %v", m.Command(), err)
			continue
		}
		m.WriteHash(blake256.NewHasher256())
		if s, err := checkMix(buf.Bytes()); err != nil || s.first != m.Hash() {
			t.Errorf("%s: %v, %v, want %v", m.Command(), s.first, err, m.Hash())
		}
		if r := ruleOf([]byte(m.Command())); r.handling != mixing {
			t.Errorf("%s is not read as a message of mixing", m.Command())
		}
	}
}
