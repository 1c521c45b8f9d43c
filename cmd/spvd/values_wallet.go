package main

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/decred/dcrd/dcrutil/v4"

	"github.com/spvd/spvd/wallet"
)

// accountFlag is an account to watch: a name and an extended public key. It prints without
// the key, because the key reveals all payments of the account.
type accountFlag struct{ name, xpub string }

// UnmarshalFlag implements flags.Unmarshaler. Its error does not repeat the text, which may
// hold a key.
func (a *accountFlag) UnmarshalFlag(value string) error {
	name, xpub, ok := strings.Cut(value, "=")
	name, xpub = strings.TrimSpace(name), strings.TrimSpace(xpub)
	if !ok || name == "" || xpub == "" {
		return refused("the account is not of the form NAME=XPUB")
	}
	*a = accountFlag{name, xpub}
	return nil
}

// String returns the name.
func (a accountFlag) String() string { return a.name }

// birthdayFlag is a birthday as the user wrote it, see wallet.ParseBirthday.
type birthdayFlag string

// UnmarshalFlag implements flags.Unmarshaler.
func (b *birthdayFlag) UnmarshalFlag(value string) error {
	switch _, err := wallet.ParseBirthday(value, time.Now()); {
	case errors.Is(err, wallet.ErrFutureBirthday):
		return refused("birthday %q is in the future, and no payment before it would be found: give %q for what was never used", value, wallet.NewBorn)
	case err != nil:
		return refused("birthday %q is neither a height, nor a date like 2024-01-31, nor %q", value, wallet.NewBorn)
	}
	*b = birthdayFlag(value)
	return nil
}

// value returns the birthday.
func (b birthdayFlag) value() wallet.Birthday {
	born, _ := wallet.ParseBirthday(string(b), time.Now()) // UnmarshalFlag has read it
	return born
}

// amountFlag is an amount of coins, more than none, as the user wrote it; empty when unset.
type amountFlag string

// UnmarshalFlag implements flags.Unmarshaler.
func (a *amountFlag) UnmarshalFlag(value string) error {
	if amount, err := parseCoins(value); err != nil || amount <= 0 || amount > dcrutil.MaxAmount {
		return refused("amount %q is not a number of coins like 10 or 0.5, more than 0 and at most %d", value, int64(dcrutil.MaxAmount)/dcrutil.AtomsPerCoin)
	}
	*a = amountFlag(value)
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

// value returns the amount in atoms, zero when unset.
func (a amountFlag) value() dcrutil.Amount {
	amount, _ := parseCoins(string(a)) // UnmarshalFlag has read it
	return amount
}
