package process

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Role does the work that a process was given, and tells others by its streams.
type Role func(ctx context.Context, work []byte, in io.Reader, out io.Writer) error

// Of returns the role of a function, which gets its work and returns a result.
func Of[W, R any](do func(context.Context, W) (R, error)) Role {
	return func(ctx context.Context, work []byte, _ io.Reader, out io.Writer) error {
		var w W
		if err := json.Unmarshal(work, &w); err != nil {
			return err
		}
		r, err := do(ctx, w)
		if err != nil {
			return err
		}
		return json.NewEncoder(out).Encode(r)
	}
}

// Main does what the arguments of a program say, and returns its exit code: a role,
// or else what it is there for.
func Main(name string, args []string, roles map[string]Role, command func(ctx context.Context, args []string) error) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if role := roleOf(args, roles); role != nil {
		err = role(ctx, []byte(args[1]), os.Stdin, os.Stdout)
	} else {
		err = command(ctx, args)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
		return 1
	}
	return 0
}

// roleOf returns the role that arguments name, or nil.
func roleOf(args []string, roles map[string]Role) Role {
	if len(args) != 2 {
		return nil
	}
	return roles[args[0]]
}
