package rpc_test

import (
	"bufio"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc/rpctest"
	"github.com/spvd/spvd/internal/testenv"
)

// compiler is the TypeScript compiler that the client is tested with.
const compiler = "typescript@5.9.3"

// TestClientInTypeScript compiles the client and its example as strictly as the compiler can, and
// runs the example: it calls, and follows the chain through a lost connection, during which there is
// a reorganisation.
func TestClientInTypeScript(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed: the client in TypeScript does not run")
	}
	_, commands := testenv.NPM(t, compiler)
	out := t.TempDir()
	compile := exec.CommandContext(t.Context(), filepath.Join(commands, "tsc"), "--strict", "--noUncheckedIndexedAccess", "--noImplicitReturns",
		"--noUnusedLocals", "--noUnusedParameters", "--target", "es2022", "--module", "es2022", "--lib", "es2022,dom",
		"--outDir", out, "../../docs/clients/follow.ts")
	if report, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, report)
	}
	a := startActor(t, 20)
	between := rpctest.NewRelay(t, a.address)
	tip := a.Node.Chain().Tip()
	cmd := exec.CommandContext(t.Context(), node, "--experimental-default-type=module", "--experimental-websocket", filepath.Join(out, "follow.js"),
		"http://"+between.Address, rpctest.User, rpctest.Password, "23", fmt.Sprintf("%d:%v", tip.Height, tip.Hash))
	var complaints strings.Builder
	cmd.Stderr = &complaints
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(said)
	says := func(want string) {
		t.Helper()
		if lines.Scan(); !strings.HasPrefix(lines.Text(), want) {
			t.Errorf("the client says %q, not %q; %s", lines.Text(), want, &complaints)
		}
	}
	says("following at block 20")
	says("the next payment goes to Ss")
	a.Grow(t, 0, 1, nil)
	says("block 21 of 20")
	between.Cut()
	a.Grow(t, 1, 2, nil)
	says("block 21 has left the chain")
	says("block 21 of 20")
	says("block 22 of 20")
	a.Grow(t, 0, 1, nil)
	says("block 23 of 20")
	if err := cmd.Wait(); err != nil {
		t.Errorf("the client ended with %v: %s", err, &complaints)
	}
}
