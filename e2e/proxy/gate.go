package proxy

// Verdict is what happens to a message.
type Verdict uint8

// The verdicts.
const (
	Pass Verdict = iota
	Hold         // until Release; what follows on the connection in the same direction waits behind it
	Drop         // it is lost, as if it had not been sent
	Cut          // the connection ends instead
)

// Gate judges a message before it passes. It is called for one message at a
// time, over all connections.
type Gate func(f *Frame) Verdict

// HoldFrom returns a gate that holds the n-th message of a command, counted from 1
// over all connections, and all that come after it.
func HoldFrom(command string, n int) Gate {
	seen := 0
	return func(f *Frame) Verdict {
		if f.Command == command {
			seen++
		}
		if f.Command == command && seen >= n {
			return Hold
		}
		return Pass
	}
}
