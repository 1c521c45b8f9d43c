package txbuild

import "errors"

// The reasons why Build refuses a request. Errors wrap them and say what helps.
var (
	ErrFunds    = errors.New("not enough coins")
	ErrScript   = errors.New("output cannot be spent by a transaction that is built here")
	ErrOutput   = errors.New("output cannot be paid")
	ErrFeeRate  = errors.New("fee rate is out of bounds")
	ErrTooLarge = errors.New("transaction is larger than nodes relay")
	ErrNoChange = errors.New("change has nowhere to go")
	ErrExpiry   = errors.New("expiry is not above the next block")
	ErrRequest  = errors.New("request cannot be built")
)
