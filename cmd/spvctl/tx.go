package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spvd/spvd/internal/rpc/api"
)

func txCommand() command {
	return command{
		name:     "tx",
		synopsis: "tx HASH [--verify]",
		summary:  "Show a transaction of the wallet.",
		help: `
  --verify   verify first that real tickets have voted for its block and for those
             that confirm it: the blocks with the votes and tickets are fetched
  --json     print it as JSON

With --verify the exit code is 1 unless three verified votes or more approve of its block.
`,
		flags: []string{"--verify", "--json"},
		run:   runTx,
	}
}

func runTx(ctx context.Context, in *invocation) (int, error) {
	var flags struct {
		Verify bool `long:"verify"`
		jsonFlag
	}
	words, err := in.wordsBeside(&flags, 1)
	switch {
	case err != nil:
		return exitUsage, err
	case len(words) == 0:
		return exitUsage, usagef("tx: which one?")
	}
	in.opts.JSON = in.opts.JSON || flags.JSON
	if !flags.Verify {
		return show(ctx, in, writeTx, "gettransaction", words[0])
	}
	c, err := in.connect(ctx)
	if err != nil {
		return exitError, err
	}
	defer c.close()
	var votes api.VerifiedVotes
	if err := c.call(ctx, "verifyvotes", &votes, words[0]); err != nil {
		return exitError, err
	}
	code, err := show(ctx, in, writeTx, "gettransaction", words[0])
	if err == nil && (votes.VotesVerified == nil || *votes.VotesVerified < votesNeeded) {
		return exitError, nil
	}
	return code, err
}

// votesNeeded is how many of the five tickets that are drawn for a block have to approve.
const votesNeeded = 3

// writeVotes prints the votes behind a transaction.
func writeVotes(row func(name, format string, operands ...any), v *api.Votes) {
	if v.VotesVerified == nil {
		return
	}
	row("votes", "%d verified for its block", *v.VotesVerified)
	for _, m := range v.VotesMissing {
		row("", "%d missing: %s", m.Count, m.Text)
	}
	row("voted for", "%d of its confirmations without a gap", *v.VotesConfirmations)
}

// writeTx prints a transaction.
func writeTx(w io.Writer, tx api.Transaction) error {
	row := func(name, format string, operands ...any) {
		fmt.Fprintf(w, "%-14s %s\n", name, fmt.Sprintf(format, operands...))
	}
	row("transaction", "%s", tx.TxID)
	row("type", "%s", tx.Type)
	if tx.TicketStatus != "" {
		row("ticket", "%s", tx.TicketStatus)
	}
	row("time", "%s UTC", utc(tx.Time))
	if tx.BlockHash == "" {
		row("block", "not mined yet")
	} else {
		row("block", "%s", grouped(tx.BlockHeight))
		row("", "%s", tx.BlockHash)
	}
	if tx.Disapproved {
		row("", "void: the votes of the next block disapprove of it")
	}
	row("confirmations", "%s", grouped(tx.Confirmations))
	writeVotes(row, &tx.Votes)
	row("amount", "%v", tx.Amount)
	if tx.Fee != nil {
		row("fee", "%v", -*tx.Fee)
	}
	if tx.Publishing != nil {
		row("published", "%s", publicationText(tx.Publishing))
	}
	for _, other := range tx.WalletConflicts {
		row("instead of", "%s", other)
	}
	for _, d := range tx.Details {
		row(d.Kind(), "%v %s %s", d.Amount, d.Address, d.Account)
	}
	return nil
}
