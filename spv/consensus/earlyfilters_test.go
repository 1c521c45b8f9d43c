package consensus

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/crypto/blake256"
)

// TestEarlyFilterHashIsResumable holds that the hash is that of all bytes
// together, whatever the filters' sizes and wherever it was interrupted.
func TestEarlyFilterHashIsResumable(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	e := NewEarlyFilterHash()
	var all []byte
	for i := range Height(500) {
		filter := make([]byte, r.IntN(200))
		for j := range filter {
			filter[j] = byte(r.Uint32())
		}
		if e.Next() != i {
			t.Fatalf("next is %d, want %d", e.Next(), i)
		}
		e.Add(filter)
		all = append(all, filter...)
		if got, want := e.Sum(), chainhash.Hash(blake256.Sum256(all)); got != want {
			t.Fatalf("after filter %d: got %v, want %v", i, got, want)
		}
		if r.IntN(3) > 0 {
			continue
		}
		state := e.State(nil)
		if len(state) != earlyStateSize {
			t.Fatalf("state has %d bytes", len(state))
		}
		restored, err := RestoreEarlyFilterHash(state)
		if err != nil {
			t.Fatal(err)
		}
		e = restored
	}
}

func TestEarlyFilterHashRefusesBadState(t *testing.T) {
	e := NewEarlyFilterHash()
	e.Add([]byte{1, 2, 3})
	good := e.State(nil)
	for name, change := range map[string]func(b []byte) []byte{
		"nothing":         func([]byte) []byte { return nil },
		"short":           func(b []byte) []byte { return b[:len(b)-1] },
		"long":            func(b []byte) []byte { return append(b, 0) },
		"negative height": func(b []byte) []byte { b[0] = 0x80; return b },
		"other hash":      func(b []byte) []byte { b[4]++; return b },
		"too much waits":  func(b []byte) []byte { b[len(b)-1] = 64; return b },
	} {
		if _, err := RestoreEarlyFilterHash(change(append([]byte(nil), good...))); err == nil {
			t.Errorf("%s: restored", name)
		}
	}
}

func TestEarlyFilterHashIsCheckedAtTheEnd(t *testing.T) {
	filters := [][]byte{{1}, {2, 3}, {}, {4}}
	p := SimNet()
	p.DCP0005 = Height(len(filters))
	p.EarlyFilters = blake256.Sum256([]byte{1, 2, 3, 4})

	e := NewEarlyFilterHash()
	for _, f := range filters {
		var broken *RuleError
		if err := e.Check(p, nil); err == nil || errors.As(err, &broken) {
			t.Errorf("before filter %d: got %v", e.Next(), err)
		}
		e.Add(f)
	}
	if err := e.Check(p, []byte{9}); err != nil {
		t.Error(err)
	}
	p.EarlyFilters = blake256.Sum256([]byte{1, 2, 3, 4, 9}) // with the filter after them
	if err := e.Check(p, []byte{9}); err != nil {
		t.Error(err)
	}
	wantRule(t, e.Check(p, nil), RuleEarlyFilters)
	wantRule(t, e.Check(p, []byte{8}), RuleEarlyFilters)
	wrong := NewEarlyFilterHash()
	for range filters {
		wrong.Add([]byte{1})
	}
	wantRule(t, wrong.Check(p, []byte{9}), RuleEarlyFilters)
}

// TestKnownEarlyFilters pins the constants in the order of bytes in which
// hashes are shown: reversed.
func TestKnownEarlyFilters(t *testing.T) {
	for p, want := range map[*Params]string{
		MainNet():  "f95e09f9ded38f8d6c32e5158a1f286633881393659218c63f5ab0fc86b36c83",
		TestNet3(): "619c08f5adda6f834212bbdaee3002fdc4efed731477af6c0fed490bbe2488d0",
	} {
		if got := p.EarlyFilters.String(); got != want {
			t.Errorf("%s: got %s", p.ChainParams.Name, got)
		}
	}
}
