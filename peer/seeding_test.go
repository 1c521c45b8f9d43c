package peer

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/race"
	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/dialing"
	"github.com/spvd/spvd/peer/internal/peertest"
)

// seeder is a seeder in memory, for virtual time. It has the name example.com.
type seeder struct {
	cert    tls.Certificate
	roots   *x509.CertPool
	script  func(net.Conn)  // plays it instead of answering; nil for none
	answer  atomic.Value    // the body, a string
	wg      *sync.WaitGroup // of the bubble, which demands that all of them end
	asked   atomic.Int32
	open    atomic.Int32
	maxOpen atomic.Int32
}

func newSeeder(t *testing.T, answer string) *seeder {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Close()
	s := &seeder{cert: server.TLS.Certificates[0], roots: x509.NewCertPool()}
	s.answer.Store(answer)
	s.roots.AddCert(server.Certificate())
	return s
}

// tune makes a pool ask the seeder, under several names that are all the same.
func (s *seeder) tune(c *Config) {
	nodes := c.Dial
	s.wg = new(sync.WaitGroup)
	c.Seeders, c.SeederRoots = []string{"example.com"}, s.roots
	c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if addr == "example.com:443" {
			return s.dial(ctx)
		}
		return nodes(ctx, network, addr)
	}
}

func (s *seeder) dial(ctx context.Context) (net.Conn, error) {
	s.asked.Add(1)
	s.maxOpen.Store(max(s.maxOpen.Load(), s.open.Add(1)))
	ours, theirs := net.Pipe()
	s.wg.Go(func() {
		defer s.open.Add(-1)
		defer theirs.Close()
		if s.script != nil {
			s.script(theirs)
			return
		}
		nc := tls.Server(theirs, &tls.Config{Certificates: []tls.Certificate{s.cert}})
		if _, err := http.ReadRequest(bufio.NewReader(nc)); err == nil {
			answer := s.answer.Load().(string)
			fmt.Fprintf(nc, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer)
		}
	})
	return ours, ctx.Err()
}

// answerOf returns the answer of a seeder that knows n nodes.
func answerOf(n int) (answer string) {
	for i := range n {
		answer += fmt.Sprintf(`{"host":"44.%d.0.1:9108","services":1,"pver":11}`, i)
	}
	return answer
}

// TestSeeding checks that a pool with an empty book asks a seeder at once, connects to the
// addresses of the answer, and asks no more while it has all connections.
func TestSeeding(t *testing.T) {
	s := newSeeder(t, answerOf(16))
	tune := func(c *Config) { s.tune(c); c.Outbound = 3 }
	run(t, tune, nil, func(t *testing.T, b *bench) {
		for i := range 16 {
			b.net.at(fmt.Sprintf("44.%d.0.1:9108", i), peertest.Good(peertest.NewChain(2)))
		}
		<-time.After(20 * time.Second)
		if n := len(b.Infos()); n != 3 {
			t.Errorf("%d peers", n)
		}
		<-time.After(24 * time.Hour)
		if n := s.asked.Load(); n != 1 {
			t.Errorf("asked %d times", n)
		}
	})
}

// TestDeadAddressesDoNotKeepFromAsking checks that a pool whose book is full of dead
// addresses asks a seeder, over days and in a new process, and connects to the addresses of
// the answer.
func TestDeadAddressesDoNotKeepFromAsking(t *testing.T) {
	race.Skip(t)
	for dead, hours := range map[int]int{32: 48, 256: 12, 4096: 2} {
		s := newSeeder(t, "")
		run(t, s.tune, nil, func(t *testing.T, b *bench) {
			for i := range 16 {
				b.learn(fmt.Sprintf("9.%d.0.1:9108", i), b.populate(dead, nil)[i*dead/16:(i+1)*dead/16])
			}
			<-time.After(2 * time.Minute)
			if s.asked.Load() == 0 {
				t.Error("the seeder was not asked in two minutes")
			}
			<-time.After(time.Duration(hours) * time.Hour)
			if n := int(s.asked.Load()); n < 3 || n > 17+3*hours/2 {
				t.Errorf("asked %d times in %d hours", n, hours)
			}
			for i := range 16 {
				b.net.at(fmt.Sprintf("44.%d.0.1:9108", i), peertest.Good(peertest.NewChain(2)))
			}
			s.answer.Store(answerOf(16))
			// The seeder is asked again within an hour, and within 15 minutes in the first hours.
			again := min(time.Duration(hours)*time.Hour/8, time.Hour)
			<-time.After(again + 15*time.Minute)
			if n := len(b.Infos()); n < 8 {
				t.Errorf("%d dead addresses: %d peers %v after the seeder began to name nodes", dead, n, again+15*time.Minute)
			}
		})
	}
}

