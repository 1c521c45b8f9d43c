package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spvd/spvd/internal/rpc/api"
)

// historyCount is how many transactions history prints unless the user gives a number.
const historyCount = 20

func historyCommand() command {
	return command{
		name:     "history",
		synopsis: "history [ACCOUNT]",
		summary:  "List the transactions of the wallet, newest first.",
		help: `
The amount is what a transaction has added to the wallet, all its inputs and
outputs and the fee together.

  --count N  how many transactions to print (default 20)
  --lines    print a line for each output, with what it pays
  --json     print a line for each output as JSON, with the amount as net
`,
		flags: []string{"--count", "--lines", "--json"},
		names: firstAccount,
		run: func(ctx context.Context, in *invocation) (int, error) {
			flags := struct {
				Count uint32 `long:"count"`
				Lines bool   `long:"lines"`
				jsonFlag
			}{Count: historyCount}
			words, err := in.wordsBeside(&flags, 1)
			if err != nil {
				return exitUsage, err
			}
			in.opts.JSON = in.opts.JSON || flags.JSON
			write := writeHistory
			if flags.Lines {
				write = writeOutputs
			}
			return showMoney(ctx, in, write, "listtransactions", wordOr(words, allAccounts), flags.Count)
		},
	}
}

// writeHistory prints a table of transactions, whose lines stand one after the other.
func writeHistory(w io.Writer, lines []api.ListedTransaction) error {
	var list []api.ListedTransaction
	for len(lines) > 0 {
		n := 1
		for n < len(lines) && lines[n].TxID == lines[0].TxID {
			n++
		}
		list = append(list, summed(lines[:n]))
		lines = lines[n:]
	}
	return writeOutputs(w, list)
}

// summed returns one line for all lines of a transaction. It has what they agree upon, the
// number of outputs in place of different addresses, and the net amount.
func summed(lines []api.ListedTransaction) api.ListedTransaction {
	sum := lines[0]
	sum.Amount = sum.Net
	outputs, accounts, several := make(map[uint32]bool), make(map[string]bool), false
	for i := range lines {
		l := &lines[i]
		if l.Kind() != sum.Kind() {
			sum.Purpose, sum.Category = "", direction(sum.Net)
		}
		if l.Account != "" { // what is sent names none
			accounts[l.Account] = true
			sum.Account = l.Account
		}
		if l.AddressLabel != sum.AddressLabel {
			sum.AddressLabel = ""
		}
		outputs[l.Vout], several = true, several || l.Address != sum.Address
	}
	if len(accounts) > 1 {
		sum.Account = ""
	}
	if several {
		sum.Address = fmt.Sprintf("%d outputs", len(outputs))
	}
	return sum
}

// direction is the kind of a transaction whose lines are of several.
func direction(net api.Amount) string {
	if net < 0 {
		return "send"
	}
	return "receive"
}

// writeOutputs prints a table of what transactions pay, a line for each output.
func writeOutputs(w io.Writer, lines []api.ListedTransaction) error {
	if len(lines) == 0 {
		return writeLine(w, "nothing yet (run: spvctl wallet)")
	}
	t := table{columns: []column{{head: "TIME (UTC)"}, {head: "CONFIRMATIONS", align: right}, {head: "KIND"},
		{head: "AMOUNT", align: point}, {head: "ACCOUNT"}, {head: "ADDRESS", long: true}, {head: "TRANSACTION", long: true},
		{head: "LABEL", long: true}}}
	for _, l := range lines {
		t.add(utc(l.Time), grouped(l.Confirmations), l.Kind(), fmt.Sprint(l.Amount), l.Account, l.Address, l.TxID, labelOf(&l))
	}
	return t.write(w)
}

// labelOf returns the label of the transaction, or else that of the address.
func labelOf(l *api.ListedTransaction) string {
	if l.Label != "" {
		return l.Label
	}
	return l.AddressLabel
}
