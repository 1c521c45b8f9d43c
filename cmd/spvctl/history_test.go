package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
)

// TestHistoryListsTransactions: a transaction is one line with its net amount, a mix of
// which few inputs are the wallet's too. What its lines do not agree upon is left out.
func TestHistoryListsTransactions(t *testing.T) {
	line := func(tx, account, address, category string, vout uint32, amount, net api.Amount) api.ListedTransaction {
		return api.ListedTransaction{
			Detail: api.Detail{Account: account, Address: address, Category: category, Vout: vout, Amount: amount},
			TxID:   tx, Net: net, Time: 1600000000,
		}
	}
	var lines []api.ListedTransaction
	for n := range uint32(40) {
		lines = append(lines, line("mix", "", fmt.Sprint("Ds", n), "send", n, -1e8, -5000))
	}
	lines = append(lines, line("mix", "mixed", "Ds39", "receive", 39, 1e8, -5000),
		line("paid", "default", "DsA", "receive", 0, 2e8, 2e8),
		line("sent", "", "DsB", "send", 1, -3e8, -300_010_000),
		line("self", "", "DsC", "send", 0, -1e8, -3000), line("self", "default", "DsC", "receive", 0, 1e8, -3000),
		line("two", "default", "DsD", "receive", 0, 1e8, 3e8), line("two", "default", "DsE", "receive", 4, 2e8, 3e8))
	want := [][]string{
		{"send", "-0.00005", "mixed", "40", "outputs", "mix"}, {"receive", "2", "default", "DsA", "paid"}, {"send", "-3.0001", "DsB", "sent"},
		{"send", "-0.00003", "default", "DsC", "self"}, {"receive", "3", "default", "2", "outputs", "two"},
	}
	var out strings.Builder
	if err := writeHistory(&out, lines); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSpace(out.String()), "\n")[1:]
	if len(rows) != len(want) {
		t.Fatalf("%d rows:\n%s", len(rows), &out)
	}
	for i, row := range rows {
		if got := strings.Fields(row)[3:]; fmt.Sprint(got) != fmt.Sprint(want[i]) {
			t.Errorf("row %q, want %q", got, want[i])
		}
	}
	out.Reset()
	if err := writeOutputs(&out, lines); err != nil || strings.Count(out.String(), "\n") != len(lines)+1 {
		t.Errorf("with --lines (%v):\n%s", err, &out)
	}
}
