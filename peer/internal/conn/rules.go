package conn

import (
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
)

// handling is how the payload of a message is processed.
type handling uint8

const (
	skip   handling = iota // skipped without hashing: this package does not use it
	decode                 // decoded by wire from a buffer that is used again
	keep                   // delivered byte for byte in a buffer of its own
	mixing                 // like keep where mixing is wanted, else like skip
)

// rule is how the messages of one command are read.
type rule struct {
	cmd      string
	limit    uint32 // of the payload, in bytes
	handling handling

	// blank makes the message that wire decodes into; only with decode.
	blank func() wire.Message

	// fits compares the count at the start of a payload with its size, before wire allocates
	// as much as the count claims; nil where that is little. Only with decode.
	fits func(payload []byte) error

	// lenient is the decoding error that is harmless: such a message is skipped. Only with
	// decode.
	lenient error

	// most is the size in bytes above which a payload is skipped; zero means the limit of the
	// message. Not with skip.
	most int

	// check returns the shape of a payload, or an error if its form is wrong; only with keep and
	// mixing.
	check func(payload []byte) (shape, error)
}

// maxMixSize is the size in bytes above which a message of mixing is skipped: room for a mix of
// hundreds of participants.
const maxMixSize = 1 << 20

// maxTxSize is the size in bytes above which no node relays a transaction (dcrd: mempool).
const maxTxSize = 100_000

// maxListed is the size in bytes above which a list of what a peer requests, or does not have, is
// skipped: of everything that we offer at most, 2,000 transactions and 500 messages of mixing.
const maxListed = 3 + 2500*(4+chainhash.HashSize)

// unknown is the rule for every command that is in no list: later protocol versions may add
// commands.
var unknown = rule{limit: wire.MaxMessagePayload}

// rules has the rule of each known command.
var rules = makeRules()

// ruleOf returns the rule for a command as it stands in a message header.
func ruleOf(cmd []byte) rule {
	if r, ok := rules[string(cmd)]; ok {
		return r
	}
	return unknown
}

func makeRules() map[string]rule {
	all := make(map[string]rule)
	add := func(h handling, m wire.Message, r rule) {
		r.cmd, r.handling, r.limit = m.Command(), h, maxPayload(m)
		all[r.cmd] = r
	}

	add(keep, &wire.MsgHeaders{}, rule{check: checkHeaders})
	add(keep, &wire.MsgCFiltersV2{}, rule{check: checkCFilters})
	add(keep, &wire.MsgCFilterV2{}, rule{check: checkCFilter})
	add(keep, &wire.MsgBlock{}, rule{check: checkBlock})
	add(keep, &wire.MsgTx{}, rule{check: checkTx, most: maxTxSize})

	for _, m := range []wire.Message{
		&wire.MsgMixCiphertexts{}, &wire.MsgMixConfirm{}, &wire.MsgMixDCNet{}, &wire.MsgMixFactoredPoly{},
		&wire.MsgMixKeyExchange{}, &wire.MsgMixPairReq{}, &wire.MsgMixSecrets{}, &wire.MsgMixSlotReserve{},
	} {
		add(mixing, m, rule{check: checkMix, most: maxMixSize})
	}

	add(decode, &wire.MsgVersion{}, rule{blank: func() wire.Message { return new(wire.MsgVersion) }})
	add(decode, &wire.MsgVerAck{}, rule{blank: func() wire.Message { return new(wire.MsgVerAck) }})
	add(decode, &wire.MsgPing{}, rule{blank: func() wire.Message { return new(wire.MsgPing) }})
	add(decode, &wire.MsgPong{}, rule{blank: func() wire.Message { return new(wire.MsgPong) }})
	add(decode, &wire.MsgInv{}, rule{fits: fitsInv, blank: func() wire.Message { return new(wire.MsgInv) }})
	add(decode, &wire.MsgGetData{}, rule{most: maxListed, fits: fitsInv, blank: func() wire.Message { return new(wire.MsgGetData) }})
	add(decode, &wire.MsgNotFound{}, rule{most: maxListed, fits: fitsInv, blank: func() wire.Message { return new(wire.MsgNotFound) }})
	add(decode, &wire.MsgGetInitState{}, rule{blank: func() wire.Message { return new(wire.MsgGetInitState) }})

	add(decode, &wire.MsgAddr{}, rule{blank: func() wire.Message { return new(wire.MsgAddr) }})
	add(decode, &wire.MsgAddrV2{}, rule{blank: func() wire.Message { return new(wire.MsgAddrV2) }, lenient: wire.ErrUnknownNetAddrType})

	for _, m := range []wire.Message{
		&wire.MsgFeeFilter{}, &wire.MsgGetAddr{},
		&wire.MsgGetBlocks{}, &wire.MsgGetCFilterV2{}, &wire.MsgGetCFsV2{}, &wire.MsgGetHeaders{},
		&wire.MsgGetMiningState{}, &wire.MsgInitState{}, &wire.MsgMemPool{}, &wire.MsgMiningState{},
		&wire.MsgSendHeaders{},
	} {
		add(skip, m, rule{})
	}
	return all
}

// maxPayload returns the largest payload that a message may have under any of
// the protocol versions spoken here.
func maxPayload(m wire.Message) uint32 {
	return max(m.MaxPayloadLength(minVersion), m.MaxPayloadLength(maxVersion))
}
