package progress

import (
	"cmp"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// The costs that are assumed until they are measured.
const (
	usualFilterBytes = 200                 // of a block
	usualMatchTime   = 5 * time.Nanosecond // of a script and a block, see docs/performance.md
	usualSpeed       = 1e6                 // bytes per second
	usualScripts     = 80                  // of a wallet: two branches of an account with some look-ahead
)

// almost is the greatest ratio there is before being synced.
const almost = 0.9999

// cost is what this run has measured of the cost of a block in each stage. It
// is a pure value.
type cost struct {
	filterBytes, filterBlocks int64

	fetched  int64         // bytes of headers and filters that were received
	fetching time.Duration // while they were

	matching time.Duration // in the phase of scans
	matched  float64       // blocks scanned in it, times scripts

	scripts int // that the chain is scanned for; zero if that is not known
}

// receivedHeaders records headers that were received.
func (e *cost) receivedHeaders(blocks consensus.Height) {
	e.fetched += max(0, int64(blocks)) * consensus.HeaderSize
}

// receivedFilters records filters that were received.
func (e *cost) receivedFilters(bytes, blocks int) {
	e.filterBytes += int64(bytes)
	e.filterBlocks += int64(blocks)
	e.fetched += int64(bytes)
}

// scanned records blocks that were scanned for the current scripts, with the blocks that were
// fetched for it.
func (e *cost) scanned(took time.Duration, blocks consensus.Height) {
	e.matching += took
	e.matched += float64(max(0, blocks)) * float64(e.scripts)
}

// filter returns the bytes of a filter, on average.
func (e *cost) filter() float64 {
	if e.filterBlocks == 0 {
		return usualFilterBytes
	}
	return float64(e.filterBytes) / float64(e.filterBlocks)
}

// scan returns the seconds that scanning a block takes for the scripts there are.
func (e *cost) scan() float64 {
	each := usualMatchTime.Seconds()
	if e.matched > 0 {
		each = e.matching.Seconds() / e.matched
	}
	return each * float64(cmp.Or(e.scripts, usualScripts))
}

// speed returns how fast headers and filters were received, in bytes per second.
func (e *cost) speed() float64 {
	if e.fetching <= 0 || e.fetched == 0 {
		return usualSpeed
	}
	return float64(e.fetched) / e.fetching.Seconds()
}

// positions is how far each stage has got. Without a wallet to scan for, rescan is beyond
// every target.
type positions struct{ headers, filters, rescan consensus.Height }

// work returns what is left of the stages up to a target, in bytes: those that
// are to be fetched, and for the scan those that could be in the time it takes.
func (e *cost) work(at positions, target consensus.Height) float64 {
	return e.bytes(at, target) + float64(max(0, target-at.rescan))*e.scan()*e.speed()
}

// bytes returns how many bytes are left to be fetched.
func (e *cost) bytes(at positions, target consensus.Height) float64 {
	return float64(max(0, target-at.headers))*consensus.HeaderSize + float64(max(0, target-at.filters))*e.filter()
}

// advance returns the overall ratio after a step from some positions to others: as
// much of what was missing to 1 is missing still as of the work is left. It never
// falls, whatever becomes of the target or the costs, and is below 1.
func (e *cost) advance(ratio float64, from, to positions, target consensus.Height) float64 {
	before, after := e.work(from, target), e.work(to, target)
	if before <= 0 || after >= before {
		return ratio
	}
	return max(ratio, min(almost, 1-(1-ratio)*after/before))
}

// lately is how many blocks before those that are missing count as done when
// being synced is lost: one new block does not look like all there is to do.
const lately = 100

// lost returns the ratio when being synced is lost.
func (e *cost) lost(at positions, target consensus.Height) float64 {
	done := lately * (consensus.HeaderSize + e.filter() + e.scan()*e.speed())
	return min(almost, done/(done+e.work(at, target)))
}

// LostAtLeast returns the least ratio that Measure can find when being synced is lost and only
// so many blocks are left to scan, whatever a scan costs.
func LostAtLeast(blocks consensus.Height) float64 {
	return min(almost, lately/float64(lately+max(0, blocks)))
}

// left returns the time until all stages are done, at the rates of the last
// seconds in blocks per second: headers and filters share the connections, and a scan goes on
// beside them. It is zero if nothing is left, or nothing is received.
func (e *cost) left(at positions, target consensus.Height, headers, filters, rescan float64) time.Duration {
	var seconds float64
	if bytes := e.bytes(at, target); bytes > 0 {
		rate := headers*consensus.HeaderSize + filters*e.filter()
		if rate <= 0 {
			return 0
		}
		seconds = bytes / rate
	}
	if blocks := float64(max(0, target-at.rescan)); blocks > 0 {
		each := e.scan()
		if rescan > 0 {
			each = 1 / rescan
		}
		seconds = max(seconds, blocks*each)
	}
	const most = 365 * 24 * time.Hour
	return time.Duration(min(seconds, most.Seconds()) * float64(time.Second))
}
