package peer

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/peertest"
)

// flooder is a node that sends a message repeatedly, as fast as it is read, and counts the
// bytes. It does so on one connection.
func flooder(sent *atomic.Int64, msg []byte) func(*peertest.Node) {
	return peertest.WelcomeThen(func(n *peertest.Node) {
		if sent.Load() > 0 {
			return
		}
		var reading sync.WaitGroup
		defer reading.Wait()
		reading.Go(n.Drain)
		defer n.Conn.Close()
		for {
			wrote, err := n.Conn.Write(msg)
			sent.Add(int64(wrote))
			if err != nil {
				return
			}
		}
	})
}

// TestFloodIsLeft checks for every kind of unrequested message that little of a flood is
// read, and that its sender is disconnected soon.
func TestFloodIsLeft(t *testing.T) {
	chain := peertest.NewChain(2001)
	inv := wire.NewMsgInv()
	for i := range wire.MaxInvPerMsg {
		inv.AddInvVect(wire.NewInvVect(wire.InvTypeBlock, &chainhash.Hash{byte(i), byte(i >> 8)}))
	}
	for name, msg := range map[string][]byte{
		"unknown":       peertest.Frame(peertest.Params.Net, "news", make([]byte, 1<<20)),
		"large unknown": peertest.Frame(peertest.Params.Net, "news", make([]byte, 30<<20)),
		"empty unknown": peertest.Frame(peertest.Params.Net, "news", nil),
		"pongs":         peertest.Frame(peertest.Params.Net, wire.CmdPong, make([]byte, 8)),
		"unwanted":      peertest.Frame(peertest.Params.Net, wire.CmdMixDCNet, make([]byte, 10_000)),
		"inventory":     peertest.Frame(peertest.Params.Net, wire.CmdInv, peertest.Encoded(inv)),
		"headers":       peertest.Frame(peertest.Params.Net, wire.CmdHeaders, peertest.Encoded(chain.Headers(1))),
		"filters":       peertest.Frame(peertest.Params.Net, wire.CmdCFiltersV2, peertest.Encoded(chain.Filters(1, 99))),
		"blocks":        peertest.Frame(peertest.Params.Net, wire.CmdBlock, peertest.Encoded(chain.Blocks[1])),
	} {
		t.Run(name, func(t *testing.T) {
			var sent atomic.Int64
			run(t, nil, []func(*peertest.Node){flooder(&sent, msg)}, func(t *testing.T, b *bench) {
				<-time.After(2*maxThrottled + time.Second)
				if most := int64(maxJunk + 3*maxThrottled.Seconds()*unaskedRate + readAhead); sent.Load() > most {
					t.Errorf("%d bytes were read, at most %d may be", sent.Load(), most)
				}
				if left := b.log.reasons(slog.LevelWarn); len(left) == 0 {
					t.Error("its sender was not disconnected")
				}
				if bans := b.Bans(); len(bans) > 0 {
					t.Errorf("it proves nothing, and yet there are bans: %v", bans)
				}
			})
		})
	}
}

// TestWhatNodesSendIsRead checks that the unrequested messages of honest nodes cost them
// nothing: a whole mempool at once, addresses, and an announcement now and then.
func TestWhatNodesSendIsRead(t *testing.T) {
	inv := wire.NewMsgInv()
	for i := range wire.MaxInvPerMsg {
		inv.AddInvVect(wire.NewInvVect(wire.InvTypeTx, &chainhash.Hash{byte(i), byte(i >> 8)}))
	}
	honest := peertest.WelcomeThen(func(n *peertest.Node) {
		n.Send(inv, inv)
		for range 10 * 60 {
			<-time.After(time.Second)
			n.Raw(peertest.Frame(peertest.Params.Net, wire.CmdFeeFilter, make([]byte, 8)))
			n.Raw(peertest.Frame(peertest.Params.Net, "news", make([]byte, 8<<10)))
		}
		n.Drain()
	})
	run(t, func(c *Config) { c.pingEvery = time.Hour }, []func(*peertest.Node){honest}, func(t *testing.T, b *bench) {
		id := b.only().ID
		<-time.After(11 * time.Minute)
		if i := b.only(); i.ID != id || i.Unknown != 600 || i.Score != 0 {
			t.Errorf("%+v", i)
		}
	})
}

