package rpc_test

import (
	"context"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/spvd/spvd/internal/rpc/method"
	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/internal/wait"
)

// TestCallsOfTheGoneAreGivenUp has a client send more calls than may run at once, and close
// its websocket. The calls, which would take an hour, are cancelled, and its slot is free.
func TestCallsOfTheGoneAreGivenUp(t *testing.T) {
	d := rpctest.NewOffline(t)
	working := make(chan struct{}, 100)
	d.Find("getblockcount").Handle = func(ctx context.Context, _ *method.Call) (any, error) {
		working <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	cfg := rpctest.Config(d.Registry)
	cfg.Limits.Websockets, cfg.Limits.CallTime = 1, time.Hour
	address, _ := rpctest.Start(t, cfg)
	conn := mustDialWS(t, address)
	for range 25 {
		batch := "[" + countRequest + "," + countRequest + "]"
		if err := conn.Write(t.Context(), websocket.MessageText, []byte(batch)); err != nil {
			t.Fatal(err)
		}
	}
	<-working
	header := authorization(rpctest.User, rpctest.Password)
	if _, status, err := dialWS(t, address, header); err == nil || status != 429 {
		t.Fatalf("a second client got %d, %v", status, err)
	}
	conn.CloseNow()
	for began := time.Now(); ; {
		if _, _, err := dialWS(t, address, header); err == nil {
			return
		}
		if time.Since(began) > 30*time.Second {
			t.Fatal("the place of a client that is gone stays taken")
		}
		_ = wait.For(t.Context(), 50*time.Millisecond)
	}
}
