package testnet

import (
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"
)

// hashSize is the size of the hash that a script pays to.
const hashSize = 20

// payToHash returns a version 0 pay-to-pubkey-hash script, behind a stake tag
// if one is given.
func payToHash(hash []byte, tag ...byte) []byte {
	s := make([]byte, 0, len(tag)+25)
	s = append(s, tag...)
	s = append(s, txscript.OP_DUP, txscript.OP_HASH160, txscript.OP_DATA_20)
	s = append(s, hash[:hashSize]...)
	return append(s, txscript.OP_EQUALVERIFY, txscript.OP_CHECKSIG)
}

// somebody returns a script that pays to a hash drawn from the stream.
func somebody(s stream, tag ...byte) []byte {
	var hash [hashSize]byte
	s.fill(hash[:])
	return payToHash(hash[:], tag...)
}

// data returns a null data script: OP_RETURN and one push.
func data(payload []byte) []byte {
	s := make([]byte, 0, 2+len(payload))
	s = append(s, txscript.OP_RETURN, byte(len(payload)))
	return append(s, payload...)
}

// prevScripts returns the scripts behind the inputs of generated transactions. An invented
// output pays to the first bytes of its own transaction hash, so that no table of them is
// needed; given has those that planned transactions spend.
type prevScripts struct {
	given map[wire.OutPoint][]byte
}

// PrevScript implements blockcf2.PrevScripter.
func (p prevScripts) PrevScript(o *wire.OutPoint) (uint16, []byte, bool) {
	if s, ok := p.given[*o]; ok {
		return 0, s, true
	}
	return 0, payToHash(o.Hash[:]), true
}
