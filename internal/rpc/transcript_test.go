package rpc_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

var update = flag.Bool("update", false, "rewrite the golden files with what the server says")

// The transcripts, golden files of a daemon with a wallet. Lines that begin with < are what comes
// back, byte for byte but for values that differ in each run, see steady; words in braces stand
// for values of the daemon, see words.
//
//   - methods has every method and topic. A line that begins with > is a method and its parameters,
//     sent by POST; with savings>, for the wallet of this name; with ws>, on the websocket.
//   - transcript is what the body of a POST request can be: lines that begin with > are sent.
//   - wsTranscript is sessions on websockets: lines that begin with > are sent, and each < is the
//     next message that comes.
//
// The line "--- NAME" opens a websocket for a wallet. Lines that begin with ! change the chain, by
// how many blocks are taken back and how many put on, hold blocks back that the daemon asks for,
// release them, or wait until the daemon is idle.
const (
	methods      = "testdata/methods.txt"
	transcript   = "testdata/post.txt"
	wsTranscript = "testdata/websocket.txt"
)

// blocks is the height of the chain at first.
const blocks = 450

// stage is a daemon with a wallet that a transcript is played against.
type stage struct {
	*testing.T
	*rpctest.Daemon
	owner   *rpctest.Owner
	address string
	words   *strings.Replacer
	conn    *websocket.Conn
	got     strings.Builder
}

// newStage runs a daemon whose wallet is paid in blocks 20, 150, 300 and 448, and spends in
// block 200.
func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{T: t, owner: rpctest.NewOwner(t, 1)}
	plan := testnet.Plan{}
	first := plan.Pay(20, s.owner.Script(0, 0), 1e8)
	plan.Pay(150, s.owner.Script(0, 19), 2e8)
	plan.Spend(200, first, s.owner.Script(1, 0), 5e7)
	s.sign(plan[200][0].Msg, 1e8, 0)
	plan.Pay(300, s.owner.Script(0, 50), 4e8)
	plan.Pay(blocks-2, s.owner.Script(0, 1), 8e8)
	s.Daemon = rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: blocks, Plan: plan, Xpub: s.owner.Xpub()})
	s.address, _ = rpctest.Start(t, rpctest.Config(s.Registry))
	s.words = s.pairs(plan)
	return s
}

// pairs returns what stands for the words in braces.
func (s *stage) pairs(plan testnet.Plan) *strings.Replacer {
	s.Helper()
	other := rpctest.NewOwner(s, 2)
	wif, err := dcrutil.NewWIF(bytes.Repeat([]byte{7}, 32), s.Core.Params.ChainParams.PrivateKeyID, dcrec.STEcdsaSecp256k1)
	if err != nil {
		s.Fatal(err)
	}
	pairs := []string{"{xpub}", s.owner.Xpub(), "{other}", other.Xpub(), "{private}", other.Xpriv(), "{wif}", wif.String()}
	pairs = append(pairs, "{third}", rpctest.NewOwner(s, 3).Xpub())
	fresh, _ := rpctest.NewOwner(s, 4).Address(0, 0)
	pairs = append(pairs, "{fresh}", fresh)
	for i := range uint32(3) {
		address, _ := s.owner.Address(0, i)
		change, _ := s.owner.Address(1, i)
		foreign, _ := other.Address(0, i)
		pairs = append(pairs, fmt.Sprintf("{address%d}", i), address, fmt.Sprintf("{change%d}", i), change,
			fmt.Sprintf("{foreign%d}", i), foreign)
	}
	for _, h := range []consensus.Height{0, 1, 20, 150, blocks - 2, blocks} {
		pairs = append(pairs, fmt.Sprintf("{block%d}", h), s.Node.Chain().ID(h).Hash.String())
	}
	for h, txs := range plan {
		pairs = append(pairs, fmt.Sprintf("{tx%d}", h), txs[0].Msg.TxHash().String())
	}
	for word, amount := range map[string]int64{"{spend}": 15e7, "{rival}": 14e7} {
		tx := s.spend(plan[150][0].Msg, amount, other.Script(0, 7))
		raw, err := tx.Bytes()
		if err != nil {
			s.Fatal(err)
		}
		pairs = append(pairs, word, hex.EncodeToString(raw), strings.Replace(word, "{", "{id", 1), tx.TxHash().String())
	}
	return strings.NewReplacer(pairs...)
}

// spend returns a transaction that spends the payment of block 150: an amount to a script, 0.4
// coins to a change address, and the rest as a fee.
func (s *stage) spend(paid *wire.MsgTx, amount int64, to []byte) *wire.MsgTx {
	s.Helper()
	tx := wire.NewMsgTx()
	point := wire.OutPoint{Hash: paid.TxHash(), Tree: wire.TxTreeRegular}
	tx.AddTxIn(wire.NewTxIn(&point, 2e8, nil))
	tx.AddTxOut(wire.NewTxOut(amount, to))
	tx.AddTxOut(wire.NewTxOut(4e7, s.owner.Script(1, 1)))
	s.sign(tx, 2e8, 19)
	return tx
}

