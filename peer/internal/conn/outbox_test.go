package conn

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/peer/internal/peertest"
)

// TestNothingIsNoWrite checks that a poke for a message that was written already writes
// nothing: on connections that wait for a reader even then, such a write would stall.
func TestNothingIsNoWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer near.Close()
		defer far.Close()
		o := newOutbox(peertest.Params.Net, maxVersion)
		o.wake()
		done := make(chan struct{})
		ended := make(chan error, 1)
		time.AfterFunc(time.Minute, func() { close(done) })
		time.AfterFunc(0, func() { ended <- o.drain(done, near, time.Second) })
		if err := <-ended; err != nil {
			t.Errorf("without a reader: %v", err)
		}
	})
}
