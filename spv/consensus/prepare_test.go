package consensus

import (
	"encoding/hex"
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
)

// blake3Headers reads the real headers of the test network that came with
// DCP0011, with their proof-of-work hashes.
func blake3Headers(t *testing.T) (headers []Header, pow []chainhash.Hash) {
	t.Helper()
	text, err := os.ReadFile("testdata/blake3-pow-headers.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Tests []struct{ Serialized, PowHash string }
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, v := range file.Tests {
		raw, err := hex.DecodeString(v.Serialized)
		if err != nil {
			t.Fatal(err)
		}
		headers, pow = append(headers, Header(raw)), append(pow, mustHash(v.PowHash))
	}
	if len(headers) != 3 {
		t.Fatalf("want three headers, got %d", len(headers))
	}
	return headers, pow
}

func TestRealHeadersPass(t *testing.T) {
	p := TestNet3()
	headers, pow := blake3Headers(t)
	for i := range headers {
		h := &headers[i]
		if got := h.PowHashV2(); got != pow[i] {
			t.Errorf("block %d: got proof-of-work hash %v, want %v", h.Height(), got, pow[i])
		}
		hash := h.Hash()
		if err := CheckHeader(p, h, &hash); err != nil {
			t.Error(err)
		}
		// The same work says nothing at a height of the retired algorithm.
		early := *p
		early.DCP0011 = h.Height() + 1
		wantRule(t, CheckHeader(&early, h, &hash), RuleProofOfWork)
	}
	// The first of them descends from the anchor in DCP0011; the last two are
	// parent and child.
	anchor := BlockID{p.ASERTAnchor, headers[0].PrevBlock()}
	if !slices.Contains(p.Waypoints, anchor) {
		t.Errorf("the parent of block %d is no waypoint: %v", p.DCP0011, anchor.Hash)
	}
	if batch, err := PrepareHeaders(p, headersPayload(headers[1:])); err != nil || batch.Hashes[0] != headers[2].PrevBlock() {
		t.Errorf("got %v, %v", batch, err)
	}
	if got := asertBits(p, 0, 0); got != headers[0].Bits() {
		t.Errorf("target of block %d: got %08x, want %08x", p.DCP0011, got, headers[0].Bits())
	}
}

// TestRetiredAlgorithmIsRefused mines with the block hash alone from DCP0011
// on, and with BLAKE3 alone before.
func TestRetiredAlgorithmIsRefused(t *testing.T) {
	p := SimNet()
	retired := *p
	retired.DCP0011 = Never
	for _, tt := range []struct {
		name         string
		miner, check *Params
	}{
		{"block hash after DCP0011", &retired, p},
		{"BLAKE3 before DCP0011", p, &retired},
	} {
		t.Run(tt.name, func(t *testing.T) {
			refused := 0
			for gap := range int64(64) {
				h := nextHeader(p, branch{p.Genesis()}, 1+gap)
				solve(t, tt.miner, &h)
				hash := h.Hash()
				if err := CheckHeader(tt.check, &h, &hash); err != nil {
					wantRule(t, err, RuleProofOfWork)
					refused++
				}
			}
			// At the easiest target every second hash fits by chance.
			if refused < 10 {
				t.Errorf("only %d of 64 are refused", refused)
			}
		})
	}
}

func TestPrepareHeadersNamesTheBrokenRule(t *testing.T) {
	p := SimNet()
	good := grow(t, p, branch{p.Genesis()}, 5, 1)[1:]
	// Each change is made to the third header; it is solved again only where
	// proof-of-work would hide the rule.
	for _, tt := range []struct {
		name   string
		change func(h *Header)
		solved bool
		want   Rule
	}{
		{"link", func(h *Header) { h.putHash(offPrevBlock, good[0].Hash()) }, true, RuleLink},
		{"height repeats", func(h *Header) { h.put32(offHeight, 2) }, false, RuleHeight},
		{"height skips", func(h *Header) { h.put32(offHeight, 4) }, false, RuleHeight},
		{"height is negative", func(h *Header) { h.put32(offHeight, 1<<31) }, false, RuleHeight},
		{"votes before their time", func(h *Header) { h.put16(offVoters, 5) }, false, RuleVotes},
		{"revocation before its time", func(h *Header) { h[offRevocations] = 1 }, false, RuleEarlyStake},
		{"vote bits before their time", func(h *Header) { h.put16(offVoteBits, 0) }, false, RuleEarlyStake},
		{"lottery before its time", func(h *Header) { h[offVoters-1] = 1 }, false, RuleEarlyStake},
		{"too many tickets", func(h *Header) { h[offFreshStake] = 21 }, false, RuleFreshStake},
		{"target above the limit", func(h *Header) { h.put32(offBits, 0x2100ffff) }, false, RuleTarget},
		{"target of zero", func(h *Header) { h.put32(offBits, 0x20000000) }, false, RuleTarget},
		{"negative target", func(h *Header) { h.put32(offBits, 0x20ffffff) }, false, RuleTarget},
		{"target beyond 256 bits", func(h *Header) { h.put32(offBits, 0xff7fffff) }, false, RuleTarget},
		{"work", func(h *Header) { h.put32(offBits, 0x03000001) }, false, RuleProofOfWork},
	} {
		t.Run(tt.name, func(t *testing.T) {
			headers := append([]Header(nil), good...)
			tt.change(&headers[2])
			if tt.solved {
				solve(t, p, &headers[2])
			}
			_, err := PrepareHeaders(p, headersPayload(headers))
			wantRule(t, err, tt.want)
		})
	}
}

// TestGenesisIsNoHeaderToReceive holds that heights begin at one.
func TestGenesisIsNoHeaderToReceive(t *testing.T) {
	p := SimNet()
	h := nextHeader(p, branch{p.Genesis()}, 1)
	h.put32(offHeight, 0)
	_, err := PrepareHeaders(p, headersPayload([]Header{h}))
	wantRule(t, err, RuleHeight)
}

func TestStakeRulesFromVotesOn(t *testing.T) {
	p := SimNet()
	for _, tt := range []struct {
		name           string
		height         Height
		votes, revoked uint16
		want           Rule // zero for none
	}{
		{"first votes", 144, 5, 0, 0},
		{"no votes at the first height", 144, 0, 5, RuleVotes},
		{"last height without", 143, 0, 0, 0},
		{"votes a block early", 143, 5, 0, RuleVotes},
		{"bare majority", 200, 3, 2, 0},
		{"minority", 200, 2, 3, RuleVotes},
		{"more votes than tickets", 200, 6, 0, RuleVotes},
		{"missed vote is not revoked", 200, 4, 0, RuleRevocations},
		{"one of two missed votes is not revoked", 200, 3, 1, RuleRevocations},
		{"others are revoked too", 200, 4, 7, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var h Header
			h.put32(offHeight, uint32(tt.height))
			h.put16(offVoteBits, earlyVoteBits)
			h.put16(offVoters, tt.votes)
			h[offRevocations] = byte(tt.revoked)
			switch err := checkStake(p, &h); {
			case tt.want != 0:
				wantRule(t, err, tt.want)
			case err != nil:
				t.Error(err)
			}
		})
	}
}

