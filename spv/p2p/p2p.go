package p2p

import "github.com/decred/dcrd/chaincfg/chainhash"

// PeerID names one connection with a peer. It is unique within a process and never used
// again; zero names no peer.
type PeerID uint64

// Announcement is the announcement of new blocks by a peer: of their headers if Headers is
// not nil, else of their hashes.
type Announcement struct {
	From    PeerID
	Headers []byte // the payload of a headers message of the right form
	Blocks  []chainhash.Hash
}

// LateReply is a reply that arrived after another peer had answered the request, or after the
// request was abandoned. The form of its payload was checked.
type LateReply struct {
	From PeerID
	Kind ReplyKind

	// Locator lists the hashes of a request for headers, without those if it was empty. First
	// and Last are the first and the last requested block of filters, or both the same block.
	Locator     []chainhash.Hash
	First, Last chainhash.Hash

	Payload []byte
}

// ReplyKind is the kind of a reply to a request.
type ReplyKind uint8

// The kinds of late replies that are delivered.
const (
	Headers  ReplyKind = iota // a headers message
	CFilters                  // a cfiltersv2 message
	Block                     // a block message
)

// Tx is an unmined transaction that a peer has sent on request. The form of its bytes was
// checked.
type Tx struct {
	From   PeerID
	Source string // the host or network of the peer, against which the bytes count
	Raw    []byte
	Agreed bool // peers of two networks have sent these bytes
}

// TxEvent is what a peer has shown about a transaction that was offered.
type TxEvent struct {
	From PeerID
	Hash chainhash.Hash

	// Requested means that the peer has requested the transaction. Otherwise it has announced
	// the transaction without having been offered it.
	Requested bool
}

// MixMessage is a message of peer-to-peer mixing that a peer has sent on request. Its form was not
// checked.
type MixMessage struct {
	From    PeerID
	Hash    chainhash.Hash // of Raw, by which it was announced
	Command string         // of the wire, that says which message it is
	Raw     []byte         // the payload
}
