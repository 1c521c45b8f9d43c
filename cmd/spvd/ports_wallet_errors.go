package main

import (
	"errors"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/wallet"
)

// walletError returns the error in the terms of the RPC server. What the wallet
// refuses it says itself, in words that are fit for users and repeat no key.
func walletError(err error) error {
	for _, r := range refusals() {
		if errors.Is(err, r.reason) {
			message := err.Error()
			if r.next != "" {
				message += "; run: spvctl " + r.next
			}
			return &api.Error{Code: r.code, Message: message}
		}
	}
	return err
}

// refusal is a reason of the wallet to refuse, the code for it, and the spvctl command
// that tells more, if one does.
type refusal struct {
	reason error
	code   api.Code
	next   string
}

func refusals() []refusal {
	return []refusal{
		{wallet.ErrNoWallet, api.CodeNoWallet, "wallet list"},
		{wallet.ErrClosed, api.CodeNoWallet, "wallet list"},
		{wallet.ErrWalletExists, api.CodeWallet, "wallet list"},
		{wallet.ErrWalletName, api.CodeInvalid, ""},
		{wallet.ErrPrivateKey, api.CodeWallet, ""},
		{wallet.ErrWrongNetwork, api.CodeNotFound, ""},
		{wallet.ErrBadChecksum, api.CodeNotFound, ""},
		{wallet.ErrBadKey, api.CodeNotFound, ""},
		{wallet.ErrNotAccountKey, api.CodeNotFound, ""},
		{wallet.ErrBadAddress, api.CodeNotFound, ""},
		{wallet.ErrNoAccount, api.CodeNotFound, "account"},
		{wallet.ErrNotMine, api.CodeNotFound, ""},
		{wallet.ErrNoTransaction, api.CodeNotFound, "history"},
		{wallet.ErrBadScript, api.CodeInvalid, ""},
		{wallet.ErrBadName, api.CodeInvalid, ""},
		{wallet.ErrGapLimit, api.CodeInvalid, ""},
		{wallet.ErrBadLabel, api.CodeInvalid, ""},
		{wallet.ErrAboveTip, api.CodeInvalid, ""},
		{wallet.ErrNoOutput, api.CodeInvalid, "utxo"},
		{wallet.ErrNoJob, api.CodeInvalid, "job"},
		{wallet.ErrJobOver, api.CodeInvalid, ""},
		{wallet.ErrJobNeeded, api.CodeWallet, ""},
		{wallet.ErrDuplicate, api.CodeWallet, ""},
		{wallet.ErrImported, api.CodeWallet, ""},
		{wallet.ErrFull, api.CodeWallet, ""},
		{wallet.ErrMined, api.CodeWallet, ""},
		{wallet.ErrBadTransaction, api.CodeRejected, ""},
		{wallet.ErrExpired, api.CodeRejected, ""},
		{wallet.ErrDoubleSpend, api.CodeRejected, ""},
		{wallet.ErrImmature, api.CodeRejected, ""},
		{wallet.ErrPoolFull, api.CodeRejected, ""},
	}
}
