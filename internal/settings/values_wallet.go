package settings

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/decred/dcrd/dcrutil/v4"

	"github.com/spvd/spvd/wallet"
)

// Account is an account to watch: a name and an extended public key. It prints without
// the key, because the key reveals all payments of the account.
type Account struct{ Name, Xpub string }

// UnmarshalFlag implements flags.Unmarshaler. Its error does not repeat the text, which may
// hold a key.
func (a *Account) UnmarshalFlag(value string) error {
	name, xpub, ok := strings.Cut(value, "=")
	name, xpub = strings.TrimSpace(name), strings.TrimSpace(xpub)
	if !ok || name == "" || xpub == "" {
		return refused("the account is not of the form NAME=XPUB")
	}
	*a = Account{name, xpub}
	return nil
}

// String returns the name.
func (a Account) String() string { return a.Name }

// Birthday is a birthday as the user wrote it, see wallet.ParseBirthday.
type Birthday string

// UnmarshalFlag implements flags.Unmarshaler.
func (b *Birthday) UnmarshalFlag(value string) error {
	switch _, err := wallet.ParseBirthday(value, time.Now()); {
	case errors.Is(err, wallet.ErrFutureBirthday):
		return refused("birthday %q is in the future, and no payment before it would be found: give %q for what was never used", value, wallet.NewBorn)
	case err != nil:
		return refused("birthday %q is neither a height, nor a date like 2024-01-31, nor %q", value, wallet.NewBorn)
	}
	*b = Birthday(value)
	return nil
}

// Value returns the birthday.
func (b Birthday) Value() wallet.Birthday {
	born, _ := wallet.ParseBirthday(string(b), time.Now()) // UnmarshalFlag has read it
	return born
}

// Amount is an amount of coins, more than none, as the user wrote it; empty when unset.
type Amount string

// UnmarshalFlag implements flags.Unmarshaler.
func (a *Amount) UnmarshalFlag(value string) error {
	if amount, err := parseCoins(value); err != nil || amount <= 0 || amount > dcrutil.MaxAmount {
		return refused("amount %q is not a number of coins like 10 or 0.5, more than 0 and at most %d", value, int64(dcrutil.MaxAmount)/dcrutil.AtomsPerCoin)
	}
	*a = Amount(value)
	return nil
}

// parseCoins reads a decimal number of coins.
func parseCoins(text string) (dcrutil.Amount, error) {
	if strings.Trim(text, "0123456789.") != "" { // no exponents and no infinities
		return 0, strconv.ErrSyntax
	}
	coins, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return 0, err
	}
	return dcrutil.NewAmount(coins)
}

// Value returns the amount in atoms, zero when unset.
func (a Amount) Value() dcrutil.Amount {
	amount, _ := parseCoins(string(a)) // UnmarshalFlag has read it
	return amount
}
