package testnet

import (
	"context"
	"errors"
	"net"

	"github.com/spvd/spvd/internal/testnet/link"
)

// ServeTCP makes a host reachable through a listener, which it closes, while the network runs
// and until ctx ends. Behind a perfect line bytes go straight from the node to the socket,
// and the host cannot be partitioned.
func (n *Network) ServeTCP(ctx context.Context, h *Host, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	select {
	case <-n.begun:
	case <-ctx.Done():
		return nil
	}
	for number := 1; ; number++ {
		conn, err := l.Accept()
		if errors.Is(err, net.ErrClosed) && ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if h.isDown() || !n.carry(h, conn, number) {
			conn.Close()
		}
	}
}

// carry serves a connection over the line of the host.
func (n *Network) carry(h *Host, conn net.Conn, number int) bool {
	if h.shape.Perfect() {
		return n.serve(h, conn, nil)
	}
	line := link.New(conn, h.shape, &h.gate, n.chance(h.Addr, number))
	return n.serve(h, line, line.Run)
}

func (h *Host) isDown() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.down
}
