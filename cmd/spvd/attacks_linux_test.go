package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/race"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/internal/wait"
)

// attackBytes is how much hostile peers send in each attack: little in the default run,
// 300 MB in make attacks.
var attackBytes = flag.Int64("attackbytes", 12<<20, "bytes that each attack on a daemon's memory sends")

// attackBound is by how much the anonymous memory of a daemon may grow under an attack.
const attackBound = 64 << 20

// hostile is a peer that speaks on the wire and keeps no rule.
type hostile struct {
	l    net.Listener
	sent *atomic.Int64 // bytes of transactions, of all peers of the attack

	// serve does what the peer does once it is through the handshake.
	serve func(ctx context.Context, h *hostile, nc net.Conn)
}

// begin lets hostile peers listen, each at an address of its own, and returns the flags
// that connect a daemon with them.
func begin(t *testing.T, count int, sent *atomic.Int64, serve func(context.Context, *hostile, net.Conn)) (flags []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var wg sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	for n := range count {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.1.%d:0", n+1))
		if err != nil {
			t.Fatal(err)
		}
		h := &hostile{l: l, sent: sent, serve: serve}
		context.AfterFunc(ctx, func() { l.Close() })
		wg.Go(func() { h.run(ctx, &wg) })
		flags = append(flags, "--connect="+l.Addr().String())
	}
	return flags
}

func (h *hostile) run(ctx context.Context, wg *sync.WaitGroup) {
	for {
		nc, err := h.l.Accept()
		if err != nil {
			return
		}
		wg.Go(func() {
			stop := context.AfterFunc(ctx, func() { nc.Close() })
			defer stop()
			defer nc.Close()
			if h.greet(nc) == nil {
				h.serve(ctx, h, nc)
			}
		})
	}
}

// greet performs the handshake.
func (h *hostile) greet(nc net.Conn) error {
	v := &wire.MsgVersion{
		ProtocolVersion: int32(wire.ProtocolVersion), Services: wire.SFNodeNetwork,
		Timestamp: time.Unix(time.Now().Unix(), 0), Nonce: uint64(time.Now().UnixNano()), UserAgent: "/hostile:1.0.0/",
	}
	return errors.Join(h.send(nc, v), h.send(nc, wire.NewMsgVerAck()))
}

func (h *hostile) send(nc net.Conn, msg wire.Message) error {
	return wire.WriteMessage(nc, msg, wire.ProtocolVersion, wire.SimNet)
}

// answers reads messages, answers what keeps the connection alive, and hands the others on
// until the connection ends.
func (h *hostile) answers(nc net.Conn, other func(wire.Message) error) {
	for {
		msg, _, err := wire.ReadMessage(nc, wire.ProtocolVersion, wire.SimNet)
		switch m := msg.(type) {
		case *wire.MsgPing:
			err = errors.Join(err, h.send(nc, wire.NewMsgPong(m.Nonce)))
		case *wire.MsgGetHeaders:
			err = errors.Join(err, h.send(nc, wire.NewMsgHeaders()))
		default:
			if err == nil {
				err = other(msg)
			}
		}
		if err != nil {
			return
		}
	}
}

// anonymous returns the anonymous resident memory of a process in bytes.
func anonymous(t *testing.T, pid int) int64 {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "RssAnon:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		t.Skip("this system does not tell the anonymous memory of a process")
	}
	kilobytes, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}

// underAttack runs a daemon with a wallet that follows a chain, and an attack on it, and
// checks how much its memory grows. The attack returns whether it is over. The daemon is stopped
// then; its directory is returned.
func underAttack(t *testing.T, peers []string, attack func(c client) (over bool)) (dir string) {
	t.Helper()
	return attackOn(t, 200, false, peers, attack)
}

