package txbuild

import "errors"

// The reasons why Build refuses a request. Errors wrap them and say what helps.
var (
	// ErrFunds means that the coins are worth less than the outputs and the fee.
	ErrFunds = errors.New("not enough coins")

	// ErrScript means that a coin has a script whose spending is not built here.
	ErrScript = errors.New("output cannot be spent by a transaction that is built here")

	// ErrOutput means that nodes would refuse an output: dust, or a script or number of them that
	// they do not relay.
	ErrOutput = errors.New("output cannot be paid")

	// ErrFeeRate means that a fee rate is below what nodes relay, or far above the usual.
	ErrFeeRate = errors.New("fee rate is out of bounds")

	// ErrTooLarge means that the transaction has more bytes than nodes relay.
	ErrTooLarge = errors.New("transaction is larger than nodes relay")

	// ErrNoChange means that there is change and neither an address nor an account for it.
	ErrNoChange = errors.New("change has nowhere to go")

	// ErrExpiry means that the transaction would have expired before it can be mined.
	ErrExpiry = errors.New("expiry is not above the next block")

	// ErrRequest means that the request contradicts itself, or pays nothing.
	ErrRequest = errors.New("request cannot be built")
)
