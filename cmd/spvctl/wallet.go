package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spvd/spvd/internal/rpc/api"
)

// walletInfoMethod is the method the wallet and account commands show.
const walletInfoMethod = "walletinfo"

func walletCommand() command {
	return command{
		name:     "wallet",
		synopsis: "wallet",
		summary:  "Show what the wallet watches and how far it has got.",
		help: `
  --json     print it as JSON
`,
		flags: []string{"--json"},
		run: func(ctx context.Context, in *invocation) (int, error) {
			if _, err := in.words(0); err != nil {
				return exitUsage, err
			}
			return show(ctx, in, writeWallet, walletInfoMethod)
		},
	}
}

// writeWallet prints what there is to say about the wallet.
func writeWallet(w io.Writer, info api.WalletInfo) error {
	scanned := grouped(info.Scanned) + " of " + grouped(info.Height)
	birthday := "not reached yet"
	if info.BirthHeight >= 0 {
		birthday = grouped(info.BirthHeight)
	}
	_, err := fmt.Fprintf(w, "accounts  %d\nscripts   %s\nbirthday  %s\nscanned   %s\nkeys      none: this wallet only watches\n",
		len(info.Accounts), grouped(int64(info.Scripts)), birthday, scanned)
	return err
}
