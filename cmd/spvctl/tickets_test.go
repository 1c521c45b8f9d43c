package main

import (
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
)

// TestTicketsTable: what tickets prints for one ticket of each status, for those of one status,
// and for none.
func TestTicketsTable(t *testing.T) {
	reward, fee := api.Amount(1_000_000), api.Amount(-1000)
	list := []api.TicketInfo{
		{Hash: "a", Cost: 2e8, Status: "immature", BlockHeight: -1, Time: 1000},
		{Hash: "b", Cost: 3e8, Status: "immature", BlockHeight: 1300, Time: 940, Age: 12},
		{Hash: "c", Cost: 4e8, Status: "live", BlockHeight: 1200, Time: 1000 - 3600, Age: 112},
		{Hash: "d", Cost: 5e8, Status: "voted", BlockHeight: 1100, Time: 100, Age: 50, SpentHeight: 1150, SpentTime: 700, Reward: &reward},
		{Hash: "e", Cost: 6e8, Status: "missed", BlockHeight: 1000, Time: 50, Age: 60, SpentHeight: 1060, SpentTime: 350, Reward: &fee},
		{Hash: "f", Cost: 7e8, Status: "expired", BlockHeight: 2, Time: 0, Age: 1310},
		{Hash: "g", Cost: 8e8, Status: "unknown", BlockHeight: 1, Time: 0, Age: 1311},
	}
	const sums = "1 unmined, 1 immature, 1 live, 1 voted, 1 missed, 1 expired, 1 unknown; 16 DCR in tickets, 0.00999 DCR of rewards"
	for _, test := range []struct {
		status string
		list   []api.TicketInfo
		want   []string
	}{
		{"", list, []string{
			"STATUS PRICE REWARD AGE BLOCKS HEIGHT TICKET", "unmined 2 0s 0 a", "immature 3 1m 0s 12 1,300 b", "live 4 1h 0m 112 1,200 c",
			"voted 5 0.01 10m 0s 50 1,100 d", "missed 6 -0.00001 5m 0s 60 1,000 e", "expired 7 16m 40s 1,310 2 f", "unknown 8 16m 40s 1,311 1 g", sums,
		}},
		{"missed", list, []string{"STATUS PRICE REWARD AGE BLOCKS HEIGHT TICKET", "missed 6 -0.00001 5m 0s 60 1,000 e", sums}},
		{"live", list[:1], []string{"1 unmined; 2 DCR in tickets, 0 DCR of rewards"}},
		{"", nil, []string{"no tickets that the wallet has paid for, or that return to it"}},
	} {
		var out strings.Builder
		if err := writeTickets(&out, test.list, test.status, time.Unix(1000, 0)); err != nil {
			t.Fatal(err)
		}
		var got []string
		for line := range strings.Lines(out.String()) {
			got = append(got, strings.Join(strings.Fields(line), " "))
		}
		if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
			t.Errorf("%q of %d tickets:\n%s", test.status, len(test.list), &out)
		}
	}
}
