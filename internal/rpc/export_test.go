package rpc

// DefaultLimits returns the limits of a server that is configured with none.
func DefaultLimits() Limits { return Limits{}.withDefaults() }

// MostValues is how many values a message may hold.
const MostValues = mostValues
