package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"reflect"
	"strconv"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrjson/v4"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/rpc/jsonrpc/types/v4"
	"github.com/decred/dcrd/rpcclient/v8"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/txscript/v4/stdscript"
	"github.com/decred/dcrd/wire"
	"github.com/jrick/wsrpc/v2"

	"github.com/spvd/spvd/e2e/daemon"
	"github.com/spvd/spvd/e2e/keys"
	"github.com/spvd/spvd/e2e/node"
)

// testClients: programs that were written for dcrd and dcrwallet talk to the
// daemon as they are.
func (s *stage) testClients(t *testing.T) {
	a, b := s.newNode(t), s.newNode(t)
	d := s.newDaemon(t, a.Addr())
	awaitTip(t, d, a)
	t.Run("rpcclient by POST", func(t *testing.T) {
		c := rpcClient(t, d.Access(), true, nil)
		exchange(t, c, rpcClient(t, nodeAccess(a), true, nil), a)
	})
	t.Run("rpcclient by websocket", func(t *testing.T) {
		news := newHeard()
		c := rpcClient(t, d.Access(), false, news.handlers())
		exchange(t, c, rpcClient(t, nodeAccess(a), false, nil), a)
		left := s.testRPCClientNews(t, c, news, a, b)
		t.Run("blocks that were left", func(t *testing.T) { testLeftBlocks(t, d, a, left) })
	})
	t.Run("wsrpc", func(t *testing.T) { s.testWSRPC(t, d, a) })
	t.Run("curl", func(t *testing.T) { testCurl(t, d, a) })
}

// nodeAccess says how to reach a node.
func nodeAccess(n *node.Node) daemon.Access { return daemon.Access(n.Access()) }

// rpcClient returns a client of dcrd's own making.
func rpcClient(t *testing.T, at daemon.Access, post bool, handlers *rpcclient.NotificationHandlers) *rpcclient.Client {
	t.Helper()
	cert, err := os.ReadFile(at.Cert)
	if err != nil {
		t.Fatal(err)
	}
	c, err := rpcclient.New(&rpcclient.ConnConfig{
		Host: at.Addr, Endpoint: "ws", User: at.User, Pass: at.Pass, Certificates: cert, HTTPPostMode: post,
	}, handlers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Shutdown()
		c.WaitForShutdown()
	})
	return c
}

