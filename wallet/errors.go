package wallet

import (
	"errors"
	"fmt"

	"github.com/spvd/spvd/wallet/internal/apply"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/store"
	"github.com/spvd/spvd/wallet/internal/txn"
)

// Errors of the package. Their texts are fit for users: each says in one
// sentence what is wrong, and never repeats a key. Nothing has changed
// when one of them is returned.
var (
	// ErrPrivateKey means that private key material was given. It has been
	// neither stored nor logged.
	ErrPrivateKey = hd.ErrPrivateKey

	// ErrWrongNetwork means that a key or address is for another network.
	ErrWrongNetwork = hd.ErrWrongNetwork

	// ErrBadChecksum means that a key or address was mistyped or cut.
	ErrBadChecksum = hd.ErrBadChecksum

	// ErrBadKey means that a key is not one at all.
	ErrBadKey = hd.ErrBadKey

	// ErrNotAccountKey means that an extended key is not one of an account:
	// the third level of BIP44, derived with a hardened index.
	ErrNotAccountKey = hd.ErrNotAccountKey

	// ErrBadAddress means that an address is not one.
	ErrBadAddress = hd.ErrBadAddress

	// ErrBadScript means that a script cannot be watched.
	ErrBadScript = errors.New("script cannot be watched")

	// ErrDuplicate means that what was to be added is there already.
	ErrDuplicate = errors.New("already in the wallet")

	errNameTaken = fmt.Errorf("%w: another account has this name", ErrDuplicate)

	// ErrBadName means that an account name cannot be used.
	ErrBadName = state.ErrBadName

	// ErrGapLimit means that a gap limit is out of its range.
	ErrGapLimit = errors.New("gap limit must be from 1 to 10000 addresses")

	// ErrBehindGap means that the next address lies behind the gap limit.
	ErrBehindGap = errors.New("the next address is behind the gap limit; wait for a payment, or pass the gap policy ignore")

	// ErrBadBirthday means that a text is no birthday.
	ErrBadBirthday = errors.New("the birthday is neither a height, nor a date like 2024-01-31 that is past, nor new")

	// ErrFutureBirthday means that a birthday is a date that has not begun anywhere: payments
	// before it would be missed. It is an ErrBadBirthday.
	ErrFutureBirthday = fmt.Errorf("%w", ErrBadBirthday)

	// ErrBirthdayAboveTip means that a birthday is the height of a block that does
	// not exist yet.
	ErrBirthdayAboveTip = errors.New("the birthday is above the tip")

	// ErrNoAccount means that there is no account of that name.
	ErrNoAccount = state.ErrNoAccount

	// ErrNotMine means that an address or script is not watched.
	ErrNotMine = errors.New("not watched by this wallet")

	// ErrImported means that something was asked of the imported addresses that
	// only an account with an extended key can do.
	ErrImported = state.ErrImported

	// ErrBadLabel means that a label cannot be stored.
	ErrBadLabel = errors.New("labels are up to 500 bytes of UTF-8 in one line")

	// ErrAboveTip means that a height above the newest applied block was named.
	ErrAboveTip = errors.New("above the wallet's tip")

	// ErrNoOutput means that an outpoint is none that the wallet could spend.
	ErrNoOutput = errors.New("no such unspent output in this wallet")

	// ErrSpent means that an output of the wallet is spent. It is an ErrNoOutput.
	ErrSpent = fmt.Errorf("%w: it is spent", ErrNoOutput)

	// ErrNoTransaction means that a transaction is not one of the wallet.
	ErrNoTransaction = errors.New("no such transaction in this wallet")

	// ErrBadTransaction means that a transaction breaks a rule, or a signature in
	// it is wrong.
	ErrBadTransaction = txn.ErrBadTransaction

	// ErrExpired means that a transaction can no longer be mined.
	ErrExpired = errors.New("transaction has expired")

	// ErrDoubleSpend means that another transaction spends the same outputs.
	ErrDoubleSpend = errors.New("transaction spends what another one spends")

	// ErrLocked means that an output was chosen that is locked, or reserved by another
	// transaction that was built.
	ErrLocked = errors.New("output is locked")

	// ErrImmature means that a transaction spends an output before its time.
	ErrImmature = errors.New("transaction spends an output that cannot be spent yet")

	// ErrPoolFull means that there are too many unmined transactions.
	ErrPoolFull = errors.New("too many unmined transactions")

	// ErrMined means that a transaction is in a block.
	ErrMined = errors.New("transaction is mined")

	// ErrNoJob means that there is no job of a number.
	ErrNoJob = errors.New("there is no such job")

	// ErrJobOver means that a job is over.
	ErrJobOver = errors.New("it is over already")

	// ErrJobNeeded means that a job cannot be canceled.
	ErrJobNeeded = errors.New("only a rescan can be canceled: without this search what is watched would be incomplete")

	// ErrBadExport means that what shall be imported as a wallet is not what Export returns.
	ErrBadExport = errors.New("not a right export of a wallet")

	// ErrBackup means that no copy was written.
	ErrBackup = store.ErrBackup

	// ErrBackupExists means that no copy was written because there is a file of that name, which
	// stays as it is. It is an ErrBackup.
	ErrBackupExists = store.ErrBackupExists

	// ErrFull means that the wallet would watch more scripts than it can.
	ErrFull = state.ErrFull

	// ErrNoBlock is returned for the hash of a block that neither the wallet nor the chain
	// store knows.
	ErrNoBlock = errors.New("block is not on the main chain, and has not left it lately")

	// ErrNotConnected means that an update does not start at a block of the wallet.
	ErrNotConnected = apply.ErrNotConnected
)

