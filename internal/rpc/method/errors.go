package method

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/votecheck"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/wallet"
	"github.com/spvd/spvd/wallet/txbuild"
)

var (
	// errSyncing means that the answer needs data that is not here yet.
	errSyncing = errors.New("still syncing")

	// errNoDefault means that the default wallet, which comes with the first import,
	// does not exist yet.
	errNoDefault = errors.New("there is no wallet yet")
)

// fail returns an error for the client.
func fail(code api.Code, format string, operands ...any) error {
	return &api.Error{Code: code, Message: oneLine(fmt.Sprintf(format, operands...))}
}

// oneLine makes one line of the text of several errors.
func oneLine(text string) string { return strings.ReplaceAll(text, "\n", "; ") }

// refused returns the error of the pool as what is wrong with the parameters.
func refused(err error) error {
	if err == nil {
		return nil
	}
	return fail(api.CodeInvalid, "%v", err)
}

// Explain turns the error of a call into what the client gets: a code, one sentence, the
// next step. The last result is true for a fault of the daemon, which the log has to
// explain.
func (r *Registry) Explain(err error) (answer *api.Error, fault bool) {
	if errors.As(err, &answer) {
		return answer, false
	}
	if answer = refusal(err); answer != nil {
		return answer, false
	}
	switch {
	case errors.Is(err, chain.ErrNotFound):
		return &api.Error{Code: api.CodeNotFound, Message: "there is no such block on the main chain"}, false
	case errors.Is(err, spv.ErrNoPeers):
		return &api.Error{Code: api.CodeNoPeers, Message: "no peer is connected to ask; run: spvctl status"}, false
	case errors.Is(err, errNoDefault):
		return &api.Error{Code: api.CodeWallet, Message: "there is no wallet yet; import an account, run: spvctl account import NAME XPUB"}, false
	case errors.Is(err, errSyncing), errors.Is(err, spv.ErrNotInitialised), errors.Is(err, chain.ErrClosed):
		return r.stillSyncing(), false
	case errors.Is(err, context.DeadlineExceeded):
		return &api.Error{Code: api.CodeMisc, Message: "this took too long and was given up; try again, or run: spvctl status"}, false
	case errors.Is(err, chain.ErrDiskFull), errors.Is(err, syscall.ENOSPC):
		return &api.Error{Code: api.CodeWallet, Message: "disk full: make room on the disk of the data directory, and try again"}, true
	case errors.Is(err, context.Canceled):
		return &api.Error{Code: api.CodeMisc, Message: "given up because the client went away or the daemon is stopping"}, false
	}
	return &api.Error{Code: api.CodeInternal, Message: "internal error; the daemon's log has the details"}, true
}

// stillSyncing is the answer for data that has not arrived yet.
func (r *Registry) stillSyncing() *api.Error {
	st := r.Core.Syncer.Status()
	return &api.Error{Code: api.CodeSyncing, Message: fmt.Sprintf(
		"still syncing (%s, %.1f%% done); run: spvctl status --watch", st.Phase, 100*st.Ratio)}
}

// refusal returns what the client gets when the wallet, or what verifies votes, refuses a
// call, nil for other errors. The text is theirs, which is fit for users and repeats no key.
func refusal(err error) *api.Error {
	for _, known := range slices.Concat(refusals(), voteRefusals(), buildRefusals()) {
		if errors.Is(err, known.reason) {
			message := oneLine(err.Error())
			if known.next != "" {
				message += "; run: spvctl " + known.next
			}
			return &api.Error{Code: known.code, Message: message}
		}
	}
	return nil
}

// known is a reason to refuse a call.
type known struct {
	reason error
	code   api.Code
	next   string
}

// refusals returns the code of each reason of the wallet to refuse, and the spvctl command
// that shows more, if there is one.
func refusals() []known {
	return []known{
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
		{wallet.ErrNoAccount, api.CodeAccount, "account"},
		{wallet.ErrNotMine, api.CodeNotFound, ""},
		{wallet.ErrNoTransaction, api.CodeNotFound, "history"},
		{wallet.ErrBadScript, api.CodeInvalid, ""},
		{wallet.ErrBadName, api.CodeInvalid, ""},
		{wallet.ErrGapLimit, api.CodeInvalid, ""},
		{wallet.ErrBehindGap, api.CodeWallet, ""},
		{wallet.ErrBadBirthday, api.CodeInvalid, ""},
		{wallet.ErrBirthdayAboveTip, api.CodeInvalid, ""},
		{wallet.ErrBadLabel, api.CodeInvalid, ""},
		{wallet.ErrAboveTip, api.CodeInvalid, ""},
		{wallet.ErrNoOutput, api.CodeInvalid, "utxo"},
		{wallet.ErrNoJob, api.CodeInvalid, "job"},
		{wallet.ErrJobOver, api.CodeInvalid, ""},
		{wallet.ErrJobNeeded, api.CodeWallet, ""},
		{wallet.ErrDuplicate, api.CodeWallet, ""},
		{wallet.ErrImported, api.CodeWallet, ""},
		{wallet.ErrFull, api.CodeWallet, ""},
		{wallet.ErrBadExport, api.CodeInvalid, ""},
		{wallet.ErrBackup, api.CodeWallet, ""},
		{wallet.ErrMined, api.CodeWallet, ""},
		{wallet.ErrBadTransaction, api.CodeRejected, ""},
		{wallet.ErrExpired, api.CodeRejected, ""},
		{wallet.ErrDoubleSpend, api.CodeRejected, ""},
		{wallet.ErrLocked, api.CodeInvalid, "listlockunspent"},
		{wallet.ErrImmature, api.CodeRejected, ""},
		{wallet.ErrPoolFull, api.CodeRejected, ""},
		{wallet.ErrDiskFull, api.CodeWallet, ""},
		{wallet.ErrCorrupt, api.CodeWallet, "wallet list"},
		{wallet.ErrNewerFormat, api.CodeWallet, "wallet list"},
		{wallet.ErrOtherNetwork, api.CodeWallet, "wallet list"},
		{wallet.ErrInUse, api.CodeWallet, "wallet list"},
		{wallet.ErrUnreadable, api.CodeWallet, "wallet list"},
	}
}

// voteRefusals returns the same for the reasons of the verification of votes.
func voteRefusals() []known {
	return []known{
		{votecheck.ErrStopped, api.CodeMisc, "status"},
		{votecheck.ErrUnknown, api.CodeNotFound, "history"},
		{votecheck.ErrNotMined, api.CodeWallet, ""},
		{votecheck.ErrTooMany, api.CodeMisc, "job"},
		{votecheck.ErrNoJob, api.CodeInvalid, "job"},
		{votecheck.ErrJobOver, api.CodeInvalid, ""},
	}
}

// buildRefusals returns the same for the reasons why a transaction is not built.
func buildRefusals() []known {
	return []known{
		{txbuild.ErrFunds, api.CodeFunds, "utxo"},
		{txbuild.ErrScript, api.CodeInvalid, ""},
		{txbuild.ErrOutput, api.CodeInvalid, ""},
		{txbuild.ErrFeeRate, api.CodeInvalid, "estimatesmartfee 2"},
		{txbuild.ErrTooLarge, api.CodeInvalid, ""},
		{txbuild.ErrNoChange, api.CodeInvalid, ""},
		{txbuild.ErrExpiry, api.CodeInvalid, ""},
		{txbuild.ErrRequest, api.CodeInvalid, ""},
	}
}
