package proxy

import (
	"bufio"
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// link is one client's connection and the connection to the node that belongs
// to it.
type link struct {
	number int
	client net.Conn
	node   net.Conn
	once   sync.Once
	gone   chan struct{} // closed with the connections
}

// close ends both connections.
func (l *link) close() {
	l.once.Do(func() {
		close(l.gone)
		_ = l.client.Close()
		_ = l.node.Close()
	})
}

// serve passes messages between a client and the node until either hangs up. If
// the node cannot be reached the client finds its connection closed.
func (p *Proxy) serve(ctx context.Context, number int, client net.Conn) error {
	var dialer net.Dialer
	node, err := dialer.DialContext(ctx, "tcp", p.target)
	if err != nil {
		_ = client.Close()
		return nil
	}
	l := &link{number: number, client: client, node: node, gone: make(chan struct{})}
	p.enter(ctx, l)
	defer p.leave(l)

	var toNode, toClient error
	var wg sync.WaitGroup
	wg.Go(func() {
		defer l.close()
		toNode = p.pump(l, ToNode)
	})
	wg.Go(func() {
		defer l.close()
		toClient = p.pump(l, ToClient)
	})
	wg.Wait()
	return errors.Join(toNode, toClient)
}

// enter makes a link known, so that Cut can end it.
func (p *Proxy) enter(ctx context.Context, l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.links[l] = struct{}{}
	p.alterLocked(func(s *State) { s.Open++; s.Conns++ })
	if ctx.Err() != nil {
		l.close()
	}
}

// leave forgets a link.
func (p *Proxy) leave(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
	p.alterLocked(func(s *State) { s.Open-- })
}

// pump passes the messages of one direction. Only bytes that are no message are
// an error; that a side hangs up is not.
func (p *Proxy) pump(l *link, d Direction) error {
	from, to := l.client, l.node
	if d == ToClient {
		from, to = l.node, l.client
	}
	r := bufio.NewReader(from)
	for {
		f, raw, err := readFrame(r, p.network)
		if format := (*formatError)(nil); errors.As(err, &format) {
			return err
		}
		if err != nil {
			return nil
		}
		f.Conn, f.Direction = l.number, d
		if !p.slowDown(l, d) {
			return nil
		}
		switch p.admit(l, &f) {
		case Drop:
			continue
		case Cut:
			return nil
		}
		if _, err := to.Write(raw); err != nil {
			return nil
		}
	}
}

// slowDown waits as long as the pace wants; false if the connection ended
// before.
func (p *Proxy) slowDown(l *link, d Direction) bool {
	p.mu.Lock()
	pace := p.pace
	p.mu.Unlock()
	if pace == 0 || d == ToNode {
		return true
	}
	wait := time.NewTimer(pace)
	defer wait.Stop()
	select {
	case <-wait.C:
		return true
	case <-l.gone:
		return false
	}
}

// admit has the gate judge a message, waits while it is held, and records it if
// it may pass. It never returns Hold; the verdict is Cut if the connection ended
// while the message was held.
func (p *Proxy) admit(l *link, f *Frame) Verdict {
	for {
		verdict, release := p.judge(f)
		if verdict != Hold {
			return verdict
		}
		if !p.hold(l, release) {
			return Cut
		}
	}
}

// judge asks the gate and records a message that may pass. A message that is to
// be held is to be held until the returned channel is closed.
func (p *Proxy) judge(f *Frame) (Verdict, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	verdict := Pass
	if p.gate != nil {
		verdict = p.gate(f)
	}
	if verdict == Pass {
		f.At = time.Now()
		p.alterLocked(func(s *State) { s.Frames = append(s.Frames, *f) })
	}
	return verdict, p.release
}

// hold waits until held messages are released; false if the connection ended
// before.
func (p *Proxy) hold(l *link, release <-chan struct{}) bool {
	p.change(func(s *State) { s.Held++ })
	defer p.change(func(s *State) { s.Held-- })
	select {
	case <-release:
		return true
	case <-l.gone:
		return false
	}
}
