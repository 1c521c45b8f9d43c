package feed

import (
	"slices"
	"strconv"
	"strings"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// locator lists the newest blocks that a client knows, newest first: the place of a feed on
// the main chain, which can be found again after a reorganisation.
type locator []consensus.BlockID

const (
	// cursorBlocks is how many blocks a cursor holds. Those below, if all of them have left
	// the main chain, are known while the chain keeps their headers.
	cursorBlocks = 6

	// locatorLength is how many blocks a locator holds at most: the deepest reorganisation
	// that a client can be notified of.
	locatorLength = 100
)

// cursor returns the first blocks of a locator as HEIGHT:HASH,HASH,… with the
// newest block first.
func (l locator) cursor() string {
	var b strings.Builder
	b.WriteString(strconv.FormatInt(int64(l[0].Height), 10))
	for i := range min(len(l), cursorBlocks) {
		b.WriteByte(":,"[min(i, 1)])
		b.WriteString(l[i].Hash.String())
	}
	return b.String()
}

// extended returns a locator with the blocks below it down to the main chain, if all of its
// blocks have left that recently and those below are not too many; otherwise the locator
// itself.
func (l locator) extended(store *chain.Reader) locator {
	genesis, err := store.Hash(0)
	if err != nil {
		return l
	}
	br, err := store.Branch(l[len(l)-1].Hash, []consensus.BlockID{{Hash: genesis}})
	if err != nil || len(br.Left) == 0 || len(l)+len(br.Left) > locatorLength {
		return l
	}
	return append(append(slices.Clone(l), br.Left[1:]...), br.Fork)
}

// parseCursor returns the locator of a cursor, nil for a text that is no cursor.
func parseCursor(text string) locator {
	number, hashes, _ := strings.Cut(text, ":")
	height, err := strconv.ParseInt(number, 10, 32)
	if err != nil || height < 0 {
		return nil
	}
	var l locator
	for text := range strings.SplitSeq(hashes, ",") {
		hash, err := chainhash.NewHashFromStr(text)
		if err != nil || len(text) != chainhash.MaxHashStringSize || height < 0 || len(l) == cursorBlocks {
			return nil
		}
		l = append(l, consensus.BlockID{Height: consensus.Height(height), Hash: *hash})
		height--
	}
	return l
}
