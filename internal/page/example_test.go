//go:build browser

package page_test

import (
	"bufio"
	"os/exec"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/internal/testnet"
)

// TestBrowserExample opens the page of docs/examples/page.mjs, which Node serves, beside a real
// daemon: a payment that is mined, and a reorganisation that takes it back, are shown as they come,
// and axe-core finds nothing.
func TestBrowserExample(t *testing.T) {
	b := openTab(t)
	owner := rpctest.NewOwner(t, 1)
	plan := testnet.Plan{}
	plan.Pay(10, owner.Script(0, 0), 1e8)
	d := rpctest.NewDaemon(t, rpctest.DaemonConfig{Blocks: 20, Plan: plan, Xpub: owner.Xpub()})
	address, _ := rpctest.Start(t, rpctest.Config(d.Registry))

	node := exec.CommandContext(t.Context(), "node", "--experimental-websocket", "../../docs/examples/page.mjs", "ws://"+address+"/ws", rpctest.User, rpctest.Password, "0")
	out, err := node.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := node.Start(); err != nil {
		t.Fatal(err)
	}
	defer node.Wait() //nolint:errcheck // it is killed
	defer node.Process.Kill()
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	b.load(strings.TrimSpace(url))
	b.shows("balance", "1 DCR").shows("status", "block 20: Synced at height 20 with 1 peer.").shows("transactions", "1 DCR\tblock 10\t")

	more := testnet.Plan{}
	more.Pay(21, owner.Script(0, 1), 5e7)
	d.Grow(t, 0, 1, more)
	b.shows("balance", "1.5 DCR").shows("status", "block 21: ").shows("transactions", "0.5 DCR\tblock 21\t")
	for _, r := range renderings() {
		b.in(t, r).violations()
	}
	d.Grow(t, 1, 2, nil)
	b.shows("status", "block 22: ").shows("transactions", "0.5 DCR\tnot mined yet\t").shows("balance", "1.5 DCR")
}

// shows waits until an element of the page has a text.
func (b *tab) shows(id, text string) *tab {
	b.Helper()
	return b.await(`document.getElementById(` + quoted(b.T, id) + `).innerText.includes(` + quoted(b.T, text) + `)`)
}
