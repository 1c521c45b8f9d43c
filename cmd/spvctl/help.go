package main

import (
	"context"
	"fmt"
)

// helpMethod is the method that describes the others.
const helpMethod = "help"

func helpCommand() command {
	return command{
		name:     "help",
		synopsis: "help [COMMAND|METHOD]",
		summary:  "List commands and methods, or describe one.",
		run: func(ctx context.Context, in *invocation) (int, error) {
			if len(in.args) > 1 {
				return exitUsage, usagef("help describes one command or method at a time")
			}
			if len(in.args) == 1 {
				if c := find(in.args[0]); c.name != "" {
					fmt.Fprintf(in.out, "spvctl %s\n\n%s\n%s", c.synopsis, c.summary, c.help)
					return exitOK, nil
				}
			} else {
				fmt.Fprintln(in.out, "Commands (options: spvctl --help):")
				writeCommands(in.out)
				fmt.Fprintln(in.out, "\nMethods:")
			}
			return describeMethods(ctx, in)
		},
	}
}

// describeMethods prints what the daemon says about its methods.
func describeMethods(ctx context.Context, in *invocation) (int, error) {
	c, err := in.connect(ctx)
	if err != nil {
		return exitError, err
	}
	defer c.close()
	params := make([]any, len(in.args))
	for i, word := range in.args {
		params[i] = word
	}
	var text string
	if err := c.call(ctx, helpMethod, &text, params...); err != nil {
		return exitError, err
	}
	fmt.Fprintln(in.out, text)
	return exitOK, nil
}
