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
		synopsis: "tx HASH|build|show|check",
		summary:  "Show a transaction, or build one for a signer elsewhere.",
		help: `
  tx HASH                           show a transaction of the wallet
  tx build ADDRESS AMOUNT ...       build an unsigned transaction that pays amounts
                                    in coins, and lock what it spends for an hour
  tx build --sweep ADDRESS          the same of all coins, which go to one address,
                                    in as many transactions as they need
  tx show FILE                      say what a transaction pays, and from what
  tx check FILE                     verify each signature before it is sent
  --verify              with HASH: verify first that real tickets have voted for its
                        block and for those that confirm it: the blocks with the
                        votes and tickets are fetched
  --sweep ADDRESS       with build: the address that all coins go to
  --account NAME        with build: spend only coins of this account
  --coin TXID:INDEX     with build: spend exactly this coin; more than once for more
  --minconf N           with build: the least confirmations of coins (default 1)
  --feerate AMOUNT      with build: coins for 1,000 bytes (default: estimatesmartfee)
  --change WHERE        with build: the account or address that gets the change
  --expiry HEIGHT       with build: the first height at which it cannot be mined
  --reserve DURATION    with build: how long its coins are locked, like 30m; 0 is
                        not at all (default 1h)
  --out FILE            with build: write what a signer has to know to a new file;
                        further transactions of a sweep go to FILE-2 and so on,
                        with the number before the extension
  --with FILE           with show and check: the file that build wrote; with it,
                        neither spvd nor a configuration is needed
  --json                print it as JSON, of a sweep one object for each transaction

A FILE holds a transaction in hex, or what build wrote; - is standard input. What
build wrote tells what is spent and on which network: show and check verify it
themselves then, and refuse a file that contradicts itself. Else they ask spvd, which
also knows whether a coin was spent meanwhile. With --verify the exit code is 1 unless
three verified votes or more approve of its block, with check unless the transaction
is signed and can be sent. Send it with spvctl send; lockunspent takes back the lock
of coins.
`,
		args: []string{"build", "show", "check"},
		flags: []string{"--verify", "--account", "--coin", "--minconf", "--feerate", "--sweep", "--change", "--expiry",
			"--reserve", "--out", "--with", "--json"},
		run: runTx,
	}
}

func runTx(ctx context.Context, in *invocation) (int, error) {
	switch wordOr(in.args, "") {
	case "build":
		return runBuild(ctx, in)
	case "show":
		return runReview(ctx, in, false)
	case "check":
		return runReview(ctx, in, true)
	}
	return runShowTx(ctx, in)
}

// runShowTx shows a transaction of the wallet.
func runShowTx(ctx context.Context, in *invocation) (int, error) {
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
