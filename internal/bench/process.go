package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
)

// Names of the roles that a process of the benchmark can have, as its first
// argument. The second is what it has to do, in JSON.
const (
	RoleServe = "serve"
	RoleSync  = "sync"
	RoleFloor = "floor"
)

// Role runs a role in this process.
func Role(ctx context.Context, role, work string, in io.Reader, out io.Writer) error {
	if role == RoleServe {
		var s Service
		if err := json.Unmarshal([]byte(work), &s); err != nil {
			return err
		}
		return Serve(ctx, s, in, out)
	}
	var j Job
	if err := json.Unmarshal([]byte(work), &j); err != nil {
		return err
	}
	do := Sync
	if role == RoleFloor {
		do = Floor
	}
	m, err := do(ctx, j)
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(m)
}

// command returns the command that starts a role in a process of its own.
func command(ctx context.Context, role string, work any) (*exec.Cmd, error) {
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
	if role == RoleSync && os.Getenv("GOGC") == "" {
		cmd.Env = append(os.Environ(), "GOGC=50") // what spvd sets for itself
	}
	return cmd, nil
}

// measure has a process measure itself.
func measure(ctx context.Context, role string, j Job) (m Measured, err error) {
	cmd, err := command(ctx, role, j)
	if err != nil {
		return m, err
	}
	out, err := cmd.Output()
	if err != nil {
		return m, fmt.Errorf("%s: %w", role, err)
	}
	return m, json.Unmarshal(out, &m)
}

// server is a process that serves.
type server struct {
	Served
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

// startServer starts a process that serves, and waits until it does.
func startServer(ctx context.Context, s Service) (*server, error) {
	cmd, err := command(ctx, RoleServe, s)
	if err != nil {
		return nil, err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	srv := &server{cmd: cmd, in: in, out: bufio.NewReader(out)}
	if err := srv.read(); err != nil {
		return nil, errors.Join(err, srv.stop())
	}
	return srv, nil
}

// extend puts blocks on the chain that is served.
func (s *server) extend(blocks int) error {
	if _, err := io.WriteString(s.in, strconv.Itoa(blocks)+"\n"); err != nil {
		return err
	}
	return s.read()
}

// read reads what the process tells.
func (s *server) read() error {
	line, err := s.out.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	return json.Unmarshal(line, &s.Served)
}

// stop ends the process.
func (s *server) stop() error { return errors.Join(s.in.Close(), s.cmd.Wait()) }
