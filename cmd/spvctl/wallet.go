package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spvd/spvd/internal/rpc/api"
)

// walletInfoMethod is the method the wallet and account commands show.
const walletInfoMethod = "walletinfo"

func walletCommand() command {
	return command{
		name:     "wallet",
		synopsis: "wallet [list|create|export]",
		summary:  "Show what the wallet watches and how far it has got; list, make, load, copy and move wallets.",
		help: `
  wallet                   show the wallet that -w names, or the default one
  wallet list              list all wallets, and what is wrong with a damaged one
  wallet create NAME       make another wallet, which shares the chain
  wallet load NAME         load one that is not loaded
  wallet unload NAME       let go of one, to copy or move its file
  wallet export [FILE]     write what a wallet like it can be made of, without what
                           the chain tells: accounts with their keys, addresses,
                           scripts, birthdays, labels and locks
  wallet import NAME FILE  make a wallet of that, here or elsewhere; - is standard
                           input
  wallet backup FILE       copy the file of the wallet while it is in use; a name
                           is one in the directory backups of the daemon
  --birthday WHEN          with create: the first block to search for what is
                           imported, a height, a date like 2024-01-31, or new
  --json                   print the answer as JSON

Every command is about the wallet that -w NAME in front of it names.
`,
		args:  []string{"list", "create", "load", "unload", "export", "import", "backup"},
		flags: []string{"--birthday", "--json"},
		names: func(words []string) nameKind {
			if len(words) == 1 && (words[0] == "load" || words[0] == "unload") {
				return walletNames
			}
			return noNames
		},
		run: runWallet,
	}
}

func runWallet(ctx context.Context, in *invocation) (int, error) {
	var flags struct {
		Birthday string `long:"birthday"`
		jsonFlag
	}
	words, err := in.parse(&flags)
	if err != nil {
		return exitUsage, err
	}
	in.opts.JSON = in.opts.JSON || flags.JSON
	verb := wordOr(words, "")
	switch {
	case flags.Birthday != "" && verb != "create":
		return exitUsage, usagef("wallet: --birthday goes with create")
	case len(words) == 0:
		return show(ctx, in, writeWallet, walletInfoMethod)
	case verb == "list" && len(words) == 1:
		return show(ctx, in, writeWallets, "listwalletdir")
	case verb == "export" && len(words) <= 2:
		return runWalletExport(ctx, in, words[1:])
	case verb == "import" && len(words) == 3:
		return runWalletImport(ctx, in, words[1], words[2])
	case verb == "import":
		return exitUsage, usagef("wallet import: a name and a file expected")
	case len(words) != 2:
		return exitUsage, usagef("wallet %s: one name expected", verb)
	case verb == "create":
		return show(ctx, in, done("Made. Use it with: spvctl -w "+words[1]+" account import NAME XPUB"), "createwallet", words[1], flags.Birthday)
	case verb == "backup":
		return show(ctx, in, writeBackup, "backupwallet", words[1])
	case verb == "load":
		return show(ctx, in, done("Loaded."), "loadwallet", words[1])
	case verb == "unload":
		return show(ctx, in, done("Unloaded."), "unloadwallet", words[1])
	}
	return exitUsage, usagef("wallet: unexpected %q", verb)
}

// writeWallets prints a table of wallets.
func writeWallets(w io.Writer, dir api.WalletDir) error {
	if len(dir.Wallets) == 0 {
		return writeLine(w, "no wallet yet (run: spvctl account import NAME XPUB)")
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "WALLET\tSTATE")
	for _, f := range dir.Wallets {
		fmt.Fprintf(t, "%s\t%s\n", f.Name, f.State)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, f := range dir.Wallets {
		if f.Trouble == "" {
			continue
		}
		if err := writeLine(w, f.Name+": "+f.Trouble); err != nil {
			return err
		}
	}
	return nil
}

// writeWallet prints the state of the wallet.
func writeWallet(w io.Writer, info api.WalletInfo) error {
	scanned := grouped(info.Scanned) + " of " + grouped(info.Height)
	birthday := "not reached yet"
	if info.BirthHash != "" || info.BirthHeight > 0 {
		birthday = grouped(info.BirthHeight)
	}
	_, err := fmt.Fprintf(w, "accounts  %d\nscripts   %s\nbirthday  %s\nscanned   %s\nkeys      none: this wallet only watches\n",
		len(info.Accounts), grouped(int64(info.Scripts)), birthday, scanned)
	return err
}
