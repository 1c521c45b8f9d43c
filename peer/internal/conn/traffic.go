package conn

import (
	"net"
	"sync/atomic"
	"time"
)

// traffic counts bytes. It may be used from any goroutine.
type traffic struct{ in, out atomic.Uint64 }

// metered is a connection that counts its bytes, for itself and for the pool, and records
// when they moved.
type metered struct {
	net.Conn
	own, all *traffic
	start    time.Time
	lastIn   atomic.Int64 // nanoseconds from start to the last bytes received
	lastOut  atomic.Int64 // nanoseconds from start to the last bytes sent
}

func newMetered(nc net.Conn, all *traffic) *metered {
	return &metered{Conn: nc, own: new(traffic), all: all, start: time.Now()}
}

func (m *metered) Read(p []byte) (int, error) {
	n, err := m.Conn.Read(p)
	if n > 0 {
		m.own.in.Add(uint64(n))
		m.all.in.Add(uint64(n))
		m.lastIn.Store(int64(time.Since(m.start)))
	}
	return n, err
}

func (m *metered) Write(p []byte) (int, error) {
	n, err := m.Conn.Write(p)
	if n > 0 {
		m.own.out.Add(uint64(n))
		m.all.out.Add(uint64(n))
		m.lastOut.Store(int64(time.Since(m.start)))
	}
	return n, err
}

// received returns when the last bytes arrived; before the first, when the connection
// started.
func (m *metered) received() time.Time { return m.start.Add(time.Duration(m.lastIn.Load())) }

// written returns when the last bytes were sent; before the first, when the connection
// started.
func (m *metered) written() time.Time { return m.start.Add(time.Duration(m.lastOut.Load())) }