// sign signs the first input of a transaction, which spends an amount that was paid to an
// external address.
func (s *stage) sign(tx *wire.MsgTx, amount int64, index uint32) {
	s.Helper()
	signature, err := sign.SignatureScript(tx, 0, s.owner.Script(0, index), txscript.SigHashAll, s.owner.Key(0, index), dcrec.STEcdsaSecp256k1, true)
	if err != nil {
		s.Fatal(err)
	}
	tx.TxIn[0].SignatureScript, tx.TxIn[0].ValueIn = signature, amount
}

// play plays a transcript and compares it with what comes back.
func (s *stage) play(file string, line func(kind, text string)) {
	s.Helper()
	script, err := os.ReadFile(file)
	if err != nil {
		s.Fatal(err)
	}
	for l := range strings.Lines(string(script)) {
		l = strings.TrimSuffix(l, "\n")
		kind, text, _ := strings.Cut(l, " ")
		if kind != "<" {
			fmt.Fprintln(&s.got, l)
		}
		switch kind {
		case "---":
			s.dial(text)
		case "!":
			s.change(text)
		default:
			line(kind, s.words.Replace(text))
		}
	}
	golden(s.T, file, s.got.String())
}

// heard adds what came back.
func (s *stage) heard(reply string) {
	fmt.Fprintf(&s.got, "< %s\n", steady(strings.TrimSuffix(reply, "\n")))
}

// change changes the chain, or waits until the daemon is idle.
func (s *stage) change(text string) {
	s.Helper()
	switch text {
	case "idle":
		s.idle()
		return
	case "hold":
		s.Hold()
		return
	case "release":
		s.Release()
		return
	}
	var back, on int
	if _, err := fmt.Sscan(text, &back, &on); err != nil {
		s.Fatal(err)
	}
	s.Grow(s, back, on, nil)
}

// idle waits until the daemon is synced and all jobs are over.
func (s *stage) idle() {
	s.Helper()
	s.Sync(s)
	for st := range s.Core.Syncer.Changes(s.Context(), 0) {
		list, err := s.Core.Wallets.List()
		if err != nil {
			s.Fatal(err)
		}
		busy := !st.Synced
		for _, l := range list {
			if w, err := s.Core.Wallets.Wallet(l.Name); err == nil {
				for _, j := range w.Jobs(st.Tip.Height, true) {
					busy = busy || !j.Over()
				}
			}
		}
		if !busy {
			return
		}
	}
}

func (s *stage) dial(wallet string) {
	s.Helper()
	if s.conn != nil {
		s.conn.CloseNow()
	}
	url := "ws://" + s.address + api.WebsocketPath
	if wallet != "" {
		url = "ws://" + s.address + api.WalletPath + wallet
	}
	conn, _, err := websocket.Dial(s.Context(), url, &websocket.DialOptions{ //nolint:bodyclose // Dial says not to
		HTTPHeader: authorization(rpctest.User, rpctest.Password),
	})
	if err != nil {
		s.Fatal(err)
	}
	conn.SetReadLimit(1 << 24)
	s.conn = conn
	s.Cleanup(func() { conn.CloseNow() })
}

// next returns the next message on the websocket.
func (s *stage) next() string {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 10*time.Second)
	defer cancel()
	_, message, err := s.conn.Read(ctx)
	if err != nil {
		s.Fatalf("after:\n%s\n%v", s.got.String(), err)
	}
	return string(message)
}

// TestMethods holds every method and topic to the recorded replies.
func TestMethods(t *testing.T) {
	s := newStage(t)
	s.play(methods, func(kind, text string) {
		method, params, _ := strings.Cut(text, " ")
		v1 := fmt.Sprintf(`{"jsonrpc":"1.0","id":1,"method":%q,"params":%s}`, method, params)
		v2 := fmt.Sprintf(`{"jsonrpc":"2.0","id":"a","method":%q,"params":%s}`, method, params)
		switch kind {
		case ">":
			s.heard(s.post("/", v1))
		case "savings>":
			s.heard(s.post(api.WalletPath+"savings", v2))
		case "ws>":
			send(t, s.conn, v1)
			s.heard(s.next())
		case "ws<":
			s.heard(s.next())
		}
	})
}

// post sends a body and returns that of the answer.
func (s *stage) post(path, body string) string {
	s.Helper()
	_, reply := postTo(s.T, s.address+path, body)
	return reply
}

func TestTranscript(t *testing.T) {
	s := newStage(t)
	s.play(transcript, func(kind, text string) {
		if kind == ">" {
			status, reply := post(t, s.address, text)
			s.heard(fmt.Sprintf("%d %s", status, reply))
		}
	})
	<-s.Stopped()
}

func TestWebsocketTranscript(t *testing.T) {
	s := newStage(t)
	s.play(wsTranscript, func(kind, text string) {
		switch kind {
		case ">":
			send(t, s.conn, text)
		case "<":
			s.heard(s.next())
		}
	})
}

