package rpc_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// wsTranscript is the golden file of a session on a websocket: a line that
// begins with > is sent, one that begins with < is what comes next. A line
// that begins with ! is a change of the chain: how many blocks are taken back
// and how many put on. The line "---" begins a new connection.
const wsTranscript = "testdata/websocket.txt"

func TestWebsocketTranscript(t *testing.T) {
	want, err := os.ReadFile(wsTranscript)
	if err != nil {
		t.Fatal(err)
	}
	d := rpctest.New()
	address, _ := rpctest.Start(t, rpctest.Config(d))
	var conn *websocket.Conn
	var got strings.Builder
	number := 0
	for line := range strings.Lines(string(want)) {
		number++
		line = strings.TrimSuffix(line, "\n")
		kind, text, _ := strings.Cut(line, " ")
		switch kind {
		case "---":
			conn = mustDialWS(t, address)
		case ">":
			send(t, conn, text)
		case "<":
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			_, reply, err := conn.Read(ctx)
			cancel()
			if err != nil {
				t.Fatalf("%s:%d: %v", wsTranscript, number, err)
			}
			line = "< " + string(reply)
		case "!":
			var takeBack, putOn int
			if _, err := fmt.Sscan(text, &takeBack, &putOn); err != nil {
				t.Fatal(err)
			}
			d.Grow(takeBack, putOn)
		}
		fmt.Fprintln(&got, line)
	}
	golden(t, wsTranscript, got.String())
}
