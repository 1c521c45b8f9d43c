package node

import (
	"context"
	"path/filepath"

	"github.com/spvd/spvd/e2e/proc"
)

// module is the full node's import path: go.mod pins its version as a tool.
const module = "github.com/decred/dcrd"

// Build compiles dcrd into dir and returns the program's path. It runs the go
// command in the current directory, which must be inside this module.
func Build(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "dcrd")
	return path, proc.GoBuild(ctx, "", dir, "-o", path, module)
}