// steady replaces the values that differ in each run.
func steady(reply string) string {
	const numbers = `"(since|seq|began|ended|next|lastsend|lastrecv|bytessent|bytesrecv|totalbytesrecv|totalbytessent|conntime|pingtime|` +
		`pingwait|rate|eta|age|timemillis|reserveduntil|until|ban_created|banned_until|ban_duration|time_remaining|offeredto|fetchedby|echoedby)":-?[0-9.e+]+`
	reply = regexp.MustCompile(numbers).ReplaceAllString(reply, `"$1":0`)
	reply = regexp.MustCompile(`10\.255\.255\.1:[0-9]+`).ReplaceAllString(reply, "10.255.255.1:0")
	reply = regexp.MustCompile(`"lastreorg":\{"time":[0-9]+`).ReplaceAllString(reply, `"lastreorg":{"time":0`)
	// An account that is created without a birthday is born today.
	reply = regexp.MustCompile(`"birthday":"20[0-9]{2}-[0-9]{2}-[0-9]{2}"`).ReplaceAllString(reply, `"birthday":"today"`)
	reply = regexp.MustCompile(`"birthday":\{"date":[0-9]+`).ReplaceAllString(reply, `"birthday":{"date":0`)
	reply = regexp.MustCompile(`"file":"/[^"]*/backups/`).ReplaceAllString(reply, `"file":"/backups/`)
	// A transaction is offered, and dropped once it is abandoned, when the syncer comes to it.
	reply = regexp.MustCompile(`"outcome":"(waiting|offered|seen|dropped)"(.*?)(,"next":0)?\}`).ReplaceAllString(reply, `"outcome":""$2}`)
	times := regexp.MustCompile(`"(time|timereceived)":([0-9]+)`)
	return times.ReplaceAllStringFunc(reply, func(field string) string {
		m := times.FindStringSubmatch(field)
		if at, err := strconv.ParseInt(m[2], 10, 64); err == nil && time.Since(time.Unix(at, 0)).Abs() < time.Hour {
			return fmt.Sprintf("%q:0", m[1])
		}
		return field
	})
}

// golden compares a text with a file, or writes the file with -update.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		g, w := "(end)", "(end)"
		if i < len(gotLines) {
			g = gotLines[i]
		}
		if i < len(wantLines) {
			w = wantLines[i]
		}
		if g != w {
			t.Fatalf("%s differs in line %d (run: go test ./internal/rpc -update)\ngot  %s\nwant %s", name, i+1, g, w)
		}
	}
}

// post sends a body as dcrctl does and returns status and body of the answer.
func post(t testing.TB, address, body string) (int, string) {
	t.Helper()
	return postTo(t, address, body)
}

// postTo does so to a path.
func postTo(t testing.TB, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(rpctest.User, rpctest.Password)
	r.Header.Set("Content-Type", "application/json")
	return do(t, r)
}

// do sends a request and returns status and body of the answer.
func do(t testing.TB, r *http.Request) (int, string) {
	t.Helper()
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

// described returns what the server says about its methods.
func described(t testing.TB, address string) []api.MethodInfo {
	t.Helper()
	_, reply := post(t, address, `{"method":"help","params":["",true],"id":1}`)
	var r struct{ Result []api.MethodInfo }
	if err := json.Unmarshal([]byte(reply), &r); err != nil {
		t.Fatal(err)
	}
	return r.Result
}

// recorded is a call of the transcripts and its reply.
type recorded struct {
	method string
	result any
	failed bool
	reply  string
}

// recordings returns the calls of the transcripts that name a method.
func recordings(t *testing.T) []recorded {
	t.Helper()
	var all []recorded
	for _, file := range []string{methods, transcript, wsTranscript} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var name string
		for line := range strings.Lines(string(text)) {
			kind, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
			switch {
			case strings.HasSuffix(kind, ">") && file == methods:
				name, _, _ = strings.Cut(rest, " ")
			case kind == ">":
				var called struct{ Method string }
				_ = json.Unmarshal([]byte(rest), &called) // garbage calls nothing
				name = called.Method
			case kind == "<":
				var r struct {
					Result any
					Error  any
					ID     json.RawMessage
				}
				if json.Unmarshal([]byte(strings.TrimPrefix(rest, "200 ")), &r) == nil && r.ID != nil && name != "" {
					all = append(all, recorded{name, r.Result, r.Error != nil, rest})
				}
				name = ""
			}
		}
	}
	return all
}

// TestTranscriptsAreComplete: every method is called with a result; and if it takes parameters,
// also with wrong ones.
func TestTranscriptsAreComplete(t *testing.T) {
	answered, refused := make(map[string]bool), make(map[string]bool)
	for _, r := range recordings(t) {
		answered[r.method] = answered[r.method] || !r.failed
		refused[r.method] = refused[r.method] || r.failed
	}
	address, _ := rpctest.Start(t, rpctest.Config(rpctest.NewOffline(t).Registry))
	all := described(t, address)
	if len(all) == 0 {
		t.Fatal("no methods")
	}
	for _, m := range all {
		if !answered[m.Name] && !refusedHere(m.Name) {
			t.Errorf("%s is never answered", m.Name)
		}
		if len(m.Params) > 0 && !refused[m.Name] && m.Name != discoverMethod {
			t.Errorf("%s is never refused", m.Name)
		}
	}
}