// attackOn is underAttack on a chain of so many blocks. If fresh is set, the daemon has to
// sync it once more under the attack, and asks the peers for its filters.
func attackOn(t *testing.T, blocks int, fresh bool, peers []string, attack func(c client) (over bool)) (dir string) {
	t.Helper()
	race.Skip(t) // whose memory it would measure
	ns := serveChain(t, 1, testnet.Config{Seed: 1, Blocks: blocks}, link.Shape{})
	dir = t.TempDir()
	args := append([]string{"--appdata", dir, "--notls"}, ns.flags...)
	p := startProcess(t, args...)
	c := dial(t, p.daemon, dir)
	var nothing any
	synced := fmt.Sprintf("Synced at height %d", blocks)
	p.await(t, synced)
	c.mustCall(t, "importaddress", fmt.Sprintf(`{"address":%q,"scanfrom":%d}`, victimAddress(t), blocks), &nothing)
	quiet, most := anonymous(t, p.cmd.Process.Pid), int64(0)
	p.signal(t, os.Interrupt)
	if err := p.wait(); err != nil {
		t.Fatal(err)
	}
	if fresh {
		if err := os.Remove(filepath.Join(dir, "simnet", "chain.db")); err != nil {
			t.Fatal(err)
		}
	}
	p = startProcess(t, append(args, peers...)...) // it asks all peers for transactions at once
	c = dial(t, p.daemon, dir)
	if !fresh {
		p.await(t, synced)
		quiet = anonymous(t, p.cmd.Process.Pid)
	}
	for over := false; !over; {
		over = attack(c)
		most = max(most, anonymous(t, p.cmd.Process.Pid))
	}
	t.Logf("%.1f MiB quiet, at most %.1f MiB more under the attack", float64(quiet)/(1<<20), float64(most-quiet)/(1<<20))
	if most-quiet > attackBound {
		t.Errorf("the memory grew by %d MiB, at most %d", (most-quiet)>>20, attackBound>>20)
	}
	if fresh {
		p.await(t, synced)
	}
	c.mustCall(t, "getbalance", `[]`, &nothing)
	p.signal(t, os.Interrupt)
	if err := p.wait(); err != nil {
		t.Error(err)
	}
	return dir
}

// victimAddress is an address that the wallet watches and the attackers know.
func victimAddress(t *testing.T) string {
	t.Helper()
	a, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(make([]byte, 20), chaincfg.SimNetParams())
	if err != nil {
		t.Fatal(err)
	}
	return a.String()
}

// fake returns the payment of a number to the victim: it spends nothing that exists, and
// has as many outputs as nodes relay.
func fake(t *testing.T, number uint64) *wire.MsgTx {
	t.Helper()
	a, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(make([]byte, 20), chaincfg.SimNetParams())
	if err != nil {
		t.Fatal(err)
	}
	_, script := a.PaymentScript()
	tx := wire.NewMsgTx()
	op := wire.OutPoint{Hash: chainhash.HashH(binary.BigEndian.AppendUint64(nil, number))}
	tx.AddTxIn(wire.NewTxIn(&op, 1e8, make([]byte, 107)))
	for range 2700 {
		tx.AddTxOut(wire.NewTxOut(1, script))
	}
	return tx
}

