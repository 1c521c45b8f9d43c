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
  address                 list the addresses of the account that is called
                          default, or is the only one
  address list ACCOUNT    list those of another account
  address new [ACCOUNT]   hand out the next unused address
  address show ADDRESS    tell whether it is one, and whose
  address import ADDRESS  watch a single address of any type
  address import HEX      watch a script: see the two flags for it below
  --beyond                with new: also behind the gap limit
  --birthday WHEN         with import: the first block to search, a height, a
                          date like 2024-01-31, or new
  --label TEXT            with import ADDRESS: a label
  --script                with import: outputs that have just this script
  --redeem                with import: payments to the hash of this script
  --json                  print the answer as JSON
`,
		args:  []string{"list", "new", "show", "import"},
		flags: []string{"--beyond", "--birthday", "--label", "--script", "--redeem", "--json"},
		names: func(words []string) nameKind {
			if len(words) == 1 && (words[0] == "new" || words[0] == "list") {
				return accountNames
			}
			return noNames
		},
		run: runAddress,
	}
}

// addressFlags are the flags of the address command.
type addressFlags struct {
	Beyond   bool   `long:"beyond"`
	Birthday string `long:"birthday"`
	Label    string `long:"label"`
	Script   bool   `long:"script"`
	Redeem   bool   `long:"redeem"`
	jsonFlag
}

// check returns an error for flags that do not go with a verb, or with each other.
func (f *addressFlags) check(verb string) error {
	script := f.Script || f.Redeem
	switch {
	case f.Beyond && verb != "new":
		return usagef("address: --beyond goes with new")
	case (f.Birthday != "" || f.Label != "" || script) && verb != "import":
		return usagef("address: --birthday, --label, --script and --redeem go with import")
	case f.Script && f.Redeem || f.Label != "" && script:
		return usagef("address: --label, --script and --redeem exclude each other")
	}
	return nil
}

func runAddress(ctx context.Context, in *invocation) (int, error) {
	var flags addressFlags
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
	if err := flags.check(verb); err != nil {
		return exitUsage, err
	}
	switch {
	case len(operands) > 1:
		return exitUsage, usagef("address: unexpected %q", operands[1])
	case verb == "list", verb == "new":
		account, err := in.accountOr(ctx, operands)
		switch {
		case err != nil:
			return exitError, err
		case verb == "list":
			return show(ctx, in, writeLines, "getaddressesbyaccount", account)
		}
		return show(ctx, in, writeLine, "getnewaddress", account, policy)
	case verb == "show" && len(operands) == 1:
		return show(ctx, in, writeAddress, "validateaddress", operands[0])
	case verb == "import" && len(operands) == 1 && (flags.Script || flags.Redeem):
		return show(ctx, in, done(nowWatching), "importscript", operands[0], true, -1, flags.Birthday, flags.Redeem)
	case verb == "import" && len(operands) == 1:
		return show(ctx, in, done(nowWatching), "importaddress", operands[0], flags.Label, true, -1, flags.Birthday)
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

// writeAddress prints the record of an address.
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
