package link

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/internal/wait"
)

// Sizes in bytes of parcels, which arrive at once: at most parcelSize, and on a slow line the
// bytes that pass in a fiftieth of a second, but at least those of a packet.
const (
	parcelSize = 16 << 10
	packetSize = 1460
)

// Conn is one end of a connection over a line. At a time one goroutine may
// read and one may write.
type Conn struct {
	net.Conn // the wrapped end; closed when Run returns

	gate    *Gate
	in, out *lane
	inPace  *pace // of the goroutine that receives
	outPace *pace // of the goroutine that writes

	mu            sync.Mutex
	readDeadline  time.Time
	writeDeadline time.Time
}

// New wraps one end of a connection. Nothing passes until Run.
func New(conn net.Conn, s Shape, gate *Gate, seed uint64) *Conn {
	r := rand.New(rand.NewPCG(seed, 0))
	return &Conn{
		Conn:    conn,
		gate:    gate,
		in:      newLane(s.room()),
		out:     newLane(s.room()),
		inPace:  newPace(s, rand.New(rand.NewPCG(r.Uint64(), 1))),
		outPace: newPace(s, rand.New(rand.NewPCG(r.Uint64(), 2))),
	}
}

// Run moves bytes in both directions until the connection ends or ctx does. It
// returns nil when either side closed the connection.
func (c *Conn) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return c.receive(ctx) })
	g.Go(func() error { return c.deliver(ctx) })
	g.Go(func() error {
		<-ctx.Done()
		c.in.end(net.ErrClosed)
		c.out.abort(net.ErrClosed)
		return c.Conn.Close()
	})
	err := g.Wait()
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrClosedPipe) {
		return nil
	}
	return err
}

// receive reads from the wrapped end and puts the bytes on the inward lane.
func (c *Conn) receive(ctx context.Context) error {
	for {
		b := make([]byte, c.inPace.shape.parcel())
		n, err := c.Conn.Read(b)
		if n > 0 {
			err = errors.Join(err, c.arrive(ctx, b[:n]))
		}
		if err != nil {
			c.in.end(err)
			return err
		}
	}
}

// arrive puts bytes on the inward lane.
func (c *Conn) arrive(ctx context.Context, b []byte) error {
	if err := c.gate.Pass(ctx); err != nil {
		return err
	}
	due, cut := c.inPace.stamp(time.Now(), len(b))
	if cut {
		return c.cut()
	}
	return c.in.put(b, due, nil)
}

// deliver writes bytes that have passed the outward lane to the wrapped end.
func (c *Conn) deliver(ctx context.Context) error {
	b := make([]byte, parcelSize)
	for {
		n, err := c.out.get(b, nil)
		if err != nil {
			return err
		}
		if err := c.gate.Pass(ctx); err != nil {
			return err
		}
		if _, err := c.Conn.Write(b[:n]); err != nil {
			c.out.abort(err)
			return err
		}
	}
}

// cut breaks the connection: bytes in transit are lost.
func (c *Conn) cut() error {
	c.in.abort(ErrCut)
	c.out.abort(ErrCut)
	return ErrCut
}

// Read implements net.Conn.
func (c *Conn) Read(p []byte) (int, error) {
	expiry := c.expire(false)
	defer expiry.Stop()
	return c.in.get(p, expiry)
}

// Write implements net.Conn. It returns when the bytes are on their way.
func (c *Conn) Write(p []byte) (int, error) {
	expiry := c.expire(true)
	defer expiry.Stop()
	for written := 0; written < len(p); {
		b := bytes.Clone(p[written:min(written+c.outPace.shape.parcel(), len(p))])
		due, cut := c.outPace.stamp(time.Now(), len(b))
		if cut {
			return written, c.cut()
		}
		if err := c.out.put(b, due, expiry); err != nil {
			return written, err
		}
		written += len(b)
	}
	return len(p), nil
}

// expire returns a timer for the deadline of writes, or of reads, which never fires if that is
// zero.
func (c *Conn) expire(write bool) *wait.Timer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if write {
		return wait.NewTimerAt(c.writeDeadline)
	}
	return wait.NewTimerAt(c.readDeadline)
}

// Close implements net.Conn. Bytes in transit outwards still arrive, as with a socket; then
// Run closes the wrapped end.
func (c *Conn) Close() error {
	c.in.end(net.ErrClosed)
	c.out.end(io.EOF)
	return nil
}

// SetDeadline implements net.Conn. Like the other two it is about reads and
// writes that begin later.
func (c *Conn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

// SetReadDeadline implements net.Conn.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readDeadline = t
	return nil
}

// SetWriteDeadline implements net.Conn.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writeDeadline = t
	return nil
}
