package hd

import (
	"errors"
	"testing"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/hdkeychain/v3"
)

// seedKey returns the private key of an account of a test seed.
func seedKey(t testing.TB, net hdkeychain.NetworkParams, seed byte) *hdkeychain.ExtendedKey {
	t.Helper()
	raw := make([]byte, 32)
	raw[0] = seed
	key, err := hdkeychain.NewMaster(raw, net)
	for _, i := range []uint32{44, 1, 0} {
		if err == nil {
			key, err = key.Child(hdkeychain.HardenedKeyStart + i)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestXpubOfEachNetwork(t *testing.T) {
	for _, net := range networks() {
		xpub := seedKey(t, net, 1).Neuter().String()
		for _, wallet := range networks() {
			key, err := ParseXpub(wallet, xpub)
			if wallet.Name == net.Name && (err != nil || key.String() != xpub) {
				t.Errorf("%s: %v", net.Name, err)
			}
			if wallet.Name != net.Name && !errors.Is(err, ErrWrongNetwork) {
				t.Errorf("key of %s in a wallet of %s: %v", net.Name, wallet.Name, err)
			}
		}
	}
}

// TestCoinTypes: accounts of the coin type of SLIP44 and of the one that wallets
// used before are both accounts; nothing in a key tells them apart.
func TestCoinTypes(t *testing.T) {
	for _, net := range []*chaincfg.Params{chaincfg.MainNetParams(), chaincfg.TestNet3Params(), chaincfg.SimNetParams()} {
		seen := make(map[string]bool)
		for _, coin := range []uint32{net.SLIP0044CoinType, net.LegacyCoinType} {
			key, err := hdkeychain.NewMaster(append(make([]byte, 31), 9), net)
			for _, i := range []uint32{44, coin, 0} {
				if err == nil {
					key, err = key.Child(hdkeychain.HardenedKeyStart + i)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			xpub := key.Neuter().String()
			if _, err := ParseXpub(net, xpub); err != nil || seen[xpub] {
				t.Errorf("%s, coin type %d: %v", net.Name, coin, err)
			}
			seen[xpub] = true
		}
	}
}
