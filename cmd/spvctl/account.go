package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spvd/spvd/internal/rpc/api"
)

func accountCommand() command {
	return command{
		name:     "account",
		synopsis: "account [import|rename]",
		summary:  "List accounts, watch another one, or rename one.",
		help: `
  account                     list the accounts
  account import NAME XPUB    watch the account of an extended public key;
                              with - the key is read from standard input
  account rename OLD NEW      change the name of an account
  --birthday WHEN             with import: the first block to search, a height,
                              a date like 2024-01-31, or new
  --json                      print the list as JSON

GAP is the gap limit. RECEIVING and CHANGE count the addresses that were
handed out or used.
`,
		args:  []string{"import", "rename"},
		flags: []string{"--birthday", "--json"},
		run:   runAccount,
	}
}

func runAccount(ctx context.Context, in *invocation) (int, error) {
	var err error
	if in.args, err = in.readInput(); err != nil {
		return exitError, err
	}
	var flags struct {
		Birthday string `long:"birthday"`
		jsonFlag
	}
	words, err := in.parse(&flags)
	in.opts.JSON = in.opts.JSON || flags.JSON
	switch {
	case err != nil:
		return exitUsage, err
	case flags.Birthday != "" && wordOr(words, "") != "import":
		return exitUsage, usagef("account: --birthday goes with import")
	case len(words) == 0:
		return show(ctx, in, writeAccounts, walletInfoMethod)
	case len(words) != 3:
		return exitUsage, usagef("account %s: two names expected", words[0])
	case words[0] == "import":
		return show(ctx, in, done("Watching. Old payments are being searched for (run: spvctl job)."), "importxpub", words[1], words[2], flags.Birthday)
	case words[0] == "rename":
		return show(ctx, in, done("Renamed."), "renameaccount", words[1], words[2])
	}
	return exitUsage, usagef("account: unexpected %q", words[0])
}

// done prints a sentence in place of an empty result.
func done(sentence string) func(io.Writer, any) error {
	return func(w io.Writer, _ any) error {
		_, err := fmt.Fprintln(w, sentence)
		return err
	}
}

// writeAccounts prints a table of accounts.
func writeAccounts(w io.Writer, info api.WalletInfo) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ACCOUNT\tBIRTHDAY\tGAP\tRECEIVING\tCHANGE")
	for _, a := range info.Accounts {
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\n", a.Name, a.Birthday, a.Gap, a.External, a.Internal)
	}
	return t.Flush()
}
