package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
)

// allAccounts stands for all accounts in the methods that have an account as a parameter.
const allAccounts = "*"

// defaultAccount is the account of new addresses when none is named.
const defaultAccount = "default"

// importedAccount is the account of single addresses and scripts.
const importedAccount = "imported"

// jsonFlag is the only flag of commands that print a table.
type jsonFlag struct {
	JSON bool `long:"json"`
}

// words returns the words after the command that are no flags, at most so many, and sets
// --json.
func (in *invocation) words(most int) ([]string, error) {
	var flags jsonFlag
	words, err := in.wordsBeside(&flags, most)
	in.opts.JSON = in.opts.JSON || flags.JSON
	return words, err
}

// wordsBeside is words for a command with flags of its own, which it parses into a struct.
func (in *invocation) wordsBeside(flags any, most int) ([]string, error) {
	words, err := in.parse(flags)
	if err == nil && len(words) > most {
		err = usagef("%s: unexpected %q", in.name, words[most])
	}
	return words, err
}

// wordOr returns the first of the words, or a default if there is none.
func wordOr(words []string, def string) string {
	if len(words) == 0 {
		return def
	}
	return words[0]
}

// show calls a method and prints its result: as JSON if the user wants that, else by write.
func show[T any](ctx context.Context, in *invocation, write func(io.Writer, T) error, method string, params ...any) (int, error) {
	c, err := in.connect(ctx)
	if err != nil {
		return exitError, err
	}
	defer c.close()
	var result T
	if err := c.call(ctx, method, &result, params...); err != nil {
		return exitError, err
	}
	if in.opts.JSON {
		return exitOK, in.writeJSON(result)
	}
	return exitOK, write(in.paper(), result)
}

// showMoney is show for results that are incomplete while the sync is, of which it warns on
// standard error.
func showMoney[T any](ctx context.Context, in *invocation, write func(io.Writer, T) error, method string, params ...any) (int, error) {
	code, err := show(ctx, in, write, method, params...)
	if err != nil {
		return code, err
	}
	c, err := in.connect(ctx)
	if err != nil {
		return exitError, err
	}
	defer c.close()
	var st api.SyncStatus
	if err := c.call(ctx, syncStatusMethod, &st); err != nil {
		return exitError, err
	}
	if !st.Synced {
		fmt.Fprintf(in.err, "spvctl: this may not be all yet. %s (run: spvctl status)\n", st.Reason)
	}
	return code, nil
}

// paper returns the writer for tables.
func (in *invocation) paper() io.Writer {
	if in.screen == nil {
		return in.out
	}
	return paper{in.out, in.screen().columns}
}

// utc returns a time in Unix seconds for people.
func utc(seconds int64) string { return time.Unix(seconds, 0).UTC().Format(time.DateTime) }
