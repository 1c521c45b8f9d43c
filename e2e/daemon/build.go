package daemon

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Programs are the paths of the built programs.
type Programs struct {
	Daemon  string // spvd
	Control string // spvctl
}

// Build compiles the programs into dir, the way the project is built. source is
// the project's directory.
func Build(ctx context.Context, source, dir string) (Programs, error) {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", dir+string(filepath.Separator), "./cmd/spvd", "./cmd/spvctl")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return Programs{}, fmt.Errorf("build spvd and spvctl: %w\n%s", err, out)
	}
	return Programs{
		Daemon:  filepath.Join(dir, "spvd"),
		Control: filepath.Join(dir, "spvctl"),
	}, nil
}
