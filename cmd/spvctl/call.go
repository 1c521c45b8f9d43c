package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/usage"
)

// stdinWord stands for a line of standard input.
const stdinWord = "-"

// callCommand calls the method that the command line names.
func callCommand() command {
	return command{
		summary: "Call a JSON-RPC method; a parameter - is read from standard input.",
		run: func(ctx context.Context, in *invocation) (int, error) {
			words, err := in.readInput()
			if err != nil {
				return exitError, err
			}
			c, err := in.connect(ctx)
			if hint := usage.DidYouMean("spvctl ", in.name, commandNames()); err != nil && hint != "" {
				err = fmt.Errorf("there is no command %s%s (a method of this name: %w)", in.name, hint, err)
			}
			if err != nil {
				return exitError, err
			}
			defer c.close()
			params, err := typed(ctx, c, in.name, words)
			if err != nil {
				return exitError, err
			}
			var result json.RawMessage
			if err := c.call(ctx, in.name, &result, params...); err != nil {
				return exitError, suggest(ctx, c, in.name, err)
			}
			return exitOK, in.writeResult(result)
		},
	}
}

// suggest adds the command or method that was likely meant to the error of one that does not exist.
func suggest(ctx context.Context, c *client, name string, err error) error {
	var refused *api.Error
	if !errors.As(err, &refused) || refused.Code != api.CodeNoMethod {
		return err
	}
	names := commandNames()
	var infos []api.MethodInfo
	if c.call(ctx, helpMethod, &infos, "", true) == nil { // else the commands alone are near or not
		for _, m := range infos {
			names = append(names, m.Name)
		}
	}
	return fmt.Errorf("%w%s", err, usage.DidYouMean("spvctl ", name, names))
}

// commandNames returns the names of the commands.
func commandNames() (names []string) {
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return names
}

// readInput returns the parameters, each - replaced by the next line of standard input: for
// secrets, which must not be visible in a list of processes, and for values that are too long
// for a command line.
func (in *invocation) readInput() ([]string, error) {
	words := make([]string, len(in.args))
	for i, word := range in.args {
		words[i] = word
		if word != stdinWord {
			continue
		}
		line, err := in.in.ReadString('\n')
		if err != nil && (!errors.Is(err, io.EOF) || line == "") {
			return nil, fmt.Errorf("read parameter %d from standard input: %w", i+1, err)
		}
		words[i] = strings.TrimRight(line, "\r\n")
	}
	return words, nil
}

// typed turns words into JSON parameters. A word that is a JSON value is one
// unless the method wants a string: only the daemon knows, so it is asked when
// there is such a word.
func typed(ctx context.Context, c *client, method string, words []string) ([]any, error) {
	var types []string
	for _, word := range words {
		if json.Valid([]byte(word)) {
			var err error
			if types, err = paramTypes(ctx, c, method); err != nil {
				return nil, err
			}
			break
		}
	}
	params := make([]any, len(words))
	for i, word := range words {
		text := i < len(types) && (types[i] == api.TypeString || types[i] == api.TypeHash)
		if !text && json.Valid([]byte(word)) {
			params[i] = json.RawMessage(word)
		} else {
			params[i] = word
		}
	}
	return params, nil
}

// paramTypes returns the types of a method's parameters, nothing for a method
// the daemon does not describe.
func paramTypes(ctx context.Context, c *client, method string) ([]string, error) {
	var infos []api.MethodInfo
	err := c.call(ctx, helpMethod, &infos, method, true)
	var unknown *api.Error
	if errors.As(err, &unknown) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var types []string
	for _, info := range infos {
		for _, p := range info.Params {
			types = append(types, p.Type)
		}
	}
	return types, nil
}

// writeResult prints a result: a text as it is and null not at all, unless
// JSON is wanted.
func (in *invocation) writeResult(result json.RawMessage) error {
	var text string
	switch {
	case !in.opts.JSON && string(result) == "null":
		return nil
	case !in.opts.JSON && json.Unmarshal(result, &text) == nil:
		_, err := fmt.Fprintln(in.out, text)
		return err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, result, "", "  "); err != nil {
		return fmt.Errorf("read result: %w", err)
	}
	_, err := fmt.Fprintln(in.out, b.String())
	return err
}
