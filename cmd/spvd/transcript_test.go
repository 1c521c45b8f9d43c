package main

import (
	"bytes"
	"context"
	"encoding/hex"
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
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv/chain"
)

// faceTranscript is the golden file of the whole JSON face of a synced daemon with a wallet. A
// line that begins with > is a method and its parameters, sent by POST; one that begins with ws>
// is sent on a websocket. Words in braces are replaced, see faceWords. The lines that begin with
// < are the replies and notifications, byte for byte but for values that differ in each run. The
// line "--- wallet NAME" begins a new websocket for a wallet, "! extend N" and "! reorg BACK ON"
// change the chain, and "! idle" waits until all jobs are over.
const faceTranscript = "testdata/face.txt"

// TestFaceTranscript holds every method and topic to the recorded replies.
func TestFaceTranscript(t *testing.T) {
	script, err := os.ReadFile(faceTranscript)
	if err != nil {
		t.Fatal(err)
	}
	o := newOwner(t, 1)
	ns := servePlan(t, 1, o.pay())
	_, c := ns.startSynced(t, t.TempDir(), "--account=default="+o.xpub())
	f := &face{t: t, ns: ns, c: c, words: faceWords(t, o, ns)}
	for line := range strings.Lines(string(script)) {
		if line = strings.TrimSuffix(line, "\n"); !strings.HasPrefix(line, "<") {
			f.play(line)
		}
	}
	var want []string
	for _, m := range f.methods() {
		if !strings.Contains(f.got.String(), "> "+m.Name+" ") && m.Name != "stop" {
			want = append(want, m.Name)
		}
	}
	if len(want) > 0 {
		t.Errorf("%s has no call of %v", faceTranscript, want)
	}
	if *update {
		if err := os.WriteFile(faceTranscript, []byte(f.got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, wanted := strings.Split(f.got.String(), "\n"), strings.Split(string(script), "\n")
	for i := range min(len(got), len(wanted)) {
		if got[i] != wanted[i] {
			t.Fatalf("%s:%d:\ngot  %s\nwant %s", faceTranscript, i+1, got[i], wanted[i])
		}
	}
	if len(got) != len(wanted) {
		t.Errorf("%d lines, want %d", len(got), len(wanted))
	}
}

// faceWords returns what stands for the words in braces.
func faceWords(t *testing.T, o *owner, ns *nodes) *strings.Replacer {
	t.Helper()
	other := newOwner(t, 2)
	pairs := []string{"{xpub}", o.xpub(), "{other}", other.xpub(), "{private}", other.account.String(), "{wif}", newWIF(t)}
	for i := range uint32(3) {
		address, _ := o.address(0, i)
		change, _ := o.address(1, i)
		foreign, _ := other.address(0, i)
		pairs = append(pairs, fmt.Sprintf("{address%d}", i), address, fmt.Sprintf("{change%d}", i), change,
			fmt.Sprintf("{foreign%d}", i), foreign)
	}
	for _, h := range []chain.Height{0, 1, 20, 150, blocks - 2, blocks} {
		pairs = append(pairs, fmt.Sprintf("{block%d}", h), ns.chain.ID(h).Hash.String())
	}
	var paid *wire.MsgTx
	for h, script := range map[chain.Height][]byte{
		20: o.script(0, 0), 150: o.script(0, 19), 200: o.script(1, 0), 300: o.script(0, 50), blocks - 2: o.script(0, 1),
	} {
		tx := payment(t, ns, h, script)
		pairs = append(pairs, fmt.Sprintf("{tx%d}", h), tx.TxHash().String())
		if h == 150 {
			paid = tx
		}
	}
	for word, amount := range map[string]int64{"{spend}": 15e7, "{rival}": 14e7} {
		tx := wire.NewMsgTx()
		point := wire.OutPoint{Hash: paid.TxHash(), Tree: wire.TxTreeRegular}
		tx.AddTxIn(wire.NewTxIn(&point, 2e8, make([]byte, 107)))
		tx.AddTxOut(wire.NewTxOut(amount, other.script(0, 7)))
		tx.AddTxOut(wire.NewTxOut(4e7, o.script(1, 1)))
		key, err := o.child(o.child(o.account, 0), 19).SerializedPrivKey()
		if err != nil {
			t.Fatal(err)
		}
		tx.TxIn[0].SignatureScript, err = sign.SignatureScript(tx, 0, o.script(0, 19), txscript.SigHashAll, key, dcrec.STEcdsaSecp256k1, true)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := tx.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		pairs = append(pairs, word, hex.EncodeToString(raw), strings.Replace(word, "{", "{id", 1), tx.TxHash().String())
	}
	return strings.NewReplacer(append(pairs, "{peer}", strings.TrimPrefix(ns.flags[0], "--connect="))...)
}

// payment returns the transaction of a block that pays to a script.
func payment(t *testing.T, ns *nodes, h chain.Height, script []byte) *wire.MsgTx {
	t.Helper()
	for _, tx := range ns.chain.Block(h).Transactions {
		for _, out := range tx.TxOut {
			if bytes.Equal(out.PkScript, script) {
				return tx
			}
		}
	}
	t.Fatalf("block %d pays nothing to %x", h, script)
	return nil
}

// face plays a script against a daemon.
type face struct {
	t     *testing.T
	ns    *nodes
	c     client
	words *strings.Replacer
	conn  *websocket.Conn
	got   strings.Builder
}

func (f *face) play(line string) {
	f.t.Helper()
	fmt.Fprintln(&f.got, line)
	kind, text, _ := strings.Cut(line, " ")
	switch kind {
	case ">":
		method, params, _ := strings.Cut(text, " ")
		body := fmt.Sprintf(`{"jsonrpc":"1.0","id":1,"method":%q,"params":%s}`, method, f.words.Replace(params))
		f.heard(f.post("", body))
	case "savings>":
		method, params, _ := strings.Cut(text, " ")
		body := fmt.Sprintf(`{"jsonrpc":"2.0","id":"a","method":%q,"params":%s}`, method, f.words.Replace(params))
		f.heard(f.post(strings.TrimPrefix(api.WalletPath, "/")+"savings", body))
	case "---":
		f.dial(strings.TrimPrefix(text, "wallet "))
	case "ws>":
		method, params, _ := strings.Cut(text, " ")
		body := fmt.Sprintf(`{"jsonrpc":"1.0","id":1,"method":%q,"params":%s}`, method, f.words.Replace(params))
		if err := f.conn.Write(f.t.Context(), websocket.MessageText, []byte(body)); err != nil {
			f.t.Fatal(err)
		}
		f.heard(f.read())
	case "ws<":
		f.heard(f.read())
	case "!":
		f.change(text)
	}
}

func (f *face) change(text string) {
	f.t.Helper()
	var back, on int
	switch {
	case text == "idle":
		f.idle()
	case strings.HasPrefix(text, "extend"):
		if _, err := fmt.Sscanf(text, "extend %d", &on); err != nil {
			f.t.Fatal(err)
		}
		f.ns.all[0].Extend(on)
	default:
		if _, err := fmt.Sscanf(text, "reorg %d %d", &back, &on); err != nil {
			f.t.Fatal(err)
		}
		f.ns.all[0].Reorg(back, uint64(on))
	}
}

// idle waits until the daemon is synced with the node and all jobs are over.
func (f *face) idle() {
	f.t.Helper()
	for {
		var st api.SyncStatus
		f.c.mustCall(f.t, "syncstatus", "[]", &st)
		var jobs []api.Job
		f.c.mustCall(f.t, "listjobs", "[true]", &jobs)
		busy := !st.Synced || st.Tip.Hash != f.ns.all[0].Chain().Tip().Hash.String()
		for _, j := range jobs {
			busy = busy || j.State != api.JobDone && j.State != api.JobCanceled
		}
		if !busy {
			return
		}
		if f.t.Context().Err() != nil {
			f.t.Fatal(f.t.Context().Err())
		}
	}
}

func (f *face) methods() []api.MethodInfo {
	f.t.Helper()
	var list []api.MethodInfo
	f.c.mustCall(f.t, "help", `["",true]`, &list)
	return list
}

// post sends a body to a path and returns the body of the answer.
func (f *face) post(path, body string) string {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), http.MethodPost, f.c.url+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	r.SetBasicAuth(f.c.user, f.c.password)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		f.t.Fatal(err)
	}
	defer answer.Body.Close()
	reply, err := io.ReadAll(answer.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return string(reply)
}

func (f *face) dial(wallet string) {
	f.t.Helper()
	r, err := http.NewRequest(http.MethodGet, f.c.url, nil)
	if err != nil {
		f.t.Fatal(err)
	}
	r.SetBasicAuth(f.c.user, f.c.password)
	url := strings.Replace(strings.TrimSuffix(f.c.url, "/"), "http", "ws", 1) + api.WalletPath + wallet
	conn, answer, err := websocket.Dial(f.t.Context(), url, &websocket.DialOptions{HTTPHeader: r.Header})
	if err != nil {
		f.t.Fatal(err)
	}
	if answer.Body != nil {
		answer.Body.Close()
	}
	conn.SetReadLimit(1 << 24)
	f.conn = conn
	f.t.Cleanup(func() { conn.CloseNow() })
}

func (f *face) read() string {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), time.Minute)
	defer cancel()
	_, message, err := f.conn.Read(ctx)
	if err != nil {
		f.t.Fatalf("after:\n%s\n%v", f.got.String(), err)
	}
	return string(message)
}