// TestJunkBuysNoTime checks that peers which answer nothing and send unrequested messages
// delay requests as little as silent peers, whatever they send.
func TestJunkBuysNoTime(t *testing.T) {
	chain := peertest.NewChain(200)
	begun := peertest.Frame(peertest.Params.Net, wire.CmdCFiltersV2, peertest.Encoded(chain.Filters(100, 199)))
	for _, test := range []struct {
		name      string
		node      func(*peertest.Node)
		bad, good int
	}{
		{"one of two", peertest.Chatty(16 << 10), 1, 1},
		{"one of two, much", peertest.Chatty(1 << 20), 1, 1},
		{"one of eight", peertest.Chatty(64 << 10), 1, 7},
		{"seven of eight", peertest.Chatty(8 << 10), 7, 1},
		{"other replies", peertest.WelcomeThen(func(n *peertest.Node) {
			var reading sync.WaitGroup
			defer reading.Wait()
			reading.Go(n.Drain)
			for rest := begun; len(rest) > 512; rest = rest[512:] { // 10 kB a second, of a message that does not end
				n.Raw(rest[:512])
				<-time.After(time.Second / 20)
			}
		}), 1, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			var nodes []func(*peertest.Node)
			for range test.bad {
				nodes = append(nodes, test.node)
			}
			for range test.good {
				nodes = append(nodes, peertest.Slow(chain, 20*time.Millisecond))
			}
			run(t, nil, nodes, func(t *testing.T, b *bench) {
				begin := time.Now()
				for range 3 {
					fetchTogether(t, b, chain, 2*len(nodes))
				}
				served := time.Duration(3*2*len(nodes)/test.good+3) * 20 * time.Millisecond
				if took, most := time.Since(begin), served+time.Second; took > most {
					t.Errorf("it took %v, at most %v", took, most)
				}
			})
		})
	}
}

// fetchTogether sends n requests for filters at once, more than one peer gets, and returns
// when all have been answered.
func fetchTogether(t *testing.T, b *bench, chain *peertest.Chain, n int) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if _, _, err := b.CFilters(t.Context(), nil, chain.Hashes[i+1], chain.Hashes[i+100], 0); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// TestTrickledReplyBuysLittleTime checks that a peer which sends its replies far more slowly
// than another one could delays few requests.
func TestTrickledReplyBuysLittleTime(t *testing.T) {
	chain := peertest.NewChain(2001)
	trickler := peertest.WelcomeThen(func(n *peertest.Node) {
		requests := make(chan wire.Message, 100)
		var reading sync.WaitGroup
		defer reading.Wait()
		reading.Go(func() {
			defer close(requests)
			for {
				msg, err := n.Read()
				if err != nil {
					return
				}
				requests <- msg
			}
		})
		for msg := range requests {
			answer := chain.Answer(msg)
			if answer == nil {
				continue
			}
			for rest := peertest.Frame(peertest.Params.Net, answer.Command(), peertest.Encoded(answer)); len(rest) > 0; {
				k := min(1<<10, len(rest))
				n.Raw(rest[:k])
				rest = rest[k:]
				<-time.After(100 * time.Millisecond) // 10 KiB a second
			}
		}
	})
	run(t, nil, []func(*peertest.Node){trickler, peertest.Slow(chain, 20*time.Millisecond)}, func(t *testing.T, b *bench) {
		good := b.Infos()[0].ID
		if b.Infos()[0].Addr == "a:1" {
			good = b.Infos()[1].ID
		}
		for range 3 { // measures the rate of the others
			if _, err := b.HeadersFrom(t.Context(), good, nil, chainhash.Hash{}); err != nil {
				t.Fatal(err)
			}
		}
		begin := time.Now()
		for range 3 {
			fetchTogether(t, b, chain, 6)
		}
		if took, most := time.Since(begin), 2*time.Second; took > most {
			t.Errorf("it took %v, at most %v", took, most)
		}
	})
}
