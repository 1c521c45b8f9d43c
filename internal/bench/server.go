package bench

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"

	"github.com/spvd/spvd/internal/bench/process"
)

// Names of the roles that a process of the benchmark can have.
const (
	roleServe = "serve"
	roleSync  = "sync"
	roleFloor = "floor"

	roleImport      = "import"
	roleImportFloor = "importfloor"
	roleImportProof = "importproof"

	roleRelay  = "relay"
	roleVictim = "victim"
	roleFlood  = "flood"
)

// Roles returns what a process of the benchmark can have to do.
func Roles() map[string]process.Role {
	return map[string]process.Role{
		roleServe: func(ctx context.Context, work []byte, in io.Reader, out io.Writer) error {
			var s Service
			if err := json.Unmarshal(work, &s); err != nil {
				return err
			}
			return Serve(ctx, s, in, out)
		},
		roleSync:  process.Of(Sync),
		roleFloor: process.Of(Floor),

		roleImport:      process.Of(Import),
		roleImportFloor: process.Of(ImportFloor),
		roleImportProof: process.Of(ImportProof),

		roleRelay: func(ctx context.Context, work []byte, in io.Reader, out io.Writer) error {
			var j RelayJob
			if err := json.Unmarshal(work, &j); err != nil {
				return err
			}
			return Relay(ctx, j, in, out)
		},
		roleVictim: process.Of(Victim),
		roleFlood: func(ctx context.Context, work []byte, in io.Reader, out io.Writer) error {
			var j FloodJob
			if err := json.Unmarshal(work, &j); err != nil {
				return err
			}
			return Flood(ctx, j, in, out)
		},
	}
}

// measure has a process measure itself.
func measure(ctx context.Context, role string, j any) (m Measured, err error) {
	cmd, err := process.Command(ctx, role, j)
	if err != nil {
		return m, err
	}
	if role == roleSync || role == roleImport || role == roleVictim {
		process.CollectAsDaemon(cmd)
	}
	return m, process.Result(cmd, &m)
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
	cmd, err := process.Command(ctx, roleServe, s)
	if err != nil {
		return nil, err
	}
	return awaitServer(cmd)
}

// startRelay starts a client that syncs and then serves, and waits until it does.
func startRelay(ctx context.Context, j RelayJob) (*server, error) {
	cmd, err := process.Command(ctx, roleRelay, j)
	if err != nil {
		return nil, err
	}
	process.CollectAsDaemon(cmd)
	return awaitServer(cmd)
}

// awaitServer starts a command, and waits until it serves.
func awaitServer(cmd *exec.Cmd) (*server, error) {
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

// attacker is a process that floods a server.
type attacker struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out io.ReadCloser
}

// startFlood starts a process that floods a server, which need not be there yet. It has the lowest
// priority, so that it takes no processor from the server and the node that it shares the machine with.
func startFlood(ctx context.Context, j FloodJob) (*attacker, error) {
	cmd, err := process.Command(ctx, roleFlood, j)
	if err != nil {
		return nil, err
	}
	process.Last(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &attacker{cmd, in, out}, cmd.Start()
}

// end ends the flood and returns what it has got.
func (a *attacker) end() (got Flooded, err error) {
	err = errors.Join(a.in.Close(), json.NewDecoder(a.out).Decode(&got))
	return got, errors.Join(err, a.cmd.Wait())
}

// stop ends the process.
func (s *server) stop() error { return errors.Join(s.in.Close(), s.cmd.Wait()) }
