package wallet

import (
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/state"
)

// ImportedAccount and ImportedName are the number and name under which single
// addresses and scripts are listed; dcrwallet uses the same.
const (
	ImportedAccount = state.ImportedAccount
	ImportedName    = state.ImportedName
)

// Branches of an account (BIP44): addresses given to others, and addresses for change.
const (
	External = hd.External
	Internal = hd.Internal
)

// DefaultGap is the gap limit of accounts for which none is chosen, in addresses.
const DefaultGap = hd.DefaultGap

// Window says which addresses of one branch of an account are watched: Issued is one more
// than the highest index that was handed out, Used one more than the highest index that a
// mined transaction pays. Zero means none.
type Window = hd.Window

// Account is a set of addresses derived from one extended public key.
type Account struct {
	// Number is assigned in the order of import, from zero on, and never
	// changes.
	Number uint32

	// Name is unique in the wallet.
	Name string

	// Xpub is the extended public key. It cannot spend, but it shows everything that
	// the account does.
	Xpub string

	// Birthday is the first height searched for the account, or a date that no block
	// has reached.
	Birthday Birthday

	// Gap is the gap limit in addresses, for each branch.
	Gap uint32

	// Branches are the external and the internal branch.
	Branches [2]Window
}

// account returns an account as users see it.
func account(a *state.Account) Account {
	return Account{Number: a.Number, Name: a.Name, Xpub: a.Xpub, Birthday: a.Birthday, Gap: a.Gap, Branches: a.Branches}
}

// accounts returns the accounts of a snapshot in the order of their numbers.
func accounts(s *state.Snapshot) []Account {
	list := make([]Account, len(s.Accounts))
	for i := range s.Accounts {
		list[i] = account(&s.Accounts[i])
	}
	return list
}