// heard adds a reply to what was got.
func (f *face) heard(reply string) {
	fmt.Fprintf(&f.got, "< %s\n", steady(strings.TrimSuffix(reply, "\n")))
}

// steady replaces the values that differ in each run.
func steady(reply string) string {
	numbers := regexp.MustCompile(`"(since|seq|began|ended|next|lastsend|lastrecv|bytessent|bytesrecv|totalbytesrecv|totalbytessent|` +
		`conntime|pingtime|pingwait|rate|eta|age|timemillis|ban_created|banned_until|ban_duration|time_remaining)":-?[0-9.e+]+`)
	reply = numbers.ReplaceAllString(reply, `"$1":*`)
	reply = regexp.MustCompile(`(127\.0\.0\.1|\[::1\]):[0-9]+`).ReplaceAllString(reply, "$1:*")
	reply = regexp.MustCompile(`"lastreorg":\{"time":[0-9]+`).ReplaceAllString(reply, `"lastreorg":{"time":*`)
	times := regexp.MustCompile(`"(time|timereceived)":([0-9]+)`)
	return times.ReplaceAllStringFunc(reply, func(field string) string {
		m := times.FindStringSubmatch(field)
		if at, err := strconv.ParseInt(m[2], 10, 64); err == nil && time.Since(time.Unix(at, 0)).Abs() < time.Hour {
			return fmt.Sprintf("%q:*", m[1])
		}
		return field
	})
}
