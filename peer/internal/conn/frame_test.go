package conn

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"slices"
	"testing"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/peertest"
)

// readFrame reads one frame from bytes.
func readFrame(b []byte) (frame, error) {
	return newFrameReader(bytes.NewReader(b), peertest.Params.Net, maxVersion).next()
}

// TestFrameRaw checks that the payloads of raw messages are delivered byte for byte, and
// their shapes.
func TestFrameRaw(t *testing.T) {
	chain := peertest.NewChain(300)
	filter := chain.Filter(5)
	for _, tc := range []struct {
		msg  wire.Message
		want shape
	}{
		{chain.Headers(1), shape{n: 299, first: chain.Hashes[0], height: 299}},
		{wire.NewMsgHeaders(), shape{}},
		{chain.Filters(20, 119), shape{n: 100, first: chain.Hashes[20], last: chain.Hashes[119]}},
		{&filter, shape{n: 1, first: chain.Hashes[5], last: chain.Hashes[5]}},
		{chain.Blocks[9], shape{n: 1, first: chain.Hashes[9], last: chain.Hashes[9]}},
	} {
		want := peertest.Payload(t, tc.msg)
		f, err := readFrame(peertest.Frame(peertest.Params.Net, tc.msg.Command(), want))
		if err != nil || f.cmd != tc.msg.Command() || !bytes.Equal(f.payload, want) || f.shape != tc.want {
			t.Errorf("%s: got %s of %d bytes, %+v, %v", tc.msg.Command(), f.cmd, len(f.payload), f.shape, err)
		}
	}
}

