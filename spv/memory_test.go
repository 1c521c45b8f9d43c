package spv

import (
	"testing"

	"github.com/spvd/spvd/spv/internal/headersync"
	"github.com/spvd/spvd/spv/internal/rescan"
)

// TestHeadersAndScanShareMemory: what is held ahead of headers and of a scan together stays
// within what headers alone may take, as long as the scan leaves them a minimum.
func TestHeadersAndScanShareMemory(t *testing.T) {
	if got := roomBeside(false, rescan.HeldBytes); got != headersync.MaxAhead {
		t.Errorf("without a wallet there is room for %d batches, want %d", got, headersync.MaxAhead)
	}
	for held := 0; held <= rescan.HeldBytes; held += 100_000 {
		room := roomBeside(true, held)
		if sum := room*headersync.BatchBytes + held + scanReserve; room > minAhead && sum > headersync.MaxAhead*headersync.BatchBytes || room < minAhead {
			t.Fatalf("beside %d bytes of blocks there is room for %d batches", held, room)
		}
	}
}
