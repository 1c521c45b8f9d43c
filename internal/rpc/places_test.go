package rpc_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// TestRestrictedClientsLeavePlaces: clients that may only read, and those that may use some wallets
// only, open websockets and send requests whose bodies do not end, as many as they can. Who may
// make all calls is let in on both ways.
func TestRestrictedClientsLeavePlaces(t *testing.T) {
	const places = 4
	cfg := rpctest.Config(rpctest.NewOffline(t).Registry)
	cfg.ReadOnlyUsername, cfg.ReadOnlyPassword = "reader", "secret"
	cfg.WalletUsers = []rpc.WalletUser{{Name: "child", Password: "child's", Wallets: []string{"default"}}}
	cfg.Limits.Requests, cfg.Limits.Websockets = places, places
	address, _ := rpctest.Start(t, cfg)
	open := func(user, password string) bool {
		conn, answer, err := websocket.Dial(t.Context(), "ws://"+address+"/ws", //nolint:bodyclose // Dial says not to
			&websocket.DialOptions{HTTPHeader: authorization(user, password)})
		if err == nil {
			t.Cleanup(func() { conn.CloseNow() })
		} else if answer == nil || answer.StatusCode != http.StatusTooManyRequests {
			t.Fatalf("%s: %v", user, err)
		}
		return err == nil
	}
	hold := func(user, password string) {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: 100\r\nAuthorization: %s\r\n\r\n[", address,
			authorization(user, password).Get("Authorization"))
	}
	opened := 0
	for i := range 4 * places {
		user, password := "reader", "secret"
		if i%2 == 1 {
			user, password = "child", "child's"
		}
		if open(user, password) {
			opened++
		}
		hold(user, password)
	}
	if opened != places/2 {
		t.Errorf("%d websockets of restricted clients, want %d", opened, places/2)
	}
	if !open(rpctest.User, rpctest.Password) {
		t.Error("the user is refused a websocket")
	}
	if status := statusOf(t, address, "reader", "secret"); status != http.StatusTooManyRequests {
		t.Errorf("a reader more gets status %d", status)
	}
	if status := statusOf(t, address, rpctest.User, rpctest.Password); status != http.StatusOK {
		t.Errorf("the user gets status %d", status)
	}
}

// statusOf makes a call and returns the status of the answer. The requests before it have been read
// by then: it is tried again as long as one that holds a place might not be.
func statusOf(t *testing.T, address, user, password string) (status int) {
	t.Helper()
	for deadline := time.Now().Add(answerBound); time.Now().Before(deadline); {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address, strings.NewReader(countRequest))
		if err != nil {
			t.Fatal(err)
		}
		r.Header = authorization(user, password)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		if status = answer.StatusCode; user == rpctest.User || status == http.StatusTooManyRequests {
			return status
		}
	}
	return status
}