// TestFrameMalformed breaks the form of well-formed payloads in every way.
func TestFrameMalformed(t *testing.T) {
	chain := peertest.NewChain(10)
	headers, filters := peertest.Payload(t, chain.Headers(1)), peertest.Payload(t, chain.Filters(1, 2))
	filter := filters[1 : 1+len(filters)/2]
	count := func(n uint16) []byte { return binary.LittleEndian.AppendUint16([]byte{0xfd}, n) }
	with := func(b []byte, i int, v byte) []byte {
		b = bytes.Clone(b)
		b[i] = v
		return b
	}
	for name, tc := range map[string]struct {
		cmd     string
		payload []byte
	}{
		"headers empty":           {"headers", nil},
		"headers short":           {"headers", headers[:len(headers)-1]},
		"headers trailing":        {"headers", append(bytes.Clone(headers), 0)},
		"headers transactions":    {"headers", with(headers, headerStride, 1)},
		"headers 2001":            {"headers", append(count(2001), make([]byte, 2000*headerStride)...)},
		"headers long count":      {"headers", append(count(9), headers[1:]...)},
		"headers longish count":   {"headers", append(count(252), make([]byte, 252*headerStride)...)},
		"headers cut count":       {"headers", []byte{0xfd, 1}},
		"headers 64 bit count":    {"headers", bytes.Repeat([]byte{0xff}, 9)},
		"filters none":            {"cfiltersv2", []byte{0}},
		"filters empty":           {"cfiltersv2", nil},
		"filters 101":             {"cfiltersv2", append([]byte{101}, bytes.Repeat(make([]byte, 38), 101)...)},
		"filters short":           {"cfiltersv2", filters[:len(filters)-1]},
		"filters trailing":        {"cfiltersv2", append(bytes.Clone(filters), 0)},
		"filters 33 proof hashes": {"cfiltersv2", append(append([]byte{1}, make([]byte, 37)...), append([]byte{33}, make([]byte, 33*32)...)...)},
		"filters large":           {"cfiltersv2", append(append([]byte{1}, make([]byte, 32)...), 0xfe, 1, 0, 4, 0)},
		"filters long size":       {"cfiltersv2", append(append([]byte{1}, make([]byte, 32)...), 0xfd, 1, 0, 9, 0, 0, 0, 0, 0)},
		"filter short":            {"cfilterv2", filter[:31]},
		"filter trailing":         {"cfilterv2", append(bytes.Clone(filter), 0)},
		"block short":             {"block", make([]byte, headerSize-1)},
		"inv short":               {"inv", []byte{1, 0}},
		"inv trailing":            {"inv", []byte{0, 0}},
		"ping short":              {"ping", make([]byte, 7)},
		"command not printable":   {"command\x01", nil},
	} {
		if _, err := readFrame(peertest.Frame(peertest.Params.Net, tc.cmd, tc.payload)); !errors.Is(err, fault.Malformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestFrameLimits checks the limit of every command: a message is refused from its header
// alone, before any byte of the payload.
func TestFrameLimits(t *testing.T) {
	all := []rule{unknown}
	for _, r := range rules {
		all = append(all, r)
	}
	for _, r := range all {
		head := peertest.Frame(peertest.Params.Net, r.cmd, nil)
		binary.LittleEndian.PutUint32(head[offLength:], r.limit+1)
		if _, err := readFrame(head); !errors.Is(err, fault.Oversized) {
			t.Errorf("%q of %d bytes: %v", r.cmd, r.limit+1, err)
		}
		binary.LittleEndian.PutUint32(head[offLength:], r.limit)
		if _, err := readFrame(head); errors.Is(err, fault.Oversized) {
			t.Errorf("%q of %d bytes: %v", r.cmd, r.limit, err)
		}
	}
	if got := rules[wire.CmdHeaders].limit; got != 362_003 {
		t.Errorf("headers limit %d", got)
	}
	if got := rules[wire.CmdAddr].limit; got == 0 {
		t.Error("addr has no limit, though a peer of version 11 sends it")
	}
}

// TestFrameAllocation checks that a claim of 26 MB alone allocates less than one, and a
// partial payload in proportion to the bytes that arrived.
func TestFrameAllocation(t *testing.T) {
	for _, arrived := range []int{0, 2 << 20} {
		head := peertest.Frame(peertest.Params.Net, wire.CmdCFiltersV2, nil)
		binary.LittleEndian.PutUint32(head[offLength:], rules[wire.CmdCFiltersV2].limit)
		liar := append(head, make([]byte, arrived)...)
		f := newFrameReader(bytes.NewReader(liar), peertest.Params.Net, maxVersion)

		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := f.next()
		runtime.ReadMemStats(&after)
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("cut payload: %v", err)
		}
		// Growing by doubling also allocates each smaller size once.
		if got, limit := after.TotalAlloc-before.TotalAlloc, uint64(1<<20+4*arrived); got > limit {
			t.Errorf("%d bytes arrived, %d allocated, want at most %d", arrived, got, limit)
		}
	}
}

// TestFrameLarge checks that a payload that outgrows the first grant is delivered whole.
func TestFrameLarge(t *testing.T) {
	one := wire.MsgCFilterV2{Data: bytes.Repeat([]byte{1, 2, 3}, wire.MaxCFilterDataSize/3)}
	msg := wire.NewMsgCFiltersV2(slices.Repeat([]wire.MsgCFilterV2{one}, 100))
	want := peertest.Payload(t, msg)
	stream := slices.Concat(peertest.Frame(peertest.Params.Net, wire.CmdCFiltersV2, want), peertest.Frame(peertest.Params.Net, wire.CmdPing, make([]byte, 8)))
	f := newFrameReader(bytes.NewReader(stream), peertest.Params.Net, maxVersion)
	if got, err := f.next(); err != nil || !bytes.Equal(got.payload, want) {
		t.Fatalf("%d bytes of %d: %v", len(got.payload), len(want), err)
	}
	if got, err := f.next(); err != nil || got.cmd != wire.CmdPing {
		t.Fatalf("next frame: %+v, %v", got, err)
	}
}

// TestFrameOwnPayload checks that a payload does not change when the next message is read.
func TestFrameOwnPayload(t *testing.T) {
	chain := peertest.NewChain(20)
	first, second := peertest.Payload(t, chain.Filters(1, 2)), peertest.Payload(t, chain.Filters(3, 4))
	inv := peertest.Frame(peertest.Params.Net, wire.CmdInv, peertest.Encoded(&wire.MsgInv{InvList: slices.Repeat([]*wire.InvVect{{}}, 100)}))
	f := newFrameReader(bytes.NewReader(slices.Concat(
		inv, peertest.Frame(peertest.Params.Net, wire.CmdCFiltersV2, first),
		inv, peertest.Frame(peertest.Params.Net, wire.CmdCFiltersV2, second), inv)), peertest.Params.Net, maxVersion)
	var got []frame
	for range 5 {
		next, err := f.next()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, next)
	}
	if !bytes.Equal(got[1].payload, first) || !bytes.Equal(got[3].payload, second) {
		t.Error("a payload was changed by a later message")
	}
}

// FuzzPayload compares the accepted payloads with those that package wire accepts, for the
// messages that are not decoded here.
func FuzzPayload(f *testing.F) {
	chain := peertest.NewChain(5)
	filter := chain.Filter(1)
	for _, m := range []wire.Message{wire.NewMsgHeaders(), chain.Headers(1), chain.Filters(1, 3), &filter, wire.NewMsgPing(1)} {
		f.Add(m.Command(), peertest.Encoded(m))
	}
	f.Add(wire.CmdCFiltersV2, append(append([]byte{1}, make([]byte, 37)...), 2))
	f.Add(wire.CmdHeaders, []byte{0xfd, 0xd0, 0x07})
	f.Fuzz(func(t *testing.T, cmd string, body []byte) {
		if len(cmd) > wire.CommandSize {
			return
		}
		stream := peertest.Frame(peertest.Params.Net, cmd, body)
		got, err := readFrame(stream)
		msg, _, wireErr := wire.ReadMessage(bytes.NewReader(stream), maxVersion, peertest.Params.Net)
		switch cmd {
		case wire.CmdHeaders, wire.CmdCFilterV2:
			if (err == nil) != (wireErr == nil) {
				t.Errorf("%s: %v, wire says %v", cmd, err, wireErr)
			}
		case wire.CmdCFiltersV2:
			empty := wireErr == nil && len(msg.(*wire.MsgCFiltersV2).CFilters) == 0
			if (err == nil) != (wireErr == nil && !empty) {
				t.Errorf("%s: %v, wire says %v", cmd, err, wireErr)
			}
		}
		if err == nil && got.payload != nil && !bytes.Equal(got.payload, body) {
			t.Errorf("%s: payload changed", cmd)
		}
	})
}

// FuzzStream passes arbitrary bytes to the reader. It always ends with an error, and a fault
// of the peer has a reason.
func FuzzStream(f *testing.F) {
	chain := peertest.NewChain(5)
	f.Add(slices.Concat(peertest.Frame(peertest.Params.Net, "version", peertest.Encoded(peertest.Version())), peertest.Frame(peertest.Params.Net, "verack", nil)))
	f.Add(slices.Concat(peertest.Frame(peertest.Params.Net, "novelty", []byte{1}), peertest.Frame(peertest.Params.Net, "headers", peertest.Encoded(chain.Headers(1)))))
	f.Add(peertest.Frame(wire.MainNet, "ping", make([]byte, 8)))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := newFrameReader(bytes.NewReader(stream), peertest.Params.Net, minVersion)
		for {
			_, err := r.next()
			if err == nil {
				continue
			}
			var e *fault.Error
			if !errors.As(err, &e) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("error without a reason: %v", err)
			}
			return
		}
	})
}

// repeated is an endless stream of the same bytes.
type repeated struct {
	b []byte
	i int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := copy(p, r.b[r.i:])
	r.i = (r.i + n) % len(r.b)
	return n, nil
}

// BenchmarkFrames reads the messages of a sync: with their buffers, checksums and
// the checks of their form.
func BenchmarkFrames(b *testing.B) {
	chain := peertest.NewChain(2001)
	for _, msg := range []wire.Message{chain.Headers(1), chain.Filters(1, 100)} {
		b.Run(msg.Command(), func(b *testing.B) {
			stream := peertest.Frame(peertest.Params.Net, msg.Command(), peertest.Encoded(msg))
			f := newFrameReader(&repeated{b: stream}, peertest.Params.Net, maxVersion)
			b.SetBytes(int64(len(stream)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := f.next(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
