//go:build unix

package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
)

// crowdVariable makes the test program be a crowd of clients: it holds a task
// in JSON.
const crowdVariable = "TEST_RUN_AS_CROWD"

// crowdReady is the line that a crowd says when it is at work.
const crowdReady = "ready"

// Kinds of crowds.
const (
	kindSubscribe = "subscribe"
	kindFlood     = "flood"
)

// task is what a crowd does until its input ends.
type task struct {
	Kind                string
	Clients             int
	URL, User, Password string
}

// sights are what a crowd saw.
type sights struct {
	Notified, Bytes, Answered, Refused int64
	Slowest                            time.Duration // of the answers to the client that behaves
}

func (s *sights) add(other sights) {
	s.Notified += other.Notified
	s.Bytes += other.Bytes
	s.Answered += other.Answered
	s.Refused += other.Refused
	s.Slowest = max(s.Slowest, other.Slowest)
}

// report adds what a crowd saw to the result of a benchmark.
func (s *sights) report(b *testing.B) {
	for unit, n := range map[string]int64{
		"notifications/op": s.Notified, "notified-B/op": s.Bytes, "answers/op": s.Answered, "refusals/op": s.Refused,
	} {
		if n > 0 {
			b.ReportMetric(float64(n)/float64(b.N), unit)
		}
	}
	if s.Slowest > 0 {
		b.ReportMetric(float64(s.Slowest.Microseconds())/1000, "slowest-ms")
	}
}

// crowd is many clients of one daemon.
type crowd struct {
	task
	running sync.WaitGroup

	notified, bytes, answered, refused, slowest atomic.Int64
}

// runCrowd is the main function of a crowd.
func runCrowd(text string) error {
	var c crowd
	if err := json.Unmarshal([]byte(text), &c.task); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	begin := c.subscribe
	if c.Kind == kindFlood {
		begin = c.flood
	}
	if err := begin(ctx); err != nil {
		return err
	}
	fmt.Println(crowdReady)
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	saw := sights{
		Notified: c.notified.Load(), Bytes: c.bytes.Load(), Answered: c.answered.Load(), Refused: c.refused.Load(),
		Slowest: time.Duration(c.slowest.Load()),
	}
	cancel()
	c.running.Wait()
	return json.NewEncoder(os.Stdout).Encode(saw)
}

// subscribe has clients follow everything.
func (c *crowd) subscribe(ctx context.Context) error {
	for range c.Clients {
		conn, err := c.dial(ctx)
		if err != nil {
			return err
		}
		for _, topic := range []string{api.TopicSyncStatus, api.TopicBlocks} {
			if err := conn.send(`{"jsonrpc":"2.0","method":"subscribe","params":["` + topic + `"],"id":1}`); err != nil {
				return err
			}
			if _, err := conn.receive(); err != nil {
				return err
			}
		}
		c.running.Go(func() {
			for {
				n, err := conn.receive()
				if err != nil {
					return
				}
				c.notified.Add(1)
				c.bytes.Add(int64(n))
			}
		})
	}
	return nil
}

// flood has clients send batches as fast as they are answered or refused, and
// one client that asks all the time how long an answer takes.
func (c *crowd) flood(ctx context.Context) error {
	call := `{"method":"help","id":1}`
	batch := "[" + strings.Repeat(call+",", 99) + call + "]"
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: c.Clients}}
	for range c.Clients {
		c.running.Go(func() {
			for ctx.Err() == nil {
				c.post(ctx, client, batch)
			}
		})
	}
	conn, err := c.dial(ctx)
	if err != nil {
		return err
	}
	c.running.Go(func() {
		for {
			asked := time.Now()
			if err := conn.send(`{"method":"syncstatus","id":1}`); err != nil {
				return
			}
			if _, err := conn.receive(); err != nil {
				return
			}
			c.slowest.Store(max(c.slowest.Load(), int64(time.Since(asked))))
		}
	})
	return nil
}

// post sends one request and counts what becomes of it.
func (c *crowd) post(ctx context.Context, client *http.Client, body string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, strings.NewReader(body))
	if err != nil {
		return
	}
	r.SetBasicAuth(c.User, c.Password)
	answer, err := client.Do(r)
	if err != nil { // the end
		return
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body) // fails at the end
	if answer.StatusCode == http.StatusOK {
		c.answered.Add(1)
	} else {
		c.refused.Add(1)
	}
}

// lightSocket is a websocket that costs its owner little: what comes is counted,
// not read.
type lightSocket struct {
	net.Conn
	in *bufio.Reader
}

// dial opens a websocket that is closed when ctx ends.
func (c *crowd) dial(ctx context.Context) (*lightSocket, error) {
	host := strings.TrimSuffix(strings.TrimPrefix(c.URL, "http://"), "/")
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", host)
	if err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { conn.Close() })
	_, err = fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nAuthorization: Basic %s\r\n\r\n",
		api.WebsocketPath, host, base64.StdEncoding.EncodeToString([]byte(c.User+":"+c.Password)))
	if err != nil {
		return nil, err
	}
	s := &lightSocket{Conn: conn, in: bufio.NewReaderSize(conn, 512)}
	r, err := http.ReadResponse(s.in, nil) //nolint:bodyclose // a websocket has none
	if err == nil && r.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("websocket refused: %s", r.Status)
	}
	return s, err
}

// send sends a text of at most 125 bytes in one frame, masked with zeros.
func (s *lightSocket) send(text string) error {
	_, err := s.Write(append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...))
	return err
}

// receive drops one frame and returns its size.
func (s *lightSocket) receive() (int, error) {
	var head [8]byte
	if _, err := io.ReadFull(s.in, head[:2]); err != nil {
		return 0, err
	}
	n := int(head[1])
	if more := map[int]int{126: 2, 127: 8}[n]; more > 0 {
		clear(head[:])
		if _, err := io.ReadFull(s.in, head[8-more:]); err != nil {
			return 0, err
		}
		n = int(binary.BigEndian.Uint64(head[:]))
	}
	return s.in.Discard(n)
}
