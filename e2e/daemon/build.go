package daemon

import (
	"context"
	"path/filepath"

	"github.com/spvd/spvd/e2e/proc"
)

// Programs are the paths of the built programs.
type Programs struct {
	Daemon  string // spvd
	Control string // spvctl
}

// Build compiles the programs into dir. source is the project's directory.
func Build(ctx context.Context, source, dir string) (Programs, error) {
	err := proc.GoBuild(ctx, source, dir, "-o", dir+string(filepath.Separator), "./cmd/spvd", "./cmd/spvctl")
	return Programs{
		Daemon:  filepath.Join(dir, "spvd"),
		Control: filepath.Join(dir, "spvctl"),
	}, err
}
