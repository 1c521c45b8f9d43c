package consensus

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/math/uint256"
)

// compacts yields compact numbers of all kinds: every exponent with mantissas
// at the edges, and random ones.
func compacts(yield func(uint32) bool) {
	edges := []uint32{0, 1, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffff, 0x800000, 0x800001, 0xffffff}
	for exponent := range uint32(256) {
		for _, mantissa := range edges {
			if !yield(exponent<<24 | mantissa) {
				return
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		if !yield(r.Uint32N(40<<24)) || !yield(r.Uint32()) {
			return
		}
	}
}

// toBig returns a target as the published modules represent it.
func toBig(v *uint256.Uint256) *big.Int {
	b := v.Bytes()
	return new(big.Int).SetBytes(b[:])
}

func TestTargetEqualsStandalone(t *testing.T) {
	for compact := range compacts {
		want := standalone.CompactToBig(compact)
		target, ok := targetOf(compact)
		fits := want.Sign() >= 0 && want.BitLen() <= 256
		switch {
		case ok && !fits, !ok && fits && compact&compactSign == 0:
			t.Fatalf("%08x: ok is %v for %x", compact, ok, want)
		case ok && toBig(&target).Cmp(want) != 0:
			t.Fatalf("%08x: got %x, want %x", compact, &target, want)
		case ok && compactOf(&target) != standalone.BigToCompact(want):
			t.Fatalf("%08x: got compact %08x, want %08x", compact, compactOf(&target), standalone.BigToCompact(want))
		}
	}
}

func TestCompactOfAnyNumber(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		var v uint256.Uint256
		raw := [32]byte{}
		for i := range raw {
			raw[i] = byte(r.Uint32())
		}
		v.SetBytes(&raw).Rsh(r.Uint32N(257))
		if got, want := compactOf(&v), standalone.BigToCompact(toBig(&v)); got != want {
			t.Fatalf("%x: got %08x, want %08x", &v, got, want)
		}
	}
}

func TestWorkEqualsStandalone(t *testing.T) {
	for compact := range compacts {
		work := Work(compact)
		if want := standalone.CalcWork(compact); toBig(&work).Cmp(want) != 0 {
			t.Fatalf("%08x: got %x, want %x", compact, &work, want)
		}
	}
}

func TestProofOfWorkEqualsStandalone(t *testing.T) {
	p := SimNet()
	p.DCP0011 = Never // the hash that is passed in is the one that counts
	r := rand.New(rand.NewPCG(5, 6))
	accepted := 0
	for range 20_000 {
		var h Header
		h.put32(offHeight, 1)
		h.put16(offVoteBits, earlyVoteBits)
		h.put32(offBits, r.Uint32N(0x22<<24))
		var hash chainhash.Hash
		for i := range r.IntN(33) {
			hash[i] = byte(r.Uint32())
		}
		if target, ok := targetOf(h.Bits()); ok && r.IntN(4) == 0 {
			hash = target.BytesLE() // the greatest that is accepted
			if r.IntN(2) == 0 {
				hash = target.AddUint64(1).BytesLE()
			}
		}
		got := CheckHeader(p, &h, &hash)
		want := standalone.CheckProofOfWork(&hash, h.Bits(), p.ChainParams.PowLimit)
		if (got == nil) != (want == nil) {
			t.Fatalf("bits %08x, hash %v: got %v, want %v", h.Bits(), hash, got, want)
		}
		if got == nil {
			accepted++
		}
	}
	if accepted < 1000 {
		t.Errorf("only %d of the headers are good: the test is blind", accepted)
	}
}

func TestEnoughWork(t *testing.T) {
	for _, p := range []*Params{MainNet(), TestNet3()} {
		var least uint256.Uint256
		least.SetBig(p.ChainParams.MinKnownChainWork)
		if !EnoughWork(p, least) {
			t.Errorf("%s: the minimum is not enough", p.ChainParams.Name)
		}
		least.SubUint64(1)
		if EnoughWork(p, least) {
			t.Errorf("%s: less than the minimum is enough", p.ChainParams.Name)
		}
	}
	if !EnoughWork(SimNet(), uint256.Uint256{}) {
		t.Error("simnet demands work")
	}
}
