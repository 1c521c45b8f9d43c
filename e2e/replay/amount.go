package replay

import (
	"fmt"
	"math/big"
)

// Amount is a number of atoms. In JSON it is a number of coins.
type Amount int64

// UnmarshalJSON reads coins. It refuses what is no whole number of atoms.
func (a *Amount) UnmarshalJSON(text []byte) error {
	coins, ok := new(big.Rat).SetString(string(text))
	if !ok {
		return fmt.Errorf("amount %s is not a number", text)
	}
	atoms := coins.Mul(coins, big.NewRat(1e8, 1))
	if !atoms.IsInt() || !atoms.Num().IsInt64() {
		return fmt.Errorf("amount %s is no whole number of atoms", text)
	}
	*a = Amount(atoms.Num().Int64())
	return nil
}
