package main

import (
	"context"
	"io"
	"strings"

	"github.com/jessevdk/go-flags"
)

func manCommand() command {
	return command{
		name:     "man",
		synopsis: "man",
		summary:  "Print the manual page.",
		help: `
  spvctl man > spvctl.1

SOURCE_DATE_EPOCH sets its date.
`,
		run: func(_ context.Context, in *invocation) (int, error) {
			if len(in.args) > 0 {
				return exitUsage, usagef("man: unexpected %q", in.args[0])
			}
			return exitOK, writeManual(in.out)
		},
	}
}

// writeManual writes the manual page: the options from their table, the commands from their
// help.
func writeManual(w io.Writer) error {
	p, _, err := newParser(&options{})
	if err != nil {
		return err
	}
	p.ShortDescription = "talk to a running spvd"
	var b strings.Builder
	b.WriteString("spvctl shows how far a running spvd has got and calls its JSON-RPC methods.\n\n")
	for _, c := range append(commands(), callCommand()) {
		synopsis := c.synopsis
		if synopsis == "" {
			synopsis = methodSynopsis
		}
		b.WriteString(synopsis + "\n\n" + c.summary + "\n" + c.help + "\n")
	}
	p.LongDescription = b.String()
	p.WriteManPage(w)
	return nil
}

// publicOptions returns the options that help shows, in order.
func publicOptions() []*flags.Option {
	_, g, err := newParser(&options{})
	if err != nil {
		panic("spvctl: " + err.Error()) // the tags of options are wrong
	}
	var out []*flags.Option
	for _, o := range g.Options() {
		if !o.Hidden {
			out = append(out, o)
		}
	}
	return out
}

// optionNames returns the long names of the options with their dashes.
func optionNames() []string {
	var names []string
	for _, o := range publicOptions() {
		names = append(names, "--"+o.LongName)
	}
	return append(names, "--help")
}

// valueOptions returns the names of the options that a value follows.
func valueOptions() []string {
	var names []string
	for _, o := range publicOptions() {
		if o.ValueName == "" {
			continue
		}
		names = append(names, "--"+o.LongName)
		if o.ShortName != 0 {
			names = append(names, "-"+string(o.ShortName))
		}
	}
	return names
}
