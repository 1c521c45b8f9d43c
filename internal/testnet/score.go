package testnet

import (
	"errors"
	"math"
	"time"
)

// Limits on the behaviour of clients, as in dcrd.
const (
	banThreshold = 100            // a score above it bans
	banTime      = 24 * time.Hour // how long
	scoreHalves  = time.Minute    // how long until a decaying score is half

	mempoolScore = 33
	getdataScore = 99 // for as many items as a message holds
)

// ErrBanned ends the sessions of a client that was banned, and those that it tries to start.
var ErrBanned = errors.New("client is banned")

// score is how badly a client has behaved recently.
type score struct {
	points float64
	at     time.Time
}

// add adds points and reports whether they are above the threshold.
func (s *score) add(points float64, now time.Time) bool {
	s.points *= math.Exp2(-float64(now.Sub(s.at)) / float64(scoreHalves))
	s.points += points
	s.at = now
	return s.points > banThreshold
}
