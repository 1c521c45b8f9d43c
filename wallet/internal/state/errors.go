package state

import (
	"errors"

	"github.com/spvd/spvd/wallet/internal/rows"
)

// Errors of what a user asks of a wallet, and of its file. Their texts are fit for users.
var (
	// ErrBadName means that an account name cannot be used.
	ErrBadName = errors.New("account names are 1 to 50 bytes of printable UTF-8 without spaces around them, other than \"*\" and \"imported\"")

	// ErrNoAccount means that there is no account of that name.
	ErrNoAccount = errors.New("no such account")

	// ErrImported means that something was asked of the imported addresses that
	// only an account with an extended key can do.
	ErrImported = errors.New("imported addresses have no extended key to derive more addresses from")

	// ErrFull means that the wallet would watch more scripts than it can.
	ErrFull = errors.New("wallet already watches as many scripts as it can")

	// ErrNewerFormat means that a newer version of the program wrote the file.
	ErrNewerFormat = errors.New("wallet was written by a newer version of this program; update the program to open it")

	// ErrOtherNetwork means that the wallet belongs to another network.
	ErrOtherNetwork = errors.New("wallet belongs to another network")

	// ErrCorrupt means that the file is damaged.
	ErrCorrupt = rows.ErrCorrupt
)
