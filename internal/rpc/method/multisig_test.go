package method

import (
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
)

// TestSigns holds signatures of messages against ones made as dcrwallet makes them: the
// hash covers a heading and the message, each with its length before it.
func TestSigns(t *testing.T) {
	key := secp256k1.PrivKeyFromBytes(chainhash.HashB([]byte("signer")))
	pub := key.PubKey().SerializeCompressed()
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(stdaddr.Hash160(pub), chaincfg.SimNetParams())
	if err != nil {
		t.Fatal(err)
	}
	text := "\x17Decred Signed Message:\n\x05hello"
	sig := ecdsa.SignCompact(key, chainhash.HashB([]byte(text)), true)
	for _, test := range []struct {
		name    string
		sig     []byte
		message string
		want    bool
	}{
		{"the message", sig, "hello", true},
		{"another message", sig, "hello!", false},
		{"no message", sig, "", false},
		{"a cut signature", sig[1:], "hello", false},
		{"no signature", nil, "hello", false},
		{"of the uncompressed key", ecdsa.SignCompact(key, chainhash.HashB([]byte(text)), false), "hello", false},
	} {
		got, err := signs(addr, test.sig, test.message)
		if err != nil || got != test.want {
			t.Errorf("%s: %v, %v, want %v", test.name, got, err, test.want)
		}
	}
}
