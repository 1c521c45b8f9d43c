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
		synopsis: "address [new|show|import]",
		summary:  "List addresses, hand out a new one, look at one, or watch another one.",
		help: `
  address                 list the addresses of the account "default"
  address list ACCOUNT    list those of another account
  address new [ACCOUNT]   hand out the next unused address
  address show ADDRESS    tell whether it is one, and whose
  address import ADDRESS  watch a single address of any type
  --beyond                with new: also behind the gap limit
  --birthday WHEN         with import: the first block to search, a height, a
                          date like 2024-01-31, or new
  --label TEXT            with import: a label
  --json                  print the answer as JSON
`,
		args:  []string{"list", "new", "show", "import"},
		flags: []string{"--beyond", "--birthday", "--label", "--json"},
		run:   runAddress,
	}
}

func runAddress(ctx context.Context, in *invocation) (int, error) {
	var flags struct {
		Beyond   bool   `long:"beyond"`
		Birthday string `long:"birthday"`
		Label    string `long:"label"`
		jsonFlag
	}
	words, err := in.parse(&flags)
	if err != nil {
		return exitUsage, err
	}
	in.opts.JSON = in.opts.JSON || flags.JSON
	verb := wordOr(words, "list")
	operands := words[min(1, len(words)):]
	policy := "error"
	if flags.Beyond {
		policy = "ignore"
	}
	switch {
	case len(operands) > 1:
		return exitUsage, usagef("address: unexpected %q", operands[1])
	case flags.Beyond && verb != "new":
		return exitUsage, usagef("address: --beyond goes with new")
	case (flags.Birthday != "" || flags.Label != "") && verb != "import":
		return exitUsage, usagef("address: --birthday and --label go with import")
	case verb == "list":
		return show(ctx, in, writeLines, "getaddressesbyaccount", wordOr(operands, defaultAccount))
	case verb == "new":
		return show(ctx, in, writeLine, "getnewaddress", wordOr(operands, defaultAccount), policy)
	case verb == "show" && len(operands) == 1:
		return show(ctx, in, writeAddress, "validateaddress", operands[0])
	case verb == "import" && len(operands) == 1:
		return show(ctx, in, done("Watching. Old payments are being searched for (run: spvctl job)."), "importaddress",
			operands[0], flags.Label, true, -1, flags.Birthday)
	case verb == "show", verb == "import":
		return exitUsage, usagef("address %s: which one?", verb)
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
	}
	text := "watched, in account " + info.Account
	if info.Branch != nil && info.Index != nil {
		text += fmt.Sprintf(", branch %d, index %d", *info.Branch, *info.Index)
	}
	if info.Label != "" {
		text += fmt.Sprintf(", labelled %q", info.Label)
	}
	if info.BeyondGap {
		text += "\nbehind the gap limit: a wallet restored from the key alone would not find payments to it"
	}
	return writeLine(w, text)
}
