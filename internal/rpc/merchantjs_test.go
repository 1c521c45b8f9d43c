package rpc_test

import (
	"bufio"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/txscript/v4/stdaddr"

	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/internal/testnet"
)

// TestMerchantInJavaScript runs the example: it ships a payment with its second confirmation, also
// when a reorganisation has taken back the first one.
func TestMerchantInJavaScript(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed: the example in JavaScript does not run")
	}
	a := startActor(t, 20)
	cmd := exec.CommandContext(t.Context(), node, "--experimental-websocket", "../../docs/examples/merchant.mjs",
		"ws://"+a.address+"/ws", rpctest.User, rpctest.Password)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	lines.Scan()
	address, ok := strings.CutPrefix(lines.Text(), "pay to ")
	if !ok {
		_ = cmd.Wait()
		t.Fatalf("the merchant says %q, and %s", lines.Text(), &complaints)
	}
	t.Log("pays to", address)
	paid, err := stdaddr.DecodeAddress(address, chaincfg.SimNetParams())
	if err != nil {
		t.Fatal(err)
	}
	_, script := paid.PaymentScript()
	first := testnet.Plan{}
	first.Pay(21, script, 1e8)
	a.Grow(t, 0, 1, first)
	a.Grow(t, 1, 2, nil) // without the payment
	again := testnet.Plan{}
	op := again.Pay(23, script, 1e8)
	a.Grow(t, 0, 1, again)
	a.Grow(t, 0, 1, nil)
	lines.Scan()
	if want := fmt.Sprintf("shipped after 2 confirmations: %v", op.Hash); lines.Text() != want {
		t.Errorf("the merchant says %q, want %q; %s", lines.Text(), want, &complaints)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("the merchant ended with %v: %s", err, &complaints)
	}
}
