package testenv

import (
	"context"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// installTime bounds the installation of packages.
const installTime = 2 * time.Minute

// NPM installs packages of npm for a test, each as NAME@VERSION, and returns the directory of
// their modules, and that of their commands. The test is skipped where that is not possible.
func NPM(t testing.TB, packages ...string) (modules, commands string) {
	t.Helper()
	npm, err := exec.LookPath("npm")
	if err != nil {
		t.Skipf("npm is not installed, which would install %v", packages)
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), installTime)
	defer cancel()
	args := append([]string{"install", "--prefix", dir, "--no-audit", "--no-fund", "--ignore-scripts"}, packages...)
	if out, err := exec.CommandContext(ctx, npm, args...).CombinedOutput(); err != nil {
		t.Skipf("npm does not install %v: %v\n%s", packages, err, out)
	}
	modules = filepath.Join(dir, "node_modules")
	return modules, filepath.Join(modules, ".bin")
}
