package rpc

// DefaultLimits returns what a server bounds unless it is told otherwise.
func DefaultLimits() Limits { return Limits{}.withDefaults() }