// TestAttackByPayments: eight peers send large payments to an address of the wallet as
// fast as they are asked for, and come back from other ports all the time.
func TestAttackByPayments(t *testing.T) {
	var sent, number atomic.Int64
	serve := func(_ context.Context, h *hostile, nc net.Conn) {
		txs, here := make(map[chainhash.Hash]*wire.MsgTx), 0
		announce := func() error {
			inv := wire.NewMsgInv()
			for range 20 {
				tx := fake(t, uint64(number.Add(1)))
				hash := tx.TxHash()
				txs[hash] = tx
				inv.InvList = append(inv.InvList, wire.NewInvVect(wire.InvTypeTx, &hash))
			}
			return h.send(nc, inv)
		}
		h.answers(nc, func(msg wire.Message) error {
			if _, follows := msg.(*wire.MsgSendHeaders); follows {
				_ = wait.For(t.Context(), 200*time.Millisecond) // it wants transactions soon after
				return announce()
			}
			asked, ok := msg.(*wire.MsgGetData)
			if !ok {
				return nil
			}
			for _, iv := range asked.InvList {
				tx := txs[iv.Hash]
				if tx == nil {
					continue
				}
				delete(txs, iv.Hash)
				if err := h.send(nc, tx); err != nil {
					return err
				}
				h.sent.Add(int64(tx.SerializeSize()))
				here++
			}
			if here >= 60 {
				return net.ErrClosed // and it is dialled again
			}
			if len(txs) == 0 {
				return announce()
			}
			return nil
		})
	}
	peers := begin(t, 8, &sent, serve)
	began, last, at := time.Now(), int64(0), time.Now()
	underAttack(t, peers, func(client) bool {
		_ = wait.For(t.Context(), 20*time.Millisecond)
		if n := sent.Load(); n != last {
			last, at = n, time.Now()
		}
		stalled := time.Since(at) > 10*time.Second // what they may send is used up
		return last >= *attackBytes || stalled || time.Since(began) > 5*time.Minute
	})
	t.Logf("%.1f MB of payments were taken in %v", float64(last)/1e6, time.Since(began).Round(time.Second))
	if last == 0 {
		t.Error("no payment was asked for: there was no attack")
	}
}

// TestAttackByInventory: peers announce as much as a message holds, again and again, and
// send nothing.
func TestAttackByInventory(t *testing.T) {
	var sent, number atomic.Int64
	serve := func(_ context.Context, h *hostile, nc net.Conn) {
		h.answers(nc, func(msg wire.Message) error {
			if _, follows := msg.(*wire.MsgSendHeaders); !follows {
				return nil
			}
			for range 20 {
				inv := wire.NewMsgInv()
				for range wire.MaxInvPerMsg {
					hash := chainhash.HashH(binary.BigEndian.AppendUint64(nil, uint64(number.Add(1))))
					inv.InvList = append(inv.InvList, wire.NewInvVect(wire.InvTypeTx, &hash))
				}
				if err := h.send(nc, inv); err != nil {
					return err
				}
				h.sent.Add(int64(36 * len(inv.InvList)))
			}
			return net.ErrClosed
		})
	}
	peers := begin(t, 8, &sent, serve)
	began, last, at := time.Now(), int64(0), time.Now()
	underAttack(t, peers, func(client) bool {
		_ = wait.For(t.Context(), 20*time.Millisecond)
		if n := sent.Load(); n != last {
			last, at = n, time.Now()
		}
		return last >= *attackBytes || time.Since(at) > 10*time.Second || time.Since(began) > 5*time.Minute
	})
	if last == 0 {
		t.Error("nothing was announced: there was no attack")
	}
}

// TestAttackByRequests: peers request as much as a message holds, or say that they do not have as
// much, again and again.
func TestAttackByRequests(t *testing.T) {
	var sent atomic.Int64
	list := make([]*wire.InvVect, wire.MaxInvPerMsg)
	for i := range list {
		hash := chainhash.HashH(binary.BigEndian.AppendUint64(nil, uint64(i)))
		list[i] = wire.NewInvVect(wire.InvType(1+i%4), &hash)
	}
	flooded(t, &sent, func(h *hostile, nc net.Conn) {
		for h.send(nc, &wire.MsgGetData{InvList: list}) == nil && h.send(nc, &wire.MsgNotFound{InvList: list}) == nil {
		}
	})
}

// TestAttackByAddresses: peers announce addresses of all networks, as many as a message holds,
// again and again. The file of known peers stays small.
func TestAttackByAddresses(t *testing.T) {
	var sent, number atomic.Int64
	dir := flooded(t, &sent, func(h *hostile, nc net.Conn) {
		for {
			msg := new(wire.MsgAddrV2)
			for range wire.MaxAddrPerV2Msg {
				ip := binary.BigEndian.AppendUint32(nil, uint32(number.Add(0x9e3779b1)))
				msg.AddrList = append(msg.AddrList, wire.NewNetAddressV2(wire.IPv4Address, ip, 9108, time.Unix(time.Now().Unix(), 0), wire.SFNodeNetwork))
			}
			if h.send(nc, msg) != nil {
				return
			}
		}
	})
	info, err := os.Stat(filepath.Join(dir, "simnet", "peers.json"))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("peers.json has %d bytes", info.Size())
	if info.Size() > 4<<20 {
		t.Errorf("peers.json has %d bytes", info.Size())
	}
}

