package node

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
)

// message returns a message of dcrd's pipe protocol.
func message(kind, payload string) []byte {
	b := append([]byte{1, byte(len(kind))}, kind...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	return append(b, payload...)
}

func TestReadAddrsSkipsWhatItDoesNotKnow(t *testing.T) {
	in := slices.Concat(
		message("lifetimeevent", "\x00\x01"),
		message(rpcListens, "127.0.0.1:1"),
		message(peersListen, "127.0.0.1:2"),
	)
	peers, rpc, err := readAddrs(bytes.NewReader(in))
	if peers != "127.0.0.1:2" || rpc != "127.0.0.1:1" || err != nil {
		t.Errorf("peers %q, rpc %q, %v", peers, rpc, err)
	}
}

func TestReadAddrsRefuses(t *testing.T) {
	one := message(peersListen, "127.0.0.1:2")
	huge := message(rpcListens, "")
	binary.LittleEndian.PutUint32(huge[len(huge)-4:], maxPayload+1)
	for name, in := range map[string][]byte{
		"a node that has ended":  one,
		"half a message":         one[:len(one)-1],
		"another version":        append([]byte{2}, one[1:]...),
		"an oversized message":   append(huge, bytes.Repeat([]byte("x"), maxPayload+1)...),
		"a message without body": message(rpcListens, "x")[:4],
	} {
		if _, _, err := readAddrs(bytes.NewReader(in)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
