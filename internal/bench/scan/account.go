package scan

import (
	"bytes"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/hdkeychain/v3"
	"github.com/decred/dcrd/txscript/v4/stdaddr"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// account is an account whose keys are known.
type account struct {
	xpub     string
	external *hdkeychain.ExtendedKey
}

// newAccount returns the account that belongs to a number.
func newAccount(n byte) (account, error) {
	const hardened = hdkeychain.HardenedKeyStart
	params := chaincfg.SimNetParams()
	key, err := hdkeychain.NewMaster(bytes.Repeat([]byte{n}, 32), params)
	if err != nil {
		return account{}, err
	}
	for _, index := range []uint32{44 + hardened, params.SLIP0044CoinType + hardened, hardened} {
		if key, err = key.Child(index); err != nil {
			return account{}, err
		}
	}
	external, err := key.Child(0)
	return account{xpub: key.Neuter().String(), external: external}, err
}

// script returns the payment script of an address.
func (a *account) script(index uint32) ([]byte, error) {
	key, err := a.external.Child(index)
	if err != nil {
		return nil, err
	}
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(stdaddr.Hash160(key.SerializedPubKey()), chaincfg.SimNetParams())
	if err != nil {
		return nil, err
	}
	_, script := addr.PaymentScript()
	return script, nil
}

// paid returns how many addresses are paid for a wallet to watch so many scripts in
// the end, a multiple of the gap limit: on both branches it looks two of those ahead.
func paid(scripts int) int { return scripts - 4*wallet.DefaultGap }

// planOf plans the payments to the accounts of some numbers of scripts: one to each
// address in turn, at equal distances.
func planOf(blocks int, sizes []int) (testnet.Plan, error) {
	plan := testnet.Plan{}
	for i, scripts := range sizes {
		a, err := newAccount(byte(i + 1))
		if err != nil {
			return nil, err
		}
		n := paid(scripts)
		for index := range n {
			script, err := a.script(uint32(index))
			if err != nil {
				return nil, err
			}
			plan.Pay(consensus.Height((index+1)*(blocks-1)/n), script, 1e8)
		}
	}
	return plan, nil
}

// busyAddresses is how many addresses of a busy wallet are paid, in turn.
const busyAddresses = wallet.DefaultGap

// planBusy plans a payment in every fifth block to an account, at a few addresses in
// turn, or each at a new one. It returns how many scripts the wallet watches in the end,
// and how many blocks pay it.
func planBusy(plan testnet.Plan, blocks int, number byte, fresh bool) (scripts, payments int, err error) {
	a, err := newAccount(number)
	if err != nil {
		return 0, 0, err
	}
	used := 0
	for h := payEvery; h < blocks; h += payEvery {
		index := payments
		if !fresh {
			index %= busyAddresses
		}
		script, err := a.script(uint32(index))
		if err != nil {
			return 0, 0, err
		}
		plan.Pay(consensus.Height(h), script, 1e8)
		payments++
		used = max(used, index+1)
	}
	return used/wallet.DefaultGap*wallet.DefaultGap + 4*wallet.DefaultGap, payments, nil // it looks ahead by whole gaps
}
