package hd

import (
	"errors"
	"fmt"
	"strings"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/hdkeychain/v3"
	"github.com/decred/dcrd/txscript/v4/stdaddr"

	"github.com/spvd/spvd/wallet/internal/rows"
)

// accountDepth is the depth of an account key in BIP44: purpose, coin, account.
const accountDepth = 3

// Branches of an account (BIP44).
const (
	External uint32 = 0 // addresses given to others
	Internal uint32 = 1 // addresses for change
)

// networks returns every network whose keys and addresses are recognised, so
// that one for the wrong network can be told from nonsense.
func networks() []*chaincfg.Params {
	return []*chaincfg.Params{
		chaincfg.MainNetParams(), chaincfg.TestNet3Params(),
		chaincfg.SimNetParams(), chaincfg.RegNetParams(),
	}
}

// ParseXpub decodes the extended public key of an account of a network. No
// error it returns repeats any part of the input.
func ParseXpub(net *chaincfg.Params, s string) (*hdkeychain.ExtendedKey, error) {
	if LooksPrivate(s) {
		return nil, ErrPrivateKey
	}
	key, keyNet, err := DecodeExtended(s)
	if err != nil {
		return nil, err
	}
	if key.IsPrivate() {
		key.Zero()
		return nil, ErrPrivateKey
	}
	if keyNet.Name != net.Name {
		return nil, fmt.Errorf("%w: the key is for %s, the wallet for %s", ErrWrongNetwork, keyNet.Name, net.Name)
	}
	if key.Depth() != accountDepth || key.ChildNum() < hdkeychain.HardenedKeyStart {
		return nil, ErrNotAccountKey
	}
	return key, nil
}

// DecodeExtended decodes an extended key of any network.
func DecodeExtended(s string) (*hdkeychain.ExtendedKey, *chaincfg.Params, error) {
	for _, net := range networks() {
		key, err := hdkeychain.NewKeyFromString(s, net)
		switch {
		case err == nil:
			return key, net, nil
		case errors.Is(err, hdkeychain.ErrWrongNetwork):
			continue
		case errors.Is(err, hdkeychain.ErrBadChecksum):
			return nil, nil, ErrBadChecksum
		default:
			return nil, nil, ErrBadKey
		}
	}
	return nil, nil, fmt.Errorf("%w: no known network uses its prefix", ErrWrongNetwork)
}

// LooksPrivate reports whether a string is private key material: an extended
// private key, even a damaged one, or a single key in wallet import format.
func LooksPrivate(s string) bool {
	s = strings.TrimSpace(s)
	if len(s) >= 4 && s[1:4] == "prv" {
		return true
	}
	for _, net := range networks() {
		if wif, err := dcrutil.DecodeWIF(s, net.PrivateKeyID); err == nil && wif != nil {
			return true
		}
	}
	return false
}

// BranchKey derives the key of one branch of an account.
func BranchKey(net *chaincfg.Params, xpub string, branch uint32) (*hdkeychain.ExtendedKey, error) {
	account, err := hdkeychain.NewKeyFromString(xpub, net)
	if err != nil {
		return nil, fmt.Errorf("%w: stored account key: %w", rows.ErrCorrupt, err)
	}
	key, err := account.Child(branch)
	if err != nil {
		return nil, fmt.Errorf("derive branch %d: %w", branch, err)
	}
	return key, nil
}

// Script derives the pay-to-pubkey-hash script of an index of a branch.
func Script(net *chaincfg.Params, branch *hdkeychain.ExtendedKey, index uint32) ([]byte, error) {
	key, err := branch.Child(index)
	if err != nil {
		return nil, fmt.Errorf("derive address %d: %w", index, err)
	}
	hash := stdaddr.Hash160(key.SerializedPubKey())
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(hash, net)
	if err != nil {
		return nil, fmt.Errorf("derive address %d: %w", index, err)
	}
	_, script := addr.PaymentScript()
	return script, nil
}
