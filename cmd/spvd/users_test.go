package main

import (
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
)

// TestAUserOfAWalletAsksTheDaemon with the settings of the daemon.
func TestAUserOfAWalletAsksTheDaemon(t *testing.T) {
	dir := t.TempDir()
	d := startDaemon(t, "--appdata", dir, "--simnet", "--notls", "--rpclisten=127.0.0.1:0", "--walletuser=shop:shop", "--walletpass=shop:open sesame")
	c := dial(t, d, dir)
	d.await(t, "a wallet that does not exist yet")
	if err := c.callWith(t, "createwallet", `["shop"]`, new(any)); err != nil {
		t.Fatal(err)
	}
	if err := c.callWith(t, "createwallet", `["other"]`, new(any)); err != nil {
		t.Fatal(err)
	}
	shop := client{url: c.url, user: "shop", password: "open sesame"}
	var names []string
	if err := shop.call(t, "listwallets", &names); err != nil || len(names) != 1 || names[0] != "shop" {
		t.Errorf("%q, %v", names, err)
	}
	if err := shop.call(t, "walletinfo", new(any)); err != nil {
		t.Errorf("walletinfo: %v", err)
	}
	shop.url += "wallet/other"
	if err := shop.call(t, "walletinfo", new(any)); err == nil || err.Code != api.CodeForbidden {
		t.Errorf("walletinfo of another wallet: %v", err)
	}
}
