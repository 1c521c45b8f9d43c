package proc

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// GoBuild runs go build the way the project is built, with further arguments, in
// the directory source, empty being the starter's. What the go command writes on its way goes below the directory
// scratch. If ctx ends first, the compilers are gone too when it returns.
func GoBuild(ctx context.Context, source, scratch string, args ...string) error {
	p, err := Start(Command{
		Path: "go",
		Args: append([]string{"build", "-trimpath"}, args...),
		Dir:  source,
		Env:  []string{"CGO_ENABLED=0", "GOTMPDIR=" + scratch},
	})
	if err != nil {
		return err
	}
	what := strings.Join(args, " ")
	select {
	case <-p.Done():
	case <-ctx.Done():
		return errors.Join(fmt.Errorf("go build %s: %w", what, ctx.Err()), p.Kill())
	}
	if code := p.ExitCode(); code != 0 {
		return fmt.Errorf("go build %s: exit code %d\n%s", what, code, p.Output())
	}
	return nil
}
