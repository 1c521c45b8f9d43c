package e2e

import (
	"encoding/hex"
	"testing"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/gcs/v4"
	"github.com/decred/dcrd/gcs/v4/blockcf2"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
)

// testPayment: the filter that the daemon gives out for a block tells of a
// payment in it, with the key it comes with.
func (s *stage) testPayment(t *testing.T) {
	n := s.newNode(t)
	m := s.newMiner(t, n)
	d := s.newDaemon(t, n.Addr())
	script := scriptOf(t, "somebody")
	if _, err := m.Pay(t.Context(), script, 1_000_000); err != nil {
		t.Fatal(err)
	}
	extend(t, m, 1)
	st := awaitTip(t, d, n)

	var r struct{ Filter, Key string }
	if err := d.Call(t.Context(), "getcfilterv2", &r, st.Tip.Hash); err != nil {
		t.Fatal(err)
	}
	raw, err := hex.DecodeString(r.Filter)
	if err != nil {
		t.Fatal(err)
	}
	filter, err := gcs.FromBytesV2(blockcf2.B, blockcf2.M, raw)
	if err != nil {
		t.Fatal(err)
	}
	var key [gcs.KeySize]byte
	if k, err := hex.Decode(key[:], []byte(r.Key)); err != nil || k != len(key) {
		t.Fatalf("key %q: %v", r.Key, err)
	}
	if !filter.Match(key, script) {
		t.Error("the filter does not match the script that was paid")
	}
	if filter.Match(key, scriptOf(t, "somebody else")) { // by chance once in 784,931 runs
		t.Error("the filter matches a script that was not paid")
	}
}

// scriptOf returns the payment script of an address that follows from a name.
func scriptOf(t *testing.T, name string) []byte {
	t.Helper()
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(stdaddr.Hash160([]byte(name)), chaincfg.SimNetParams())
	if err != nil {
		t.Fatal(err)
	}
	_, script := addr.PaymentScript()
	return script
}
