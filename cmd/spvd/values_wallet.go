package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/wallet"
)

// accountFlag is an account to watch: a name and an extended public key. It
// prints without the key, which shows whoever has it all the account does.
type accountFlag struct{ name, xpub string }

// UnmarshalFlag implements flags.Unmarshaler. What it refuses it does not
// repeat: it may hold a key.
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

// newBorn is the birthday of what has never been used.
const newBorn = "new"

// farthestZone is how far ahead of the time here a day has begun somewhere.
const farthestZone = 24 * time.Hour

// birthdayFlag is a birthday as the user wrote it: a height, a date or newBorn.
type birthdayFlag string

// UnmarshalFlag implements flags.Unmarshaler.
func (b *birthdayFlag) UnmarshalFlag(value string) error {
	_, err := strconv.ParseUint(value, 10, 31)
	date, dateErr := time.Parse(time.DateOnly, value)
	switch {
	case value == newBorn:
	case err != nil && dateErr != nil:
		return refused("birthday %q is neither a height, nor a date like 2024-01-31, nor %q", value, newBorn)
	case date.After(time.Now().Add(farthestZone)):
		return refused("birthday %q is in the future, and no payment before it would be found: give %q for what was never used", value, newBorn)
	}
	*b = birthdayFlag(value)
	return nil
}

// value returns the birthday.
func (b birthdayFlag) value() wallet.Birthday {
	if b == newBorn {
		return wallet.Birthday{Time: time.Now()}
	}
	if height, err := strconv.ParseUint(string(b), 10, 31); err == nil {
		return wallet.Birthday{Height: chain.Height(height)}
	}
	date, _ := time.Parse(time.DateOnly, string(b)) // UnmarshalFlag has read it
	return wallet.Birthday{Time: date}
}