// flooded is underAttack by eight peers that do something once the daemon is synced, until as much
// was sent as an attack sends, or nothing for long. It returns the directory of the daemon.
func flooded(t *testing.T, sent *atomic.Int64, flood func(h *hostile, nc net.Conn)) (dir string) {
	t.Helper()
	synced := make(chan struct{})
	start := sync.OnceFunc(func() { close(synced) })
	peers := begin(t, 8, sent, func(ctx context.Context, h *hostile, nc net.Conn) {
		var floods sync.WaitGroup
		defer floods.Wait()
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		floods.Go(func() {
			select {
			case <-synced:
				flood(h, counted{nc, sent})
			case <-ctx.Done():
			}
		})
		h.answers(nc, func(wire.Message) error { return nil })
	})
	began, last, at := time.Now(), int64(0), time.Now()
	dir = underAttack(t, peers, func(client) bool {
		start()
		_ = wait.For(t.Context(), 20*time.Millisecond)
		if n := sent.Load(); n != last {
			last, at = n, time.Now()
		}
		return last >= *attackBytes || time.Since(at) > 10*time.Second || time.Since(began) > 5*time.Minute
	})
	t.Logf("%.1f MB were sent in %v", float64(last)/1e6, time.Since(began).Round(time.Second))
	if last == 0 {
		t.Error("nothing was sent: there was no attack")
	}
	return dir
}

// TestAttackByFilters: peers send filters of 200 KiB each, as many as a message holds, in
// answer to each request of a first sync, some of them when it has been given up, and others
// that no request asks for, and come back from other ports.
func TestAttackByFilters(t *testing.T) {
	var sent, asked atomic.Int64
	large := make([]byte, 200<<10)
	reply := func(first chainhash.Hash) *wire.MsgCFiltersV2 {
		filters := make([]wire.MsgCFilterV2, wire.MaxCFiltersV2PerBatch)
		for i := range filters {
			hash := first
			if i > 0 {
				hash = chainhash.HashH(binary.BigEndian.AppendUint64(first[:], uint64(i)))
			}
			filters[i] = wire.MsgCFilterV2{BlockHash: hash, Data: large}
		}
		return wire.NewMsgCFiltersV2(filters)
	}
	serve := func(ctx context.Context, h *hostile, nc net.Conn) {
		written := counted{nc, &sent}
		if sent.Load() > 0 { // it has come back
			if err := h.send(written, reply(chainhash.Hash{1})); err != nil {
				return
			}
		}
		h.answers(written, func(msg wire.Message) error {
			request, ok := msg.(*wire.MsgGetCFsV2)
			if !ok {
				return nil
			}
			if asked.Add(1)%2 == 0 { // when it was given up
				select {
				case <-ctx.Done():
				case <-time.After(12 * time.Second):
				}
			}
			return h.send(written, reply(request.StartHash))
		})
	}
	peers := begin(t, 8, &sent, serve)
	began, last, at := time.Now(), int64(0), time.Now()
	attackOn(t, 20_000, true, peers, func(client) bool {
		_ = wait.For(t.Context(), 20*time.Millisecond)
		if n := sent.Load(); n != last {
			last, at = n, time.Now()
		}
		return last >= *attackBytes || time.Since(at) > 15*time.Second && asked.Load() > 0 || time.Since(began) > 2*time.Minute
	})
	t.Logf("%d requests for filters, %.1f MB of replies were taken in %v", asked.Load(), float64(last)/1e6, time.Since(began).Round(time.Second))
	if asked.Load() == 0 {
		t.Error("no filters were asked for: there was no attack")
	}
}

// counted is a connection that counts the bytes written to it.
type counted struct {
	net.Conn
	n *atomic.Int64
}

