package node

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

// The messages in which dcrd reports where it listens.
const (
	peersListen = "p2plistenaddr"
	rpcListens  = "rpclistenaddr"
)

// maxPayload bounds the payload of a pipe message.
const maxPayload = 1 << 10

// readMessage reads one message of dcrd's pipe protocol: version 1, the length
// of the type and the type, the length of the payload (little-endian) and the
// payload.
func readMessage(r *bufio.Reader) (kind, payload string, err error) {
	var head [2]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return "", "", fmt.Errorf("read pipe message: %w", err)
	}
	if head[0] != 1 {
		return "", "", fmt.Errorf("read pipe message: unknown version %d", head[0])
	}
	name := make([]byte, head[1])
	if _, err := io.ReadFull(r, name); err != nil {
		return "", "", fmt.Errorf("read pipe message type: %w", err)
	}
	var size uint32
	if err := binary.Read(r, binary.LittleEndian, &size); err != nil {
		return "", "", fmt.Errorf("read pipe message %s: %w", name, err)
	}
	if size > maxPayload {
		return "", "", fmt.Errorf("read pipe message %s: %d bytes of payload", name, size)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(r, body); err != nil {
		return "", "", fmt.Errorf("read pipe message %s: %w", name, err)
	}
	return string(name), string(body), nil
}

// readAddrs reads messages until both listeners are known.
func readAddrs(r io.Reader) (peers, rpc string, err error) {
	buf := bufio.NewReader(r)
	for peers == "" || rpc == "" {
		kind, payload, err := readMessage(buf)
		if err != nil {
			return "", "", err
		}
		switch kind {
		case peersListen:
			peers = payload
		case rpcListens:
			rpc = payload
		}
	}
	return peers, rpc, nil
}

// ReadAddr reads messages of the pipe protocol, which dcrwallet speaks too, until one of
// a kind, and returns the address in it.
func ReadAddr(r io.Reader, kind string) (string, error) {
	buf := bufio.NewReader(r)
	for {
		got, payload, err := readMessage(buf)
		if err != nil || got == kind {
			return payload, err
		}
	}
}
