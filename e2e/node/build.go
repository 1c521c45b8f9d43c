package node

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
)

// module is the full node's import path: go.mod pins its version as a tool.
const module = "github.com/decred/dcrd"

// Build compiles dcrd into dir and returns the program's path. It runs the go
// command in the current directory, which must be inside this module.
func Build(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "dcrd")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, module)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", module, err, out)
	}
	return path, nil
}
