package parent

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Types of messages.
const (
	// ListenerType is the type of a message with the address at which JSON-RPC is served.
	ListenerType = "jsonrpclistener"

	// ClientCertType is the type of a message with what a client of JSON-RPC authenticates
	// with, in PEM: a private key, a certificate of it, and that of the issuer.
	ClientCertType = "issuedclientcertificate"
)

// protocolVersion is the first byte of each message.
const protocolVersion = 1

// Message is what the daemon reports.
type Message struct {
	Type    string // at most 255 bytes
	Payload []byte
}

// encode returns a message as it is written: the version and the length of the type as one byte
// each, the type, the length of the payload as four bytes, the lowest first, and the payload.
func (m Message) encode() ([]byte, error) {
	if len(m.Type) > math.MaxUint8 || uint64(len(m.Payload)) > math.MaxUint32 {
		return nil, fmt.Errorf("message of type %.20q is too long", m.Type)
	}
	b := []byte{protocolVersion, byte(len(m.Type))}
	b = append(b, m.Type...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(m.Payload)))
	return append(b, m.Payload...), nil
}
