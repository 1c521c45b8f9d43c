package process

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
)

// Command returns the command that starts a role in a process of its own.
func Command(ctx context.Context, role string, work any) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(work)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, role, string(text))
	cmd.Stderr = os.Stderr
	return cmd, nil
}

// CollectAsDaemon has the process collect garbage as spvd does, unless the user wants
// it otherwise.
func CollectAsDaemon(cmd *exec.Cmd) {
	if os.Getenv("GOGC") == "" {
		cmd.Env = append(os.Environ(), "GOGC=50")
	}
}

// Last gives the process the lowest priority, on systems that have the command nice. That of a
// running process can be changed for single threads only.
func Last(cmd *exec.Cmd) {
	if path, err := exec.LookPath("nice"); err == nil {
		cmd.Args = append([]string{"nice", "-n", "19", cmd.Path}, cmd.Args[1:]...)
		cmd.Path = path
	}
}

// Result runs a command and takes over what its role returns.
func Result(cmd *exec.Cmd, result any) error {
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", cmd.Args[1], err)
	}
	return json.Unmarshal(out, result)
}
