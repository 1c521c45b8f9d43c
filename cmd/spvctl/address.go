package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spvd/spvd/internal/rpc/api"
)

func addressCommand() command {
	return command{
		name:     "address",
		synopsis: "address [new|show]",
		summary:  "List addresses, hand out a new one, or look at one.",
		help: `
  address                 list the addresses of the account "default"
  address list ACCOUNT    list those of another account
  address new [ACCOUNT]   hand out the next unused address
  address show ADDRESS    tell whether it is one, and whose
  --json                  print the answer as JSON
`,
		args:  []string{"list", "new", "show"},
		flags: []string{"--json"},
		run:   runAddress,
	}
}

func runAddress(ctx context.Context, in *invocation) (int, error) {
	words, err := in.words(2)
	if err != nil {
		return exitUsage, err
	}
	verb := wordOr(words, "list")
	operands := words[min(1, len(words)):]
	switch {
	case verb == "list":
		return show(ctx, in, writeLines, "getaddressesbyaccount", wordOr(operands, defaultAccount))
	case verb == "new":
		return show(ctx, in, writeLine, "getnewaddress", wordOr(operands, defaultAccount))
	case verb == "show" && len(operands) == 1:
		return show(ctx, in, writeAddress, "validateaddress", operands[0])
	case verb == "show":
		return exitUsage, usagef("address show: which one?")
	}
	return exitUsage, usagef("address: unexpected %q", verb)
}

func writeLine(w io.Writer, line string) error {
	_, err := fmt.Fprintln(w, line)
	return err
}

func writeLines(w io.Writer, lines []string) error {
	for _, line := range lines {
		if err := writeLine(w, line); err != nil {
			return err
		}
	}
	return nil
}

// writeAddress tells what is known about an address.
func writeAddress(w io.Writer, info api.AddressInfo) error {
	switch {
	case !info.IsValid:
		return writeLine(w, "not an address of this network")
	case !info.IsMine:
		return writeLine(w, "a valid address that is not watched")
	case info.Branch == nil || info.Index == nil:
		return writeLine(w, fmt.Sprintf("watched, in account %s", info.Account))
	}
	return writeLine(w, fmt.Sprintf("watched, in account %s, branch %d, index %d", info.Account, *info.Branch, *info.Index))
}
