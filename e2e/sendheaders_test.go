package e2e

import (
	"slices"
	"testing"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/e2e/daemon"
	"github.com/spvd/spvd/e2e/proxy"
)

// testSendHeaders: a node is asked to announce by headers once per connection,
// and on none before the first sync has ended.
func (s *stage) testSendHeaders(t *testing.T) {
	n := s.newNode(t)
	m := s.newMiner(t, n)
	last, err := n.Best(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	bringsLast := func(f proxy.Frame) bool { return slices.Contains(filtersIn(&f), last.Hash) }
	p := newProxy(t, n, func(f *proxy.Frame) proxy.Verdict {
		if bringsLast(*f) {
			return proxy.Hold
		}
		return proxy.Pass
	})
	d := s.newDaemon(t, p.Addr())
	awaitHeld(t, p)
	st, err := d.Await(deadline(t), func(s *daemon.Status) bool { return s.Stage("headers").Current == chainHeight })
	if err != nil {
		t.Fatal(err)
	}
	if st.Synced {
		t.Error("synced while filters are missing")
	}
	if frames := p.State().Frames; asked(frames) >= 0 {
		t.Errorf("sendheaders was sent while filters are missing: %v", sent(frames))
	}

	p.Release(nil)
	awaitTip(t, d, n)
	awaitAsks(t, p, 1)
	extend(t, m, 2)
	awaitTip(t, d, n)

	p.Cut()
	awaitAsks(t, p, 2)
	extend(t, m, 2)
	awaitTip(t, d, n)

	got := p.State()
	if first, end := asked(got.Frames), slices.IndexFunc(got.Frames, bringsLast); first < end {
		t.Errorf("sendheaders is message %d, the last filters of the first sync message %d", first, end)
	}
	for conn := 1; conn <= got.Conns; conn++ {
		if n := asks(got.Frames, conn); n > 1 {
			t.Errorf("sendheaders was sent %d times on connection %d", n, conn)
		}
	}
}

// isAsk reports whether a message is the daemon's request for headers as
// announcements. The node sends the same to the daemon.
func isAsk(f proxy.Frame) bool {
	return f.Command == wire.CmdSendHeaders && f.Direction == proxy.ToNode
}

// asked returns the place of the first request, or -1.
func asked(frames []proxy.Frame) int { return slices.IndexFunc(frames, isAsk) }

// asks returns how many requests were sent on a connection.
func asks(frames []proxy.Frame, conn int) int {
	n := 0
	for _, f := range frames {
		if f.Conn == conn && isAsk(f) {
			n++
		}
	}
	return n
}

// awaitAsks waits until so many requests were sent on all connections.
func awaitAsks(t *testing.T, p *proxy.Proxy, n int) {
	t.Helper()
	awaitFrames(t, p, "sendheaders", func(s proxy.State) bool {
		total := 0
		for conn := 1; conn <= s.Conns; conn++ {
			total += asks(s.Frames, conn)
		}
		return total >= n
	})
}

// sent returns the commands that the daemon sent.
func sent(frames []proxy.Frame) []string {
	var out []string
	for _, f := range frames {
		if f.Direction == proxy.ToNode {
			out = append(out, f.Command)
		}
	}
	return out
}
