//go:build unix

package spv

import (
	"errors"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testenv"
)

// TestAFullDiskEndsTheRun lets a write fail while the sync goes on: the run ends
// and says which file it is about. With room again the next run goes on.
func TestAFullDiskEndsTheRun(t *testing.T) {
	signal.Ignore(syscall.SIGXFSZ) // a write that fails is enough
	defer signal.Reset(syscall.SIGXFSZ)
	c := generate(t, 12_000, nil)
	inHouse(t, c, nil, func(h *house) {
		h.cfg.flushBytes = 256 << 10
		h.reopen()
		h.net.join(&fakePeer{chain: c, latency: latency})
		lift := testenv.LimitFiles(t, 4<<20)
		h.start()
		h.run.Wait()
		lift()
		h.cancel()
		if err := h.err; !errors.Is(err, syscall.EFBIG) && (err == nil || !strings.Contains(err.Error(), "file too large")) ||
			!strings.Contains(err.Error(), h.cfg.ChainFile) {
			t.Errorf("want the error of the system about the store, got: %v", err)
		}
		if st := h.syncer.Status(); st.Phase != Failed || st.Synced {
			t.Errorf("status after the failure: %+v", st)
		}
		h.err = nil
		h.reopen()
		h.start()
		h.untilSyncedTo(time.Minute, c)
	})
}

// reopen replaces the syncer of the house with one more on the same files.
func (h *house) reopen() {
	s, err := New(h.cfg)
	if err != nil {
		h.Fatal(err)
	}
	h.syncer = s
}
