package wallet

import (
	"bytes"
	"context"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
)

// AddressInfo is what is known about an address.
type AddressInfo struct {
	Address string
	Script  []byte // that pays to it

	// IsScript says that it is the address of a script's hash.
	IsScript bool

	// PublicKey is the key that the address is of, RedeemScript the script, if
	// the wallet knows them.
	PublicKey    []byte
	RedeemScript []byte

	// Mine says that the wallet watches it. The fields after it are only set
	// then.
	Mine    bool
	Account string
	Number  uint32 // of the account

	// Derived says that the address was derived from the account's key, at Index
	// of Branch.
	Derived       bool
	Branch, Index uint32

	// BeyondGap says that it lies further behind the last used address than the
	// gap limit: see Issued.
	BeyondGap bool

	Label string
}

// AddressInfo returns what is known about an address, of this wallet or not. It
// need not be watched. The errors are those of ImportAddress.
func (w *Wallet) AddressInfo(ctx context.Context, address string) (AddressInfo, error) {
	addr, err := hd.ParseAddress(w.cfg.Params.ChainParams, address)
	if err != nil {
		return AddressInfo{}, fmt.Errorf("address: %w", err)
	}
	_, pay := addr.PaymentScript()
	info := AddressInfo{Address: addr.String(), Script: pay, IsScript: hd.IsScriptHash(pay)}
	err = w.store.View(ctx, func(tx *bolt.Tx, s *state.Snapshot) error {
		info.Label = string(tx.Bucket(state.LabelsBucket).Get([]byte(info.Address)))
		number, ok := w.store.Owner(s)(pay)
		if !ok {
			info.PublicKey = publicKeyOf(addr)
			return nil
		}
		return w.describeAddress(tx, s, &info, number)
	})
	return info, err
}

// describeAddress fills in what the wallet knows about one of its addresses.
func (w *Wallet) describeAddress(tx *bolt.Tx, s *state.Snapshot, info *AddressInfo, number uint32) error {
	sc := &s.Scripts[number]
	info.Mine, info.Number, info.Account = true, sc.Account, s.AccountName(sc.Account)
	info.Derived, info.Branch, info.Index = sc.Account != ImportedAccount, sc.Branch, sc.Index
	preimage := bytes.Clone(tx.Bucket(state.PreimagesBucket).Get(rows.Key(number)))
	if info.IsScript {
		info.RedeemScript = preimage
		return nil
	}
	info.PublicKey = preimage
	if !info.Derived {
		return nil
	}
	a := &s.Accounts[sc.Account]
	info.BeyondGap = sc.Index >= a.Branches[sc.Branch].Used+a.Gap
	key, err := hd.BranchKey(w.cfg.Params.ChainParams, a.Xpub, sc.Branch)
	if err != nil {
		return err
	}
	child, err := key.Child(sc.Index)
	if err != nil {
		return fmt.Errorf("derive address %d: %w", sc.Index, err)
	}
	info.PublicKey = child.SerializedPubKey()
	return nil
}
