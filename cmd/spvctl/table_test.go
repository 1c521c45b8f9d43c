package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spvd/spvd/internal/rpc/api"
)

// payment is the hash of a transaction.
const payment = "2a00000000000000000000000000000000000000000000000000000000000000"

// written returns what is written on a terminal of so many columns, or into a file if
// that is zero.
func written(t *testing.T, columns int, write func(io.Writer) error) string {
	t.Helper()
	var out bytes.Buffer
	var w io.Writer = &out
	if columns > 0 {
		w = paper{w, columns}
	}
	if err := write(w); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		line = strings.TrimSuffix(line, "\n")
		if columns > 0 && utf8.RuneCountInString(line) > columns {
			t.Errorf("%d columns are written on %d: %q", utf8.RuneCountInString(line), columns, line)
		}
		if strings.TrimRight(line, " ") != line {
			t.Errorf("spaces at the end of %q", line)
		}
	}
	return out.String()
}

func TestNumbersHaveTheirPointsInLine(t *testing.T) {
	tab := table{columns: []column{{head: "A"}, {head: "N", align: right}, {head: "AMOUNT", align: point}, {head: "B"}}}
	tab.add("ü", "1", "-0.25", "x")
	tab.add("longer", "1,000", "12", "")
	tab.add("", "20", "100.00000001", "y")
	const want = `A           N        AMOUNT  B
ü           1   -0.25        x
longer  1,000   12
           20  100.00000001  y
`
	if got := written(t, 0, tab.write); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestHistoryFitsNarrowTerminals: nothing is cut off, and what is wide gets lines of
// its own.
func TestHistoryFitsNarrowTerminals(t *testing.T) {
	lines := []api.ListedTransaction{
		{Detail: api.Detail{Account: "savings", Address: "DsQxuVRvS4eaJ42dhQEsCXauMWjvopWgrVg", Amount: 125e6, Category: "receive"},
			Confirmations: 12345, Time: 1600000000, TxID: payment, Label: "rent"},
		{Detail: api.Detail{Address: "DsQxuVRvS4eaJ42dhQEsCXauMWjvopWgrVg", Amount: -1, Category: "send"}, Time: 1600000001, TxID: payment},
	}
	write := func(w io.Writer) error { return writeOutputs(w, lines) }
	got := written(t, 80, write)
	want := []string{
		"TIME (UTC)           CONFIRMATIONS  KIND          AMOUNT  ACCOUNT",
		"2020-09-13 12:26:40         12,345  receive   1.25        savings",
		"  DsQxuVRvS4eaJ42dhQEsCXauMWjvopWgrVg", "  " + payment, "  rent",
		"2020-09-13 12:26:41              0  send     -0.00000001",
		"  DsQxuVRvS4eaJ42dhQEsCXauMWjvopWgrVg", "  " + payment, "",
	}
	if got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	whole := written(t, 0, write)
	if got := written(t, 200, write); got != whole || strings.Count(got, "\n") != 3 {
		t.Errorf("on a wide terminal\n%s\nin a file\n%s", got, whole)
	}
}
