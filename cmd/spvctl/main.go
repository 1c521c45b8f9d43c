package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/jessevdk/go-flags"

	"github.com/spvd/spvd/internal/safetext"
	"github.com/spvd/spvd/internal/version"
)

// Exit codes of every command.
const (
	exitOK    = 0
	exitError = 1
	exitUsage = 2
)

// console is the input and output of a command.
type console struct {
	in       *bufio.Reader
	out, err io.Writer

	// raw is out without the escaping, for drawing on a terminal; run sets it. Nil means out.
	raw io.Writer

	// screen returns the terminal's size and abilities; nil when out is no terminal.
	screen func() screen

	// keys makes the terminal deliver single keys; nil when in is no terminal.
	keys func() (*keyboard, error)
}

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Environ(), &console{
		in:     bufio.NewReader(os.Stdin),
		out:    os.Stdout,
		err:    os.Stderr,
		screen: terminalOf(os.Stdout, os.Environ()),
		keys:   keyboardOf(os.Stdin),
	}))
}

// run runs the command line and returns the exit code.
func run(ctx context.Context, args, environ []string, con *console) int {
	con.raw = con.out
	con.out, con.err = safetext.Terminal(con.out), safetext.Terminal(con.err)
	opts, words, err := parseOptions(args, environ)
	var asked *flags.Error
	switch {
	case errors.As(err, &asked) && asked.Type == flags.ErrHelp:
		writeUsage(con.out, asked.Message)
		return exitOK
	case err != nil:
		return con.fail(exitUsage, usagef("%v", err))
	case opts.Version:
		fmt.Fprintln(con.out, "spvctl version", version.String())
		return exitOK
	case len(words) == 0:
		return con.fail(exitUsage, usagef("no command given"))
	}
	if last := words[len(words)-1]; len(words) > 1 && (last == "--help" || last == "-h") {
		words = []string{helpMethod, words[0]}
	}
	code, err := find(words[0]).run(ctx, &invocation{console: con, opts: opts, name: words[0], args: words[1:]})
	var wrong *usageError
	if errors.As(err, &wrong) {
		wrong.see = "help " + words[0]
	}
	if err != nil {
		return con.fail(code, err)
	}
	return code
}

// drawing returns the writer for pictures, which contain no harmful characters.
func (con *console) drawing() io.Writer {
	if con.raw != nil {
		return con.raw
	}
	return con.out
}

// usageError is a mistake on the command line.
type usageError struct {
	text string
	see  string // the words after spvctl that show the usage
}

func (e *usageError) Error() string { return e.text }

func usagef(format string, operands ...any) error {
	return &usageError{fmt.Sprintf(format, operands...), "--help"}
}

// fail writes an error as one line and returns the exit code for it: that of the command
// unless the error has one.
func (con *console) fail(code int, err error) int {
	var wrong *usageError
	if errors.As(err, &wrong) {
		fmt.Fprintf(con.err, "spvctl: %s (run: spvctl %s)\n", oneLine(err), wrong.see)
		return exitUsage
	}
	fmt.Fprintf(con.err, "spvctl: %s\n", oneLine(err))
	return code
}

// oneLine returns an error without private keys, which a user may have passed in place of
// another value.
func oneLine(err error) string { return safetext.HideKeys(err.Error()) }