// exchange asks what an exchange's client asks about the chain, and wants the
// daemon's answers to be those of the node. The client's own decoding is part of it.
func exchange(t *testing.T, spvd, dcrd *rpcclient.Client, n *node.Node) {
	t.Helper()
	ctx := deadline(t)
	past, err := n.Hash(ctx, chainHeight/2)
	if err != nil {
		t.Fatal(err)
	}
	shop, scripts := someScripts(t)
	for name, call := range map[string]func(*rpcclient.Client) (any, error){
		"getbestblock": func(c *rpcclient.Client) (any, error) {
			hash, height, err := c.GetBestBlock(ctx)
			return []any{hash, height}, err
		},
		"getbestblockhash": func(c *rpcclient.Client) (any, error) { return c.GetBestBlockHash(ctx) },
		"getblockcount":    func(c *rpcclient.Client) (any, error) { return c.GetBlockCount(ctx) },
		"getblockhash":     func(c *rpcclient.Client) (any, error) { return c.GetBlockHash(ctx, chainHeight/2) },
		"getblockheader":   func(c *rpcclient.Client) (any, error) { return c.GetBlockHeader(ctx, &past) },
		"getblockheader, verbose": func(c *rpcclient.Client) (any, error) {
			return c.GetBlockHeaderVerbose(ctx, &past)
		},
		"getblock": func(c *rpcclient.Client) (any, error) { return c.GetBlock(ctx, &past) },
		"getblock, verbose": func(c *rpcclient.Client) (any, error) {
			return c.GetBlockVerbose(ctx, &past, true)
		},
		"getcfilterv2": func(c *rpcclient.Client) (any, error) {
			f, err := c.GetCFilterV2(ctx, &past)
			if err != nil {
				return nil, err
			}
			return hex.EncodeToString(f.Filter.Bytes()), nil
		},
		"getcurrentnet": func(c *rpcclient.Client) (any, error) { return c.GetCurrentNet(ctx) },
		"createrawtransaction": func(c *rpcclient.Client) (any, error) {
			lock, expiry := int64(400_000), int64(500_000)
			inputs := []types.TransactionInput{{Txid: past.String(), Vout: 1, Tree: 1, Amount: 2.5}, {Txid: past.String()}}
			return c.CreateRawTransaction(ctx, inputs, map[stdaddr.Address]dcrutil.Amount{shop: 1}, &lock, &expiry)
		},
		"decodescript": func(c *rpcclient.Client) (any, error) {
			var lists []any
			for _, script := range scripts {
				raw, err := c.RawRequest(ctx, "decodescript", []json.RawMessage{json.RawMessage(strconv.Quote(hex.EncodeToString(script)))})
				if err != nil {
					return nil, err
				}
				var list types.DecodeScriptResult
				if err := json.Unmarshal(raw, &list); err != nil {
					return nil, err
				}
				lists = append(lists, list)
			}
			return lists, nil
		},
	} {
		got, err := call(spvd)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want, err := call(dcrd)
		if err != nil {
			t.Fatalf("%s of the node: %v", name, err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %s, the node says %s", name, text(got), text(want))
		}
	}
	var refusal *dcrjson.RPCError
	if _, err := spvd.GetBlockHeader(ctx, &chainhash.Hash{1}); !errors.As(err, &refusal) || refusal.Code != -5 {
		t.Errorf("getblockheader of no block: %v, want code -5", err)
	}
}

// someScripts returns an address, and scripts of several kinds.
func someScripts(t *testing.T) (shop stdaddr.Address, scripts [][]byte) {
	t.Helper()
	key, err := keys.NewKey("a shop")
	if err != nil {
		t.Fatal(err)
	}
	shop, err = stdaddr.DecodeAddress(key.Address(), chaincfg.SimNetParams())
	if err != nil {
		t.Fatal(err)
	}
	multisig, err := stdscript.MultiSigScriptV0(1, key.Pub, key.Pub)
	if err != nil {
		t.Fatal(err)
	}
	hashed, err := stdaddr.NewAddressScriptHashV0(multisig, chaincfg.SimNetParams())
	if err != nil {
		t.Fatal(err)
	}
	_, pay := hashed.PaymentScript()
	plain := append(append([]byte{txscript.OP_DATA_33}, key.Pub...), txscript.OP_CHECKSIG)
	return shop, [][]byte{key.Script(), plain, multisig, pay, {txscript.OP_RETURN, txscript.OP_DATA_1, 7}, {txscript.OP_TRUE}, {}}
}

// heard is what a client was told of blocks: their headers, in order.
type heard struct{ on, off chan []byte }

func newHeard() *heard {
	const plenty = 100
	return &heard{on: make(chan []byte, plenty), off: make(chan []byte, plenty)}
}

func (h *heard) handlers() *rpcclient.NotificationHandlers {
	return &rpcclient.NotificationHandlers{
		OnBlockConnected:    func(header []byte, _ [][]byte) { h.on <- header },
		OnBlockDisconnected: func(header []byte) { h.off <- header },
	}
}

// testRPCClientNews: the client is told of blocks, and of a reorganisation. It returns the
// blocks that have left the chain.
func (s *stage) testRPCClientNews(t *testing.T, c *rpcclient.Client, news *heard, a, b *node.Node) []chainhash.Hash {
	if err := c.NotifyBlocks(deadline(t)); err != nil {
		t.Fatal(err)
	}
	ma, mb := s.newMiner(t, a), s.newMiner(t, b)
	extend(t, ma, 2)
	left := []chainhash.Hash{hashAt(t, a, chainHeight+1), hashAt(t, a, chainHeight+2)}
	expect(t, "connected", news.on, left...)
	extend(t, mb, 3)
	if err := a.Link(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	agree(t, a, b)
	expect(t, "disconnected", news.off, left[1], left[0])
	expect(t, "connected", news.on, hashAt(t, b, chainHeight+1), hashAt(t, b, chainHeight+2), hashAt(t, b, chainHeight+3))
	return left
}

// testLeftBlocks: of blocks that have left the chain the daemon says what the node says, and of
// the branches too, but for that it has no blocks stored.
func testLeftBlocks(t *testing.T, d *daemon.Daemon, n *node.Node, left []chainhash.Hash) {
	awaitTip(t, d, n)
	for _, hash := range left {
		for _, call := range []struct {
			method string
			params []any
		}{
			{"getblockheader", []any{hash.String()}},
			{"getblockheader", []any{hash.String(), false}},
			{"getblock", []any{hash.String()}},
			{"getblock", []any{hash.String(), true, true}},
			{"getblock", []any{hash.String(), false}},
		} {
			var got, want any
			if err := errors.Join(d.Call(deadline(t), call.method, &got, call.params...), n.Call(deadline(t), call.method, &want, call.params...)); err != nil {
				t.Errorf("%s %v: %v", call.method, call.params, err)
				continue
			}
			for _, difference := range missing(want, got, call.method, nil) {
				t.Errorf("%v: %s", call.params, difference)
			}
		}
	}
	var got, want []types.GetChainTipsResult
	if err := errors.Join(d.Call(deadline(t), "getchaintips", &got), n.Call(deadline(t), "getchaintips", &want)); err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if want[i].BranchLen > 0 {
			want[i].Status = "headers-only"
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("getchaintips: %s, the node says %s", text(got), text(want))
	}
}

// hashAt returns the hash of a node's block at a height.
func hashAt(t *testing.T, n *node.Node, height int64) chainhash.Hash {
	t.Helper()
	hash, err := n.Hash(t.Context(), height)
	if err != nil {
		t.Fatal(err)
	}
	return hash
}

// expect wants to hear of exactly these blocks next.
func expect(t *testing.T, what string, told <-chan []byte, want ...chainhash.Hash) {
	t.Helper()
	for _, hash := range want {
		select {
		case raw := <-told:
			var h wire.BlockHeader
			if err := h.FromBytes(raw); err != nil {
				t.Fatal(err)
			}
			if h.BlockHash() != hash {
				t.Errorf("%s: block %d, %v, want %v", what, h.Height, h.BlockHash(), hash)
			}
		case <-deadline(t).Done():
			t.Fatalf("%s: never told of %v", what, hash)
		}
	}
}

// testWSRPC: the client that dcrwallet's tools are made with calls and listens on
// one connection.
func (s *stage) testWSRPC(t *testing.T, d *daemon.Daemon, n *node.Node) {
	at := d.Access()
	cert, err := os.ReadFile(at.Cert)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(cert)
	told := make(notices, 10)
	c, err := wsrpc.Dial(deadline(t), "wss://"+at.Addr+"/ws", wsrpc.WithBasicAuth(at.User, at.Pass),
		wsrpc.WithTLSConfig(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}), wsrpc.WithNotifier(told))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx := deadline(t)
	var tip struct {
		Hash   string
		Height int64
	}
	if err := c.Call(ctx, "getbestblock", &tip); err != nil {
		t.Fatal(err)
	}
	if want, err := n.Best(ctx); err != nil || tip.Hash != want.Hash.String() || tip.Height != want.Height {
		t.Errorf("getbestblock %+v, the node says %+v (%v)", tip, want, err)
	}
	var refusal *wsrpc.Error
	if err := c.Call(ctx, "getblockhash", nil, 1_000_000); !errors.As(err, &refusal) || refusal.Code >= 0 {
		t.Errorf("a block far above the tip: %v, want a refusal", err)
	}
	if err := c.Call(ctx, "subscribe", nil, "blocks"); err != nil {
		t.Fatal(err)
	}
	extend(t, s.newMiner(t, n), 1)
	select {
	case got := <-told:
		if got != "blocks" {
			t.Errorf("told of %s, want blocks", got)
		}
	case <-ctx.Done():
		t.Error("never told of a block")
	}
}

// notices receives the names of notifications.
type notices chan string

// Notify implements wsrpc.Notifier.
func (n notices) Notify(method string, _ json.RawMessage) error {
	n <- method
	return nil
}

// programOnClock returns the path of an installed program that judges certificates by the clock of
// the machine. The test is skipped without it, and where internal/flaky has moved the clock of what
// is built here: the certificates of the daemon are of another day then.
func programOnClock(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	if os.Getenv("FLAKY_DAYS") != "" {
		t.Skipf("%s has another clock", name)
	}
	return path
}

// testCurl: the line in the documentation works with the program curl.
func testCurl(t *testing.T, d *daemon.Daemon, n *node.Node) {
	curl := programOnClock(t, "curl")
	at := d.Access()
	run := func(ctx context.Context, args ...string) string {
		out, err := exec.CommandContext(ctx, curl, append([]string{"--silent", "--show-error", "--noproxy", "*"}, args...)...).CombinedOutput()
		if err != nil {
			t.Errorf("curl %v: %v: %s", args, err, out)
		}
		return string(out)
	}
	best, err := n.Best(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	url := "https://" + at.Addr
	var answer struct{ Result string }
	body := run(deadline(t), "--cacert", at.Cert, "-u", at.User+":"+at.Pass, "-d", `{"method":"getbestblockhash"}`, url)
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Result != best.Hash.String() {
		t.Errorf("getbestblockhash: %s, want %v", body, best.Hash)
	}
	if code := run(deadline(t), "--cacert", at.Cert, "-o", os.DevNull, "-w", "%{http_code}", "-d", `{"method":"getbestblockhash"}`, url); code != "401" {
		t.Errorf("without a password: status %s, want 401", code)
	}
}
