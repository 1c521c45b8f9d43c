package rpc

// DefaultLimits returns what a server bounds unless it is told otherwise.
func DefaultLimits() Limits { return Limits{}.withDefaults() }

// MostValues is how many values a message may hold.
const MostValues = mostValues
