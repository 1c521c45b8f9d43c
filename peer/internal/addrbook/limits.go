package addrbook

import "time"

// Limits on what a book holds. An address costs about 400 bytes.
const (
	MaxTried      = 1024 // tried addresses
	MaxNew        = 4096 // new addresses
	MaxTriedGroup = 64   // tried addresses in one network group
	MaxNewGroup   = 64   // new addresses in one network group
	MaxNewHost    = 2    // new addresses of one host; a host has one tried address
	MaxOfSource   = 256  // new addresses of one source
	MaxSources    = 8    // sources of one address
)

// How long to wait before an address is dialled again.
const (
	firstRest = time.Minute   // after one failure; doubles with each
	maxRest   = 4 * time.Hour // at most
)

// When an address expires.
const (
	maxNewFailures   = 4                   // failures of a new address
	maxTriedFailures = 12                  // failures in a row of a tried one
	MaxAge           = 30 * 24 * time.Hour // since it last worked or was announced
)
