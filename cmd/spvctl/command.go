package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/jessevdk/go-flags"

	"github.com/spvd/spvd/internal/usage"
)

// command is a command of spvctl for people. Every other word on the command line is the name
// of a JSON-RPC method.
type command struct {
	name     string
	synopsis string // name and parameters
	summary  string // one sentence

	// help is the rest of the description, in whole lines.
	help string

	// args and flags are the words that can follow the name, for completion.
	args, flags []string

	// verbatim means that the words after the name are another command line, and none of them an
	// option for this one.
	verbatim bool

	// names returns which names of the daemon can follow the name and some words, for
	// completion; nil is none.
	names func(words []string) nameKind

	// run returns the exit code; with an error that is not a usageError it is
	// the code for it.
	run func(ctx context.Context, in *invocation) (int, error)
}

// methodSynopsis is the synopsis of all words that are no command.
const methodSynopsis = "METHOD [parameters]"

// commands returns all commands in the order in which they are listed.
func commands() []command {
	return []command{
		statusCommand(),
		topCommand(),
		peersCommand(),
		walletCommand(),
		accountCommand(),
		addressCommand(),
		balanceCommand(),
		historyCommand(),
		utxoCommand(),
		txCommand(),
		ticketsCommand(),
		labelCommand(),
		sendCommand(),
		rescanCommand(),
		jobCommand(),
		doctorCommand(),
		waypointsCommand(),
		snapshotCommand(),
		webhookCommand(),
		clientsCommand(),
		hashPasswordCommand(),
		helpCommand(),
		completionCommand(),
		manCommand(),
	}
}

// find returns the command with a name; any other name is that of a method.
func find(name string) command {
	for _, c := range commands() {
		if c.name == name {
			return c
		}
	}
	return callCommand()
}

// invocation is one use of a command.
type invocation struct {
	*console
	opts *options
	name string   // as on the command line
	args []string // the words after it
}

// connect connects to the daemon that the options name.
func (in *invocation) connect(ctx context.Context) (*client, error) {
	t, err := in.opts.target()
	if err != nil {
		return nil, err
	}
	return dial(ctx, t)
}

// parse parses the flags of the command into opts, a pointer to a struct, and returns the
// other words.
func (in *invocation) parse(opts any) ([]string, error) {
	p := flags.NewParser(opts, flags.PassDoubleDash)
	words, err := p.ParseArgs(in.args)
	if err != nil {
		return nil, usagef("%s: %v", in.name, usage.Explain(err, p))
	}
	return words, nil
}

// writeJSON prints a value for programs.
func (in *invocation) writeJSON(v any) error {
	e := json.NewEncoder(in.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// writeUsage prints the options, as go-flags shows them, and the commands.
func writeUsage(w io.Writer, options string) {
	fmt.Fprintf(w, "%s\nCommands:\n", options)
	writeCommands(w)
}

// writeCommands lists the commands.
func writeCommands(w io.Writer) {
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-26s %s\n", c.synopsis, c.summary)
	}
	fmt.Fprintf(w, "  %-26s %s\n", methodSynopsis, callCommand().summary)
}
