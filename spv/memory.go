package spv

import (
	"github.com/spvd/spvd/spv/internal/headersync"
	"github.com/spvd/spvd/spv/internal/rescan"
)

// The memory that headers ahead of the chain and blocks ahead of the wallet share, besides what
// either has for itself: scanReserve bytes are for the steps of the scan, and minAhead batches of
// headers may always be held.
const (
	scanReserve = 5 << 20
	minAhead    = 8
)

// supply returns what the scan for the wallet may use now.
func (l *loop) supply() rescan.Supply {
	return rescan.Supply{Peers: len(l.headers.Live()), Tight: l.headers.FetchingRanges()}
}

// headerRoom returns how many batches of headers may be held ahead now.
func (l *loop) headerRoom() int {
	_, watching := l.scan.Position()
	return roomBeside(watching, l.scan.Held())
}

// roomBeside returns how many batches of headers may be held ahead while a scan, if the
// wallet watches anything, holds so many bytes of blocks.
func roomBeside(watching bool, held int) int {
	if !watching {
		return headersync.MaxAhead
	}
	return max(minAhead, (headersync.MaxAhead*headersync.BatchBytes-scanReserve-held)/headersync.BatchBytes)
}
