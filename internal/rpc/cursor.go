package rpc

import (
	"encoding/binary"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/rpc/api"
)

// cursorBlocks is how many blocks a cursor names: a reorganisation of fewer
// blocks while the client was away is replayed, a deeper one is a gap.
const cursorBlocks = 6

// Where fields stand in a header (wire: BlockHeader).
const (
	offPrevBlock = 4
	offTimestamp = 136
)

// cursor spells out the first blocks of a trail as HEIGHT:HASH,HASH,… with the
// newest block first.
func cursor(trail []api.BlockID) string {
	var b strings.Builder
	b.WriteString(strconv.FormatInt(trail[0].Height, 10))
	for i := range min(len(trail), cursorBlocks) {
		b.WriteByte(":,"[min(i, 1)])
		b.WriteString(trail[i].Hash)
	}
	return b.String()
}

// parseCursor returns the trail a cursor spells out, nil for a text that is
// none.
func parseCursor(text string) []api.BlockID {
	number, hashes, _ := strings.Cut(text, ":")
	height, err := strconv.ParseInt(number, 10, 32)
	if err != nil || height < 0 {
		return nil
	}
	var trail []api.BlockID
	for hash := range strings.SplitSeq(hashes, ",") {
		if _, err := hex.DecodeString(hash); err != nil || len(hash) != hex.EncodedLen(chainhash.HashSize) ||
			height < 0 || len(trail) == cursorBlocks {
			return nil
		}
		trail = append(trail, api.BlockID{Height: height, Hash: strings.ToLower(hash)})
		height--
	}
	return trail
}

// blockTime returns the time of a block in Unix seconds.
func blockTime(raw *[180]byte) int64 {
	return int64(binary.LittleEndian.Uint32(raw[offTimestamp:]))
}