func (c counted) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.n.Add(int64(n))
	return n, err
}

// TestAttackByCounts: clients send batches of transactions of few bytes that say to have
// hundreds of thousands of inputs or outputs.
func TestAttackByCounts(t *testing.T) {
	liars := []string{
		"01000000fe" + hex.EncodeToString(binary.LittleEndian.AppendUint32(nil, 700_000)),
		"0100000000fe" + hex.EncodeToString(binary.LittleEndian.AppendUint32(nil, 3_000_000)),
		"01000200fe" + hex.EncodeToString(binary.LittleEndian.AppendUint32(nil, 700_000)),
	}
	var batch strings.Builder
	for n := range 1000 {
		fmt.Fprintf(&batch, `,{"jsonrpc":"2.0","id":%d,"method":"decoderawtransaction","params":[%q]}`, n, liars[n%3])
	}
	body := "[" + batch.String()[1:] + "]"
	rounds := int(math.Max(1, float64(*attackBytes)/float64(8*len(body))/8))
	underAttack(t, nil, func(c client) bool {
		var clients sync.WaitGroup
		for range 8 {
			clients.Go(func() { _ = c.post(t.Context(), body) })
		}
		clients.Wait()
		rounds--
		return rounds <= 0
	})
}

// TestAttackByValues: clients send parameters of two to nine bytes each, as many as a message
// holds, in lists and objects of all kinds.
func TestAttackByValues(t *testing.T) {
	const size = 4<<20 - 100
	var members strings.Builder
	for n := 0; members.Len() < size; n++ {
		fmt.Fprintf(&members, `,"%x":1`, n)
	}
	list := func(value string) string { return "[" + strings.Repeat(value+",", size/(len(value)+1)) + value + "]" }
	var bodies []string
	for method, params := range map[string]string{
		"getbalance":           list("1"),
		"getblockcount":        "{" + members.String()[1:] + "}",
		"importaddresses":      "[" + list(`""`) + "]",
		"lockunspent":          "[false," + list("{}") + "]",
		"createrawtransaction": "[" + list("{}") + ",{}]",
		"importwallet":         `["copy",{"accounts":` + list("{}") + "}]",
	} {
		bodies = append(bodies, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, method, params))
	}
	attackWithCalls(t, bodies, size)
}

// TestAttackByWords: clients have scripts and transactions spelled out that are all opcodes with
// long names, as many as a message holds.
func TestAttackByWords(t *testing.T) {
	const digits = 4<<20 - 200
	script := strings.Repeat("ac", digits/2) // OP_CHECKSIG
	outputs := func(size int) string {
		tx := wire.NewMsgTx()
		tx.AddTxIn(&wire.TxIn{})
		for range size / (txscript.MaxScriptSize + 20) {
			tx.AddTxOut(wire.NewTxOut(1, bytes.Repeat([]byte{0xac}, txscript.MaxScriptSize)))
		}
		raw, err := tx.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return hex.EncodeToString(raw)
	}
	var bodies []string
	for _, call := range [][2]string{
		{"decodescript", script},
		{"decoderawtransaction", outputs(digits / 2)},
		{"decoderawtransaction", outputs(chaincfg.SimNetParams().MaxTxSize)},
	} {
		bodies = append(bodies, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":[%q]}`, call[0], call[1]))
	}
	attackWithCalls(t, bodies, digits)
}

// post sends a message and reads what is answered to its end.
func (c client) post(ctx context.Context, body string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.SetBasicAuth(c.user, c.password)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// attackWithCalls makes calls side by side, each of about so many bytes, again and again until the
// bytes of an attack are sent.
func attackWithCalls(t *testing.T, bodies []string, size int) {
	t.Helper()
	rounds := max(1, int(*attackBytes)/(len(bodies)*size))
	underAttack(t, nil, func(c client) bool {
		var clients sync.WaitGroup
		for _, body := range bodies {
			clients.Go(func() { _ = c.post(t.Context(), body) })
		}
		clients.Wait()
		rounds--
		return rounds <= 0
	})
}
