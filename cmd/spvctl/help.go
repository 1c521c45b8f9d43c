package main

import (
	"context"
	"fmt"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/usage"
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
				if c := find(in.args[0]); c.name != "" && in.opts.JSON {
					return exitOK, in.writeJSON(map[string]string{"name": c.name, "synopsis": c.synopsis, "summary": c.summary, "help": c.help})
				} else if c.name != "" {
					fmt.Fprintf(in.out, "spvctl %s\n\n%s\n%s", c.synopsis, c.summary, c.help)
					return exitOK, nil
				}
			} else if !in.opts.JSON {
				fmt.Fprintln(in.out, "Commands (options: spvctl --help):")
				writeCommands(in.out)
				fmt.Fprintln(in.out, "\nMethods:")
			}
			return describeMethods(ctx, in)
		},
	}
}

// describeMethods prints the daemon's description of its methods.
func describeMethods(ctx context.Context, in *invocation) (int, error) {
	c, err := in.connect(ctx)
	if len(in.args) == 1 {
		if hint := usage.DidYouMean("spvctl help ", in.args[0], commandNames()); err != nil && hint != "" {
			err = fmt.Errorf("there is no command %s%s (a method of this name: %w)", in.args[0], hint, err)
		}
	}
	if err != nil {
		return exitError, err
	}
	defer c.close()
	method := "" // all methods
	if len(in.args) == 1 {
		method = in.args[0]
	}
	if in.opts.JSON {
		var infos []api.MethodInfo
		if err := c.call(ctx, helpMethod, &infos, method, true); err != nil {
			return exitError, err
		}
		return exitOK, in.writeJSON(infos)
	}
	var text string
	if err := c.call(ctx, helpMethod, &text, method); err != nil {
		return exitError, err
	}
	fmt.Fprintln(in.out, text)
	return exitOK, nil
}
