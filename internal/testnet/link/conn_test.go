package link_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/internal/testnet/link"
)

// lay returns both ends of a line, the second one shaped. It is torn down when
// the test ends.
func lay(t *testing.T, s link.Shape, gate *link.Gate) (far net.Conn, near *link.Conn) {
	t.Helper()
	far, end := net.Pipe()
	near = link.New(end, s, gate, 1)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := near.Run(ctx); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, link.ErrCut) {
			t.Errorf("line ended: %v", err)
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return far, near
}

func TestBytesTakeTheLatencyOfTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, near := lay(t, link.Shape{Latency: 30 * time.Millisecond}, &link.Gate{})
		began := time.Now()
		if _, err := near.Write([]byte("ping")); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 4)
		if _, err := io.ReadFull(far, b); err != nil || string(b) != "ping" {
			t.Fatalf("read %q, %v", b, err)
		}
		if took := time.Since(began); took != 30*time.Millisecond {
			t.Errorf("one way took %v", took)
		}
		if _, err := far.Write([]byte("pong")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(near, b); err != nil || string(b) != "pong" {
			t.Fatalf("read %q, %v", b, err)
		}
		if took := time.Since(began); took != 60*time.Millisecond {
			t.Errorf("both ways took %v", took)
		}
	})
}

func TestBandwidthLimitsARateOfBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, near := lay(t, link.Shape{Bandwidth: 100_000}, &link.Gate{})
		sent := bytes.Repeat([]byte("decred"), 50_000)
		began := time.Now()
		var writing sync.WaitGroup
		writing.Go(func() {
			if _, err := near.Write(sent); err != nil {
				t.Error(err)
			}
			near.Close()
		})
		got, err := io.ReadAll(far)
		if err != nil || !bytes.Equal(got, sent) {
			t.Fatalf("read %d bytes, %v", len(got), err)
		}
		writing.Wait()
		if took, want := time.Since(began), 3*time.Second; took != want {
			t.Errorf("%d bytes took %v, want %v", len(sent), took, want)
		}
	})
}

func TestShutGateHoldsUpEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate := &link.Gate{}
		far, near := lay(t, link.Shape{Latency: time.Millisecond}, gate)
		gate.Shut()
		if _, err := near.Write([]byte("held up")); err != nil {
			t.Fatal(err)
		}
		far.SetReadDeadline(time.Now().Add(time.Hour))
		b := make([]byte, 7)
		if _, err := far.Read(b); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatalf("read through a shut gate: %v", err)
		}
		far.SetReadDeadline(time.Time{})
		gate.Open()
		if _, err := io.ReadFull(far, b); err != nil || string(b) != "held up" {
			t.Errorf("read %q, %v after the gate opened", b, err)
		}
	})
}

func TestLineIsCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, near := lay(t, link.Shape{CutAfter: 100_000}, &link.Gate{})
		var reading sync.WaitGroup
		reading.Go(func() { io.Copy(io.Discard, far) })
		var err error
		sent := 0
		for err == nil && sent < 10_000_000 {
			var n int
			n, err = near.Write(make([]byte, 1000))
			sent += n
		}
		if !errors.Is(err, link.ErrCut) {
			t.Errorf("%d bytes passed: %v", sent, err)
		}
		reading.Wait()
	})
}

func TestReadDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, near := lay(t, link.Shape{}, &link.Gate{})
		near.SetReadDeadline(time.Now().Add(time.Minute))
		began := time.Now()
		if _, err := near.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read: %v", err)
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("a deadline in a minute took %v", took)
		}
	})
}
