package peer

import "time"

// Limits on connections as the tests of the pool expect them. What they are for is written in
// package conn.
const (
	readAhead        = 128 << 10        // bytes buffered from the socket
	maxHead          = 256              // bytes of a payload that show which request it answers
	maxJunk          = 4 << 20          // unrequested bytes at once
	unaskedRate      = 16 << 10         // unrequested bytes per second beyond these
	maxThrottled     = 10 * time.Second // of not reading, until the peer is disconnected
	maxEarly         = 16               // messages between version and verack
	maxAbandoned     = 128              // abandoned requests that may be answered late
	maxAnnouncements = 64               // of one peer that were not taken
	mempoolPause     = 2 * time.Minute  // between two requests for the mempool of a peer
)

// Limits of the dialling parts as the tests of the pool expect them.
const (
	maxAnchors   = 2                // peers of the last run that are dialled first
	lookAgain    = 15 * time.Second // between two decisions about outbound connections
	feelerEvery  = 4 * time.Minute  // an untested address is tested
	oddPortEvery = 5 * time.Minute  // an address with another port than the network's is dialled
)

// What an error says after a request for the mempool.
const (
	askedMempool = "less than two minutes ago"
	silenced     = "asked not to announce"
)
