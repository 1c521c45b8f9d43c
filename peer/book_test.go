package peer

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/decred/dcrd/chaincfg/v3"

	"github.com/spvd/spvd/peer/internal/addrbook"
)

// bookAt returns a book of the main network with a seed, and its clock.
func bookAt(seed uint64) (*book, *time.Time) {
	now := time.Unix(1_700_000_000, 0)
	return newBook(&Config{Params: chaincfg.MainNetParams(), Onion: true, Now: func() time.Time { return now },
		Rand: rand.New(rand.NewPCG(seed, 0)).Uint64}), &now
}

// addressesOf returns n addresses in network groups of their own, from the first on.
func addressesOf(first, n int, at time.Time) []addrbook.Announced {
	list := make([]addrbook.Announced, n)
	for i := range list {
		k := first + i
		list[i] = addrbook.Announced{Addr: fmt.Sprintf("%d.%d.%d.9:9108", 20+k%60, k/60%250, k/15000), Services: 1, Seen: at}
	}
	return list
}