// TestFewNodesDoNotTireSeeders checks how often a seeder is asked where only three nodes
// exist, all of which are connected.
func TestFewNodesDoNotTireSeeders(t *testing.T) {
	s := newSeeder(t, answerOf(3))
	run(t, s.tune, nil, func(t *testing.T, b *bench) {
		for i := range 3 {
			b.net.at(fmt.Sprintf("44.%d.0.1:9108", i), peertest.Good(peertest.NewChain(2)))
		}
		<-time.After(24 * time.Hour)
		if n := len(b.Infos()); n != 3 {
			t.Errorf("%d peers", n)
		}
		if n := s.asked.Load(); n < 5 || n > 20 {
			t.Errorf("asked %d times in a day", n)
		}
	})
}

// TestHangingSeederLeaksNothing checks that no connection to seeders that accept and then
// send nothing, or stop in the middle, stays open for longer than a request may take.
func TestHangingSeederLeaksNothing(t *testing.T) {
	for name, script := range map[string]func(*seeder) func(net.Conn){
		"before the handshake": func(*seeder) func(net.Conn) {
			return func(nc net.Conn) {
				for buf := make([]byte, 1000); ; {
					if _, err := nc.Read(buf); err != nil {
						return
					}
				}
			}
		},
		"after the request": func(s *seeder) func(net.Conn) {
			return func(raw net.Conn) {
				nc := tls.Server(raw, &tls.Config{Certificates: []tls.Certificate{s.cert}})
				for buf := make([]byte, 1000); ; {
					if _, err := nc.Read(buf); err != nil {
						return
					}
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSeeder(t, "")
			s.script = script(s)
			run(t, s.tune, nil, func(t *testing.T, _ *bench) {
				<-time.After(6 * time.Hour)
				if n := s.asked.Load(); n < 10 {
					t.Errorf("asked %d times", n)
				}
				if n := s.maxOpen.Load(); n > 1 {
					t.Errorf("%d connections to one seeder at a time", n)
				}
			})
		})
	}
}

// TestTrickledSeedsAreUsed checks that of an answer that does not end in time the addresses
// that have arrived are used.
func TestTrickledSeedsAreUsed(t *testing.T) {
	s := newSeeder(t, "")
	s.script = func(raw net.Conn) {
		nc := tls.Server(raw, &tls.Config{Certificates: []tls.Certificate{s.cert}})
		if _, err := http.ReadRequest(bufio.NewReader(nc)); err != nil {
			return
		}
		fmt.Fprint(nc, "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n")
		for _, part := range strings.SplitAfter(answerOf(5)+strings.Repeat("x", 1000), "") {
			if _, err := fmt.Fprint(nc, part); err != nil {
				return
			}
			<-time.After(100 * time.Millisecond)
		}
	}
	run(t, s.tune, nil, func(t *testing.T, b *bench) {
		<-time.After(2 * time.Minute)
		if _, known := b.book.Len(); known != 5 {
			t.Errorf("%d of five addresses are used", known)
		}
	})
}

// TestSeedersAreAskedSideBySide checks that a seeder that hangs does not delay another.
func TestSeedersAreAskedSideBySide(t *testing.T) {
	s := newSeeder(t, answerOf(4))
	tune := func(c *Config) {
		s.tune(c)
		rest := c.Dial
		c.Seeders = []string{"hangs.example", "example.com", "fails.example"}
		c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if addr == "hangs.example:443" {
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return rest(ctx, network, addr)
		}
	}
	run(t, tune, nil, func(t *testing.T, b *bench) {
		<-time.After(5 * time.Second)
		if tried, known := b.book.Len(); tried+known != 4 {
			t.Errorf("%d addresses while another seeder hangs", tried+known)
		}
	})
}

// TestSearchAsksSeeders checks that seeders are asked during a search for other peers
// although all connections are there.
func TestSearchAsksSeeders(t *testing.T) {
	s := newSeeder(t, answerOf(16))
	tune := func(c *Config) { s.tune(c); c.Outbound = 2 }
	run(t, tune, nil, func(t *testing.T, b *bench) {
		for i := range 16 {
			b.net.at(fmt.Sprintf("44.%d.0.1:9108", i), peertest.Good(peertest.NewChain(2)))
		}
		<-time.After(3 * time.Hour)
		before := s.asked.Load()
		b.Seek("the newest block is old")
		<-time.After(2 * time.Minute)
		if n := s.asked.Load() - before; n != 1 {
			t.Errorf("asked %d times", n)
		}
		b.Seek("")
	})
}

// TestSeedNeed checks the state for the decision.
func TestSeedNeed(t *testing.T) {
	run(t, nil, nil, func(t *testing.T, b *bench) {
		if got := b.outbound.SeedNeed(b.cfg.Now()); got != (dialing.Need{Missing: true}) {
			t.Errorf("with an empty book: %+v", got)
		}
		b.learn("9.9.9.9:1", b.populate(20, peertest.Good(peertest.NewChain(2))))
		<-time.After(time.Minute)
		if got := b.outbound.SeedNeed(b.cfg.Now()); got.Missing || !got.Connected || !got.Recent {
			t.Errorf("with all connections: %+v", got)
		}
		b.Ban(addrbook.HostOf(b.Infos()[0].Addr), time.Hour)
		b.Seek("why not")
		if got := b.outbound.SeedNeed(b.cfg.Now()); !got.Searching {
			t.Errorf("during a search: %+v", got)
		}
		b.Seek("")
	})
}