// Errors of opening a wallet, wrapped with its path or name.
var (
	// ErrNoWallet means that there is no wallet of a name, or that it is not
	// open.
	ErrNoWallet = errors.New("there is no such wallet")

	// ErrWalletExists means that a wallet of a name is there already.
	ErrWalletExists = errors.New("there is such a wallet already")

	// ErrDiskFull means that there is no room for what was to be written. Nothing of
	// it has changed the wallet.
	ErrDiskFull = store.ErrDiskFull

	// ErrWalletName means that a wallet cannot have a name.
	ErrWalletName = errors.New("wallet names are 1 to 50 lower case letters, digits, \"_\" and \"-\", and begin with a letter or digit")

	// ErrClosed means that a wallet was closed meanwhile.
	ErrClosed = store.ErrClosed

	// ErrNewerFormat means that a newer version of the program wrote the file.
	ErrNewerFormat = state.ErrNewerFormat

	// ErrOtherNetwork means that the wallet belongs to another network.
	ErrOtherNetwork = state.ErrOtherNetwork

	// ErrInUse means that another process has the wallet open.
	ErrInUse = store.ErrInUse

	// ErrUnreadable means that the system does not let the file be read and written, or
	// that it is no regular file.
	ErrUnreadable = errors.New("wallet file cannot be read and written; check what it is, its owner and its permissions")

	// ErrCorrupt means that the file is damaged: a row that cannot be read, or
	// rows that contradict each other.
	ErrCorrupt = rows.ErrCorrupt
)

// Refusals returns the errors by which the wallet refuses what a user asks for. Their
// text is fit for users.
func Refusals() []error {
	return []error{
		ErrNoWallet, ErrClosed, ErrWalletExists, ErrWalletName, ErrPrivateKey, ErrWrongNetwork,
		ErrBadChecksum, ErrBadKey, ErrNotAccountKey, ErrBadAddress, ErrNoAccount, ErrNotMine,
		ErrNoTransaction, ErrBadScript, ErrBadName, ErrGapLimit, ErrBehindGap, ErrBadBirthday,
		ErrBirthdayAboveTip, ErrBadLabel, ErrAboveTip, ErrNoOutput, ErrNoJob, ErrJobOver,
		ErrJobNeeded, ErrDuplicate, ErrImported, ErrFull, ErrMined, ErrBadTransaction, ErrExpired,
		ErrDoubleSpend, ErrLocked, ErrImmature, ErrPoolFull, ErrDiskFull, ErrBadExport,
		ErrBackup,
	}
}

// Unusable returns the errors that say why a wallet cannot be used, which no other request
// changes. Their text is fit for users.
func Unusable() []error {
	return []error{ErrCorrupt, ErrNewerFormat, ErrOtherNetwork, ErrInUse, ErrUnreadable}
}
