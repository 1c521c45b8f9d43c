package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/snapshot/snapshottest"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/consensus"
)

// TestVerifySnapshot: a right one, one without segments, one of another network, a damaged
// one, and one that is not there. The data directory is not touched.
func TestVerifySnapshot(t *testing.T) {
	c, err := testnet.Generate(t.Context(), testnet.Config{Params: consensus.SimNet(), Seed: 3, Blocks: 300})
	if err != nil {
		t.Fatal(err)
	}
	s := snapshottest.New(c, 2)
	s.Seal()
	dir, data := t.TempDir(), filepath.Join(t.TempDir(), "data")
	if err := s.Write(dir); err != nil {
		t.Fatal(err)
	}
	verify := func(network, dir string) (int, string, string) {
		return runOnce(t, network, "--appdata", data, "--verifysnapshot", dir)
	}
	code, out, stderr := verify("--simnet", dir)
	want := fmt.Sprintf("spvd: the snapshot in %s is right: proved all headers and filters of 2 segments, up to block 255 (%v)\n", dir, c.ID(255).Hash)
	if code != exitClean || out != want || stderr != "" {
		t.Errorf("exit code %d, standard output %q, standard error %q; want %q", code, out, stderr, want)
	}
	fails := func(network, dir, want string) {
		t.Helper()
		if code, out, stderr := verify(network, dir); code != exitFatal || out != "" || !strings.Contains(stderr, want) {
			t.Errorf("exit code %d, standard output %q, standard error %q; want %q", code, out, stderr, want)
		}
	}
	fails("--testnet", dir, "there is no file testnet3.json")
	fails("--simnet", filepath.Join(dir, "none"), "there is no file simnet.json")

	name := filepath.Join(dir, s.Name(1, ".filters"))
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-1] ^= 1
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	fails("--simnet", dir, "segment 128–255: ")
	fails("--simnet", dir, "does not have the SHA-256 of the manifest: segments that are right: 1, up to block 127")

	s.Parts = nil
	s.Seal()
	if err := s.Write(dir); err != nil {
		t.Fatal(err)
	}
	if code, out, _ := verify("--simnet", dir); code != exitClean || !strings.Contains(out, "has no segments") {
		t.Errorf("exit code %d, standard output %q", code, out)
	}
	if _, err := os.Stat(data); !errors.Is(err, os.ErrNotExist) {
		t.Error("the data directory was made")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if code := run(ctx, []string{"--simnet", "--verifysnapshot", dir}, nil, os.Stdout, os.Stderr); code != exitFatal {
		t.Errorf("canceled: exit code %d", code)
	}
}
