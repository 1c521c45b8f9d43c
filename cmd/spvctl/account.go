package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/spvd/spvd/internal/rpc/api"
)

func accountCommand() command {
	return command{
		name:     "account",
		synopsis: "account [show|import|rename|gap]",
		summary:  "List accounts, watch another one, or change one.",
		help: `
  account                     list the accounts
  account show NAME           show one, with its extended public key: who has that
                              sees all addresses of the account
  account import NAME XPUB    watch the account of an extended public key;
                              with - the key is read from standard input
  account rename OLD NEW      change the name of an account
  account gap NAME LIMIT      change the gap limit of an account, and search for
                              the addresses that a higher one adds
  --birthday WHEN             with import: the first block to search, a height,
                              a date like 2024-01-31, or new
  --gap LIMIT                 with import: the gap limit (default 20)
  --json                      print the list as JSON

GAP is the gap limit. RECEIVING and CHANGE count the addresses that were
handed out or used.
`,
		args:  []string{"show", "import", "rename", "gap"},
		flags: []string{"--birthday", "--gap", "--json"},
		names: func(words []string) nameKind {
			if len(words) == 1 && words[0] != "import" {
				return accountNames
			}
			return noNames
		},
		run: runAccount,
	}
}

func runAccount(ctx context.Context, in *invocation) (int, error) {
	var err error
	if in.args, err = in.readInput(); err != nil {
		return exitError, err
	}
	var flags struct {
		Birthday string `long:"birthday"`
		Gap      uint32 `long:"gap"`
		jsonFlag
	}
	words, err := in.parse(&flags)
	in.opts.JSON = in.opts.JSON || flags.JSON
	verb := wordOr(words, "")
	switch {
	case err != nil:
		return exitUsage, err
	case (flags.Birthday != "" || flags.Gap != 0) && verb != "import":
		return exitUsage, usagef("account: --birthday and --gap go with import")
	case len(words) == 0:
		return show(ctx, in, writeAccounts, walletInfoMethod)
	case !slices.Contains(accountCommand().args, verb):
		return exitUsage, usagef("account: unexpected %q", verb)
	case verb == "show" && len(words) == 2:
		return runAccountShow(ctx, in, words[1])
	case verb == "show":
		return exitUsage, usagef("account show: one name expected")
	case len(words) != 3:
		return exitUsage, usagef("account %s: two words expected", verb)
	case verb == "import":
		return show(ctx, in, done(nowWatching), "importxpub", words[1], words[2], flags.Birthday, flags.Gap)
	case verb == "rename":
		return show(ctx, in, done("Renamed."), "renameaccount", words[1], words[2])
	}
	gap, err := strconv.ParseUint(words[2], 10, 32)
	if err != nil || gap == 0 {
		return exitUsage, usagef("account gap: %q is no number of addresses", words[2])
	}
	return show(ctx, in, writeJob, "discoverusage", nil, false, gap, words[1], true)
}

// shownAccount is an account with its key.
type shownAccount struct {
	api.Account
	Xpub string `json:"xpub"`
}

// runAccountShow shows an account with its extended public key.
func runAccountShow(ctx context.Context, in *invocation, name string) (int, error) {
	c, err := in.connect(ctx)
	if err != nil {
		return exitError, err
	}
	defer c.close()
	var info api.WalletInfo
	one := shownAccount{}
	if err := c.call(ctx, "getmasterpubkey", &one.Xpub, name); err != nil {
		return exitError, err
	}
	if err := c.call(ctx, walletInfoMethod, &info); err != nil {
		return exitError, err
	}
	i := slices.IndexFunc(info.Accounts, func(a api.Account) bool { return a.Name == name })
	if i < 0 { // it was renamed since
		return exitError, fmt.Errorf("no such account: %q", name)
	}
	if one.Account = info.Accounts[i]; in.opts.JSON {
		return exitOK, in.writeJSON(one)
	}
	_, err = fmt.Fprintf(in.out, "number     %d\nbirthday   %s\ngap limit  %d\nreceiving  %d\nchange     %d\nxpub       %s\n",
		one.Number, one.Birthday, one.Gap, one.External, one.Internal, one.Xpub)
	return exitOK, err
}

// nowWatching is printed when an address, script or account is watched.
const nowWatching = "Watching. Old payments are being searched for (run: spvctl job)."

// writeJob prints the number of a search and the command that shows its progress.
func writeJob(w io.Writer, j api.Job) error {
	return writeLine(w, fmt.Sprintf("Searching as job %d (run: spvctl job %d).", j.ID, j.ID))
}

// accountOr returns the named account, or else the one that choose returns for the daemon's
// accounts.
func (in *invocation) accountOr(ctx context.Context, words []string) (string, error) {
	if len(words) > 0 {
		return words[0], nil
	}
	c, err := in.connect(ctx)
	if err != nil {
		return "", err
	}
	defer c.close()
	var info api.WalletInfo
	if err := c.call(ctx, walletInfoMethod, &info); err != nil {
		return "", err
	}
	return choose(info.Accounts)
}

// choose returns the account of a command that names none: the one called default, or the
// only one there is, imported if there is no other. It is an error if there are several.
func choose(all []api.Account) (string, error) {
	switch {
	case len(all) == 0:
		return importedAccount, nil
	case slices.ContainsFunc(all, func(a api.Account) bool { return a.Name == defaultAccount }):
		return defaultAccount, nil
	case len(all) == 1:
		return all[0].Name, nil
	}
	return "", errors.New("there are several accounts: name one (run: spvctl account)")
}

// done returns a function that prints a sentence in place of an empty result.
func done(sentence string) func(io.Writer, any) error {
	return func(w io.Writer, _ any) error {
		_, err := fmt.Fprintln(w, sentence)
		return err
	}
}

// writeAccounts prints a table of accounts.
func writeAccounts(w io.Writer, info api.WalletInfo) error {
	t := table{columns: []column{{head: "ACCOUNT"}, {head: "BIRTHDAY", align: right}, {head: "GAP", align: right},
		{head: "RECEIVING", align: right}, {head: "CHANGE", align: right}}}
	for _, a := range info.Accounts {
		t.add(a.Name, a.Birthday, fmt.Sprint(a.Gap), fmt.Sprint(a.External), fmt.Sprint(a.Internal))
	}
	return t.write(w)
}
