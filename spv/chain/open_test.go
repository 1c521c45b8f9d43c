package chain

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spvd/spvd/spv/chain/internal/store"
	"github.com/spvd/spvd/spv/consensus"
)

// wantOpenError checks that a file is refused for a reason, with its path.
func wantOpenError(t *testing.T, cfg Config, want error) {
	t.Helper()
	c, err := Open(cfg)
	if err == nil {
		c.Close()
	}
	if !errors.Is(err, want) || !strings.Contains(err.Error(), cfg.Path) {
		t.Errorf("want %q with the path, got: %v", want, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, content []byte) Config {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return Config{Path: path, Params: consensus.SimNet()}
	}
	wantOpenError(t, file("empty", nil), ErrCorrupt)
	wantOpenError(t, file("short", []byte("hello")), ErrCorrupt)
	wantOpenError(t, file("garbage", bytes.Repeat([]byte("garbage!"), 10_000)), ErrCorrupt)
	wantOpenError(t, file("zeros", make([]byte, 100_000)), ErrCorrupt)
	wantOpenError(t, Config{Path: filepath.Join(dir, "no", "such", "directory"), Params: consensus.SimNet()}, os.ErrNotExist)
	if _, err := Open(Config{Path: dir, Params: consensus.SimNet()}); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a directory was opened: %v", err)
	}
}

func TestOpenRefusesOtherNetwork(t *testing.T) {
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: consensus.SimNet()}
	if err := reopen(t, cfg).Close(); err != nil {
		t.Fatal(err)
	}
	cfg.Params = consensus.TestNet3()
	wantOpenError(t, cfg, ErrOtherNetwork)
	cfg.Params = consensus.SimNet()
	reopen(t, cfg)
}

func TestOpenRefusesStoreInUse(t *testing.T) {
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: consensus.SimNet()}
	c := reopen(t, cfg)
	wantOpenError(t, cfg, ErrInUse)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	reopen(t, cfg)
}

// All networks begin with their genesis block.
func TestOpenCreates(t *testing.T) {
	for _, p := range []*consensus.Params{consensus.MainNet(), consensus.TestNet3(), consensus.SimNet()} {
		c := testStore(t, p)
		st := c.State()
		if st.Tip != (consensus.BlockID{Hash: p.ChainParams.GenesisHash}) || st.Filters != st.Tip || st.Work != consensus.Work(p.ChainParams.GenesisBlock.Header.Bits) {
			t.Errorf("%s: %+v", p.ChainParams.Name, st)
		}
		if st.EnoughWork != (p.ChainParams.MinKnownChainWork == nil) || st.EarlyProven != (p.DCP0005 == 0) {
			t.Errorf("%s: %+v", p.ChainParams.Name, st)
		}
		mustCheck(t, c)
	}
}

// What a process leaves that was killed while it created a store is no trouble
// for the next.
func TestOpenAfterHalfCreatedStore(t *testing.T) {
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: consensus.SimNet()}
	for _, name := range []string{".new", ".repair"} {
		if err := os.WriteFile(cfg.Path+name, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	mustCheck(t, reopen(t, cfg))
}

// A store that is opened as it is was there before, and stays as it is even if
// it is damaged where opening would repair it.
func TestOpenAsIs(t *testing.T) {
	dir := t.TempDir()
	cfg := Config{Path: filepath.Join(dir, "chain.db"), Params: consensus.SimNet(), AsIs: true}
	wantOpenError(t, cfg, os.ErrNotExist)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 0 {
		t.Errorf("opening what is not there has left %v, %v", entries, err)
	}

	d := newDamaged(t, 500, 60)
	tip := d.blocks.id(d.blocks.height())
	d.write(t, cfg.Path)
	c := reopen(t, cfg)
	if got := c.State().Tip; got != tip {
		t.Errorf("opened at %v, want %v", got, tip)
	}
	mustCheck(t, c)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}

	root := d.blocks.testBranch[tip.Height].StakeRoot()
	d.file[bytes.Index(d.file, root[:])] ^= 1
	d.write(t, cfg.Path)
	wantOpenError(t, cfg, ErrCorrupt)
	if after, err := os.ReadFile(cfg.Path); err != nil || !bytes.Equal(after, d.file) {
		t.Errorf("the damaged store was changed: %v", err)
	}
	cfg.AsIs = false
	if c := reopen(t, cfg); c.State().Tip == tip {
		t.Error("the damage that was refused is none")
	}
}

// A store of a newer format is refused with a sentence and left as it is.
func TestOpenRefusesNewerFormat(t *testing.T) {
	cfg := Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: consensus.SimNet()}
	c := reopen(t, cfg)
	if err := c.store.Update("test", func(tx *store.Txn) error {
		return store.WriteMeta(tx, []byte("format"), []byte{0, 0, 0, 0, 0, 0, 0, store.Format + 1})
	}); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(cfg.Path)
	if err != nil {
		t.Fatal(err)
	}
	wantOpenError(t, cfg, ErrNewerFormat)
	if _, err := Repair(cfg); !errors.Is(err, ErrNewerFormat) {
		t.Errorf("repaired a newer store: %v", err)
	}
	after, err := os.ReadFile(cfg.Path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the store was changed: %v", err)
	}
}
