package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/spv/chain"
)

// syncedStore returns a data directory and its chain store, as a daemon that
// has synced with nodes leaves them.
func syncedStore(t *testing.T, ns *nodes) (dir, name string) {
	t.Helper()
	dir = t.TempDir()
	d, _ := ns.startSynced(t, dir)
	d.stop()
	if code := d.end(); code != exitClean {
		t.Fatalf("exit code %d: %s", code, d.err)
	}
	return dir, filepath.Join(dir, "simnet", spvd.ChainFile)
}

func TestCheckOfASoundStore(t *testing.T) {
	dir, name := syncedStore(t, serveNodes(t, 1))
	code, out, err := runOnce(t, "--simnet", "--checkdb", "--appdata", dir)
	want := fmt.Sprintf("spvd: %s is sound: checked all headers up to %d and all filters up to %d\n", name, blocks, blocks)
	if code != exitClean || out != want || err != "" {
		t.Errorf("exit code %d, standard output %q, standard error %q; want %q", code, out, err, want)
	}
}

// TestCheckFindsDamage damages a filter, which no start looks at, and the end
// of the headers, which every start does. The check changes neither.
func TestCheckFindsDamage(t *testing.T) {
	ns := serveNodes(t, 1)
	dir, name := syncedStore(t, ns)
	sound, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	root := ns.chain.At(blocks).StakeRoot()
	for _, tt := range []struct {
		what   string
		damage []byte
		want   string
	}{
		{"filter", ns.chain.Filter(blocks / 2), "move the file away"},
		{"header", root[:], "start spvd, which keeps what can be proven"},
	} {
		t.Run(tt.what, func(t *testing.T) {
			at := bytes.Index(sound, tt.damage)
			if at < 0 {
				t.Fatal("what is to be damaged is not in the store")
			}
			broken := bytes.Clone(sound)
			broken[at] ^= 1
			if err := os.WriteFile(name, broken, 0o600); err != nil {
				t.Fatal(err)
			}
			code, out, stderr := runOnce(t, "--simnet", "--checkdb", "--appdata", dir)
			if code != exitFatal || out != "" {
				t.Errorf("exit code %d, standard output %q", code, out)
			}
			assertOneLine(t, stderr, name, chain.ErrCorrupt.Error(), tt.want)
			if after, err := os.ReadFile(name); err != nil || !bytes.Equal(after, broken) {
				t.Errorf("the check has changed the store: %v", err)
			}
		})
	}
}

func TestCheckMakesNoStore(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "none")
	code, out, err := runOnce(t, "--simnet", "--checkdb", "--appdata", dir)
	if code != exitFatal || out != "" {
		t.Errorf("exit code %d, standard output %q", code, out)
	}
	assertOneLine(t, err, filepath.Join(dir, "simnet", spvd.ChainFile), "start spvd")
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the data directory was made: %v", err)
	}
}

func TestCheckIsRefusedWhileADaemonRuns(t *testing.T) {
	dir := t.TempDir()
	startDaemon(t, "--appdata", dir).await(t, "Chain store opened")
	code, out, err := runOnce(t, "--simnet", "--checkdb", "--appdata", dir)
	if code != exitFatal || out != "" {
		t.Errorf("exit code %d, standard output %q", code, out)
	}
	assertOneLine(t, err, "process id "+strconv.Itoa(os.Getpid()), "stop it")
}

func TestCheckEndsWithTheContext(t *testing.T) {
	dir, name := syncedStore(t, serveNodes(t, 1))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stderr bytes.Buffer
	if code := run(ctx, []string{"--simnet", "--checkdb", "--appdata", dir}, nil, io.Discard, &stderr); code != exitFatal {
		t.Errorf("exit code %d, want %d", code, exitFatal)
	}
	assertOneLine(t, stderr.String(), name, context.Canceled.Error())
}
