package rpcclient_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/adapter/rpcclient"
	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// newDaemon runs a daemon with a wallet.
func newDaemon(t *testing.T) *rpctest.Daemon {
	t.Helper()
	return rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: 20, Xpub: rpctest.NewOwner(t, 1).Xpub()})
}

func newClient(t *testing.T, cfg rpcclient.Config) *rpcclient.Client {
	t.Helper()
	c, err := rpcclient.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestCalls: results and errors are typed, over TLS, with the cookie.
func TestCalls(t *testing.T) {
	dir := t.TempDir()
	cfg := rpctest.Config(newDaemon(t).Registry)
	cfg.Username, cfg.Password = "", ""
	cfg.CookiePath = filepath.Join(dir, "rpc.cookie")
	files := rpc.TLSFiles{Cert: filepath.Join(dir, "rpc.cert"), Key: filepath.Join(dir, "rpc.key")}
	address, _ := rpctest.StartTLS(t, cfg, files)
	c := newClient(t, rpcclient.Config{Address: address, CertFile: files.Cert, CookieFile: cfg.CookiePath})
	status, err := c.SyncStatus(t.Context())
	if err != nil || !status.Synced || status.Tip.Height != 20 {
		t.Errorf("the status is %+v, %v", status, err)
	}
	balance, err := c.GetBalance(t.Context(), &rpcclient.GetBalanceOptions{MinConf: new(int64(2))})
	if err != nil || len(balance.Balances) == 0 || balance.Balances[0].AccountName != "default" {
		t.Errorf("the balance is %+v, %v", balance, err)
	}
	address, err = c.GetNewAddress(t.Context(), nil)
	if err != nil || !strings.HasPrefix(address, "Ss") {
		t.Errorf("the address is %q, %v", address, err)
	}
	var refused *rpcclient.Error
	if _, err := c.GetAddressesByAccount(t.Context(), "nobody"); !errors.As(err, &refused) || refused.Code != rpcclient.CodeAccount {
		t.Errorf("the addresses of nobody: %v", err)
	}
	if err := c.CancelJob(t.Context(), 99); !errors.As(err, &refused) || refused.Code != rpcclient.CodeInvalid {
		t.Errorf("a job that does not exist is canceled: %v", err)
	}
}

// TestCallsConnectAgain: a call that a lost connection fails is followed by one that does not.
func TestCallsConnectAgain(t *testing.T) {
	address, _ := rpctest.Start(t, rpctest.Config(newDaemon(t).Registry))
	between := rpctest.NewRelay(t, address)
	c := newClient(t, rpcclient.Config{Address: between.Address, User: rpctest.User, Password: rpctest.Password, NoTLS: true})
	for range 3 {
		height, err := c.GetBlockCount(t.Context())
		for errors.Is(err, rpcclient.ErrLost) { // before the end of the connection is seen
			height, err = c.GetBlockCount(t.Context())
		}
		if err != nil || height != 20 {
			t.Fatalf("the height is %d, %v", height, err)
		}
		between.Cut()
	}
	c = newClient(t, rpcclient.Config{Address: address, User: rpctest.User, Password: "wrong", NoTLS: true})
	if _, err := c.GetBlockCount(t.Context()); err == nil {
		t.Error("a wrong password is let in")
	}
}

// TestSubscriptionsCatchUp: the events of a reorganisation during which the connection was lost come
// after it.
func TestSubscriptionsCatchUp(t *testing.T) {
	d := newDaemon(t)
	address, _ := rpctest.Start(t, rpctest.Config(d.Registry))
	between := rpctest.NewRelay(t, address)
	c := newClient(t, rpcclient.Config{Address: between.Address, User: rpctest.User, Password: rpctest.Password, NoTLS: true})
	tip := d.Node.Chain().Tip()
	d.Grow(t, 0, 1, nil)
	var got []string
	for event, err := range c.Blocks(t.Context(), rpcclient.Subscribe{Cursor: fmt.Sprintf("%d:%v", tip.Height, tip.Hash)}) {
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range event.Disconnected {
			got = append(got, fmt.Sprint("-", b.Height))
		}
		for _, b := range event.Connected {
			got = append(got, fmt.Sprint("+", b.Height))
		}
		if event.Tip.Height == 22 {
			break
		}
		between.Cut()
		d.Grow(t, 1, 2, nil)
	}
	if want := "+21 -21 +21 +22"; strings.Join(got, " ") != want {
		t.Errorf("the blocks are %v, not %s", got, want)
	}
	for _, err := range c.Jobs(t.Context(), rpcclient.Subscribe{Cursor: "nonsense"}) {
		var refused *rpcclient.Error
		if !errors.As(err, &refused) || refused.Code != rpcclient.CodeInvalid {
			t.Errorf("a cursor that is none: %v", err)
		}
	}
	for status, err := range c.Statuses(t.Context()) {
		if err != nil || status.Tip.Height != 22 {
			t.Errorf("the status is %+v, %v", status, err)
		}
		break
	}
}

// TestWrongCertificatesEndSubscriptions: a subscription to a daemon that is not trusted ends at once with
// an error that names the cause, as a call does.
func TestWrongCertificatesEndSubscriptions(t *testing.T) {
	dir := t.TempDir()
	cfg := rpctest.Config(newDaemon(t).Registry)
	files := rpc.TLSFiles{Cert: filepath.Join(dir, "rpc.cert"), Key: filepath.Join(dir, "rpc.key")}
	secure, _ := rpctest.StartTLS(t, cfg, files)
	other := rpc.TLSFiles{Cert: filepath.Join(dir, "other.cert"), Key: filepath.Join(dir, "other.key")}
	elsewhere, _ := rpctest.StartTLS(t, rpctest.Config(newDaemon(t).Registry), other)
	plain, _ := rpctest.Start(t, rpctest.Config(newDaemon(t).Registry))
	for name, cfg := range map[string]rpcclient.Config{
		"another certificate": {Address: elsewhere, CertFile: files.Cert},
		"no authority":        {Address: secure},
		"no TLS":              {Address: plain, CertFile: files.Cert},
	} {
		cfg.User, cfg.Password = rpctest.User, rpctest.Password
		c := newClient(t, cfg)
		if _, err := c.GetBlockCount(t.Context()); !errors.Is(err, rpcclient.ErrCertificate) {
			t.Errorf("%s: a call fails with %v", name, err)
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		events := 0
		for _, err := range c.Statuses(ctx) {
			if events++; !errors.Is(err, rpcclient.ErrCertificate) {
				t.Errorf("%s: the subscription fails with %v", name, err)
			}
		}
		if events != 1 || ctx.Err() != nil {
			t.Errorf("%s: the subscription has yielded %d times, %v", name, events, ctx.Err())
		}
		stop()
	}
}
