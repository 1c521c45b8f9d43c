package api

import (
	"fmt"
	"strconv"
	"strings"
)

// atomsPerCoin is how many atoms make a coin.
const atomsPerCoin = 1e8

// coinDigits is how many digits a coin has behind the point.
const coinDigits = 8

// Amount is a number of atoms. Its JSON is a number of coins with all digits; clients that
// read it as a float get what dcrwallet sends.
type Amount int64

// String returns the amount in coins, without trailing zeros.
func (a Amount) String() string {
	sign, atoms := "", uint64(a)
	if a < 0 {
		sign, atoms = "-", -atoms
	}
	text := fmt.Sprintf("%s%d.%0*d", sign, atoms/atomsPerCoin, coinDigits, atoms%atomsPerCoin)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// MarshalJSON implements json.Marshaler.
func (a Amount) MarshalJSON() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalJSON implements json.Unmarshaler. It accepts the output of MarshalJSON.
func (a *Amount) UnmarshalJSON(raw []byte) error {
	whole, part, _ := strings.Cut(string(raw), ".")
	if len(part) > coinDigits {
		return fmt.Errorf("amount %s: more than %d digits behind the point", raw, coinDigits)
	}
	atoms, err := strconv.ParseInt(whole+part+strings.Repeat("0", coinDigits-len(part)), 10, 64)
	if err != nil {
		return fmt.Errorf("amount %s: %w", raw, err)
	}
	*a = Amount(atoms)
	return nil
}
