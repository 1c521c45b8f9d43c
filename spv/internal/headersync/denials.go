package headersync

import (
	"maps"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// How long a denial counts after its peer has left, and how many are remembered.
const (
	DenialAge  = time.Hour
	maxDenials = 64
)

// denials holds the networks with peers that have shown a chain with the network's minimum
// known work that goes around a waypoint: by network group, or by host if the group is not
// known, so that a peer that connects again counts once. It is a pure value. A denial is no proof
// against the peer, nor against the waypoint.
type denials map[string]denial

// denial is the waypoint that a network denies, and when it last did.
type denial struct {
	height consensus.Height
	at     time.Time
}

// add records a denial. At the limit the oldest one is dropped.
func (d denials) add(source string, height consensus.Height, now time.Time) {
	if _, known := d[source]; !known && len(d) >= maxDenials {
		oldest := ""
		for key, x := range d {
			if oldest == "" || x.at.Before(d[oldest].at) {
				oldest = key
			}
		}
		delete(d, oldest)
	}
	d[source] = denial{height, now}
}

// fade drops the denials that were not repeated for long.
func (d denials) fade(now time.Time) {
	maps.DeleteFunc(d, func(_ string, x denial) bool { return now.Sub(x.at) >= DenialAge })
}

// passed drops the denials of waypoints that the main chain holds.
func (d denials) passed(tip consensus.Height) {
	maps.DeleteFunc(d, func(_ string, x denial) bool { return x.height <= tip })
}

// lowest returns the lowest waypoint that is denied, and in how many networks; zero for
// none.
func (d denials) lowest() (height consensus.Height, networks int) {
	for _, x := range d {
		switch {
		case networks == 0 || x.height < height:
			height, networks = x.height, 1
		case x.height == height:
			networks++
		}
	}
	return height, networks
}
