package main

import (
	"bytes"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// TestClientsOfADaemonThatServesNone says how to have them served.
func TestClientsOfADaemonThatServesNone(t *testing.T) {
	d := rpctest.NewOffline(t)
	got := spvctl(t, "", append(daemon(t, d.Registry), "clients")...)
	if got != (outcome{0, "no light clients are served (start spvd with --listen IP:PORT)\n", ""}) {
		t.Errorf("got %+v", got)
	}
}

// TestClientsTable: a line for each client and each address, and sums; what a client says about
// itself cannot move the cursor.
func TestClientsTable(t *testing.T) {
	s := api.Serving{
		Listeners: []api.ServingListener{
			{Address: "192.0.2.1:9108", Bound: "192.0.2.1:9108"},
			{Address: "[::1]:9108", Trouble: "address already in use"},
			{Address: "192.0.2.2:1"},
		},
		Clients: []api.ServedClient{
			{ID: 3, Addr: "192.0.2.9:5000", SubVer: "/dcrwallet:2.0\x1b/", ConnTime: 1_700_000_000, BytesSent: 381_200_000, BytesRecv: 999, Blocks: 1234, Follows: true},
			{ID: 12, Addr: "192.0.2.10:5000", ConnTime: 1_700_000_060},
		},
		BytesSent: 381_200_120, BytesRecv: 1000, Blocks: 1234, Fetched: 1000, Transactions: 2,
	}
	const want = `ID  ADDRESS          SINCE                    SENT  RECEIVED  BLOCKS  FOLLOWS  AGENT
 3  192.0.2.9:5000   2023-11-14 22:13:20  381.2 MB     999 B   1,234  yes      /dcrwallet:2.0\x1b/
12  192.0.2.10:5000  2023-11-14 22:14:20       0 B       0 B       0  no       -
2 clients, 381.2 MB sent, 1.0 kB received, 1,234 blocks of which 1,000 fetched from peers, 2 transactions passed on
192.0.2.1:9108: served at 192.0.2.1:9108
[::1]:9108: not served at the moment: address already in use
192.0.2.2:1: not served yet: the store is not open
`
	var b bytes.Buffer
	if err := writeClients(&b, s); err != nil || b.String() != want {
		t.Errorf("got %v\n%s\nwant\n%s", err, b.String(), want)
	}
}
