package wallet

import (
	"bytes"
	"context"
	"fmt"

	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// ImportAddress watches a single address of any standard type, and labels it
// unless the label is empty. A public key address also watches the address of the
// key's hash. A nil birthday is the wallet's. An address that is watched already is
// searched for from the earlier birthday on, with all of its account. The errors are ErrPrivateKey,
// ErrWrongNetwork, ErrBadChecksum, ErrBadAddress, ErrBadLabel and ErrDuplicate.
func (w *Wallet) ImportAddress(ctx context.Context, address, label string, birthday *Birthday) error {
	addr, err := hd.ParseAddress(w.cfg.Params.ChainParams, address)
	if err == nil {
		err = checkLabel(label)
	}
	if err != nil {
		return fmt.Errorf("import address: %w", err)
	}
	return w.importScripts(ctx, single{pays: hd.PayScripts(addr), preimage: publicKeyOf(addr), address: addr.String(), label: label}, birthday)
}

// ImportPubKey watches the address of a public key, given compressed, and
// payments to the key itself. A nil birthday is the wallet's. The errors are
// ErrBadKey and ErrDuplicate.
func (w *Wallet) ImportPubKey(ctx context.Context, key []byte, birthday *Birthday) (address string, err error) {
	addr, err := stdaddr.NewAddressPubKeyEcdsaSecp256k1V0Raw(key, w.cfg.Params.ChainParams)
	if err != nil {
		return "", fmt.Errorf("import public key: %w", ErrBadKey)
	}
	if err := w.importScripts(ctx, single{pays: hd.PayScripts(addr), preimage: publicKeyOf(addr)}, birthday); err != nil {
		return "", err
	}
	return addr.AddressPubKeyHash().String(), nil
}

// ImportRedeemScript watches the pay-to-script-hash address of a redeem script,
// and keeps the script. A nil birthday is the wallet's. The errors are
// ErrBadScript and ErrDuplicate.
func (w *Wallet) ImportRedeemScript(ctx context.Context, redeem []byte, birthday *Birthday) (address string, err error) {
	if len(redeem) == 0 || len(redeem) > txscript.MaxScriptElementSize {
		return "", fmt.Errorf("import redeem script of %d bytes: %w: it must have 1 to %d", len(redeem), ErrBadScript, txscript.MaxScriptElementSize)
	}
	addr, err := stdaddr.NewAddressScriptHashV0(redeem, w.cfg.Params.ChainParams)
	if err != nil {
		return "", fmt.Errorf("import redeem script: %w", ErrBadScript)
	}
	return addr.String(), w.importScripts(ctx, single{pays: hd.PayScripts(addr), preimage: redeem}, birthday)
}

// ImportScript watches outputs with exactly one script, whatever it is. A stake
// tag in front of it is left out: the script is watched with any and without.
// A nil birthday is the wallet's. The errors are ErrBadScript and
// ErrDuplicate.
func (w *Wallet) ImportScript(ctx context.Context, pkScript []byte, birthday *Birthday) error {
	pay := txn.Untag(pkScript)
	if len(pay) == 0 || len(pay) > txscript.MaxScriptSize {
		return fmt.Errorf("import script of %d bytes: %w: it must have 1 to %d", len(pkScript), ErrBadScript, txscript.MaxScriptSize)
	}
	return w.importScripts(ctx, single{pays: [][]byte{bytes.Clone(pay)}}, birthday)
}

// publicKeyOf returns the public key in an address, if it is one of a key.
func publicKeyOf(addr stdaddr.Address) []byte {
	if key, ok := addr.(stdaddr.SerializedPubKeyer); ok {
		return key.SerializedPubKey()
	}
	return nil
}

// single is an address or script that belongs to no account.
type single struct {
	pays     [][]byte // the scripts to watch
	preimage []byte   // what is known to hash to them, if anything

	address, label string // the label of the address, unless it is empty
}

// duplicate says that a script is watched already, from when on, and what helps.
func duplicate(s *state.Snapshot, sc *state.Script) error {
	d := sc.Born
	if sc.Account != ImportedAccount {
		if a := s.Accounts[sc.Account].Born; !sc.Own() || s.Birthdays.At(a) > s.Birthdays.At(d) {
			d = a
		}
	}
	return fmt.Errorf("%w, in account %q from block %v on; an earlier birthday or rescanwallet searches earlier blocks, setlabel changes a label",
		ErrDuplicate, s.AccountName(sc.Account), s.Birthdays.Public(d))
}

// importScripts watches what one import names. It is a duplicate if that changes
// nothing.
func (w *Wallet) importScripts(ctx context.Context, what single, birthday *Birthday) error {
	_, err := w.importAll(ctx, []single{what}, birthday, true)
	return err
}

// putPreimage keeps a preimage of a script. It reports whether it was new.
func putPreimage(tx *bolt.Tx, number uint32, preimage []byte) (bool, error) {
	b := tx.Bucket(state.PreimagesBucket)
	if len(preimage) == 0 || b.Get(rows.Key(number)) != nil {
		return false, nil
	}
	return true, b.Put(rows.Key(number), preimage)
}