func TestMissedVotesBeforeDCP0009(t *testing.T) {
	p := MainNet()
	var h Header
	h.put16(offVoters, 3)
	h.put32(offHeight, uint32(p.DCP0009)-1)
	if err := checkStake(p, &h); err != nil {
		t.Error(err)
	}
	h.put32(offHeight, uint32(p.DCP0009))
	wantRule(t, checkStake(p, &h), RuleRevocations)
}

func TestMalformedHeadersAreRefused(t *testing.T) {
	p := SimNet()
	good := headersPayload(grow(t, p, branch{p.Genesis()}, 3, 1)[1:])
	for n := range good {
		_, err := PrepareHeaders(p, good[:n])
		wantRule(t, err, RuleEncoding)
	}
	with := func(i int, b byte) []byte {
		c := append([]byte(nil), good...)
		c[i] = b
		return c
	}
	for name, payload := range map[string][]byte{
		"a byte follows":        append(good[:len(good):len(good)], 0),
		"too few":               with(0, 2),
		"a header with a body":  with(HeaderSize+1, 1),
		"too many":              headersPayload(make([]Header, 2001)),
		"number not shortest":   append([]byte{0xfd, 3, 0}, good[1:]...),
		"number of eight bytes": {0xff, 0, 0, 0, 0, 1, 0, 0, 0x80},
		"nothing":               {},
	} {
		if _, err := PrepareHeaders(p, payload); err == nil {
			t.Errorf("%s: passed", name)
		} else {
			wantRule(t, err, RuleEncoding)
		}
	}
}

func TestEmptyHeadersMessage(t *testing.T) {
	batch, err := PrepareHeaders(SimNet(), []byte{0})
	if err != nil || len(batch.Headers) != 0 || len(batch.Hashes) != 0 {
		t.Errorf("got %v, %v", batch, err)
	}
}

// TestAnyBitMatters flips bits of a message and holds that none of them goes
// unnoticed: what still passes has other hashes.
func TestAnyBitMatters(t *testing.T) {
	p := SimNet()
	good := headersPayload(grow(t, p, branch{p.Genesis()}, 3, 1)[1:])
	want, err := PrepareHeaders(p, good)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(21, 22))
	for range 2000 {
		bad := append([]byte(nil), good...)
		bit := r.IntN(8 * len(bad))
		bad[bit/8] ^= 1 << (bit % 8)
		if got, err := PrepareHeaders(p, bad); err == nil && got.Hashes[2] == want.Hashes[2] {
			t.Fatalf("bit %d of byte %d can be flipped", bit%8, bit/8)
		}
	}
}
