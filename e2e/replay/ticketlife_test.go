package replay

import (
	"path/filepath"
	"testing"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/database/v3"
	_ "github.com/decred/dcrd/database/v3/ffldb"
	"github.com/decred/dcrd/wire"
)

// unvoted are the parameters of simnet without a lottery.
type unvoted struct{ *chaincfg.Params }

func (unvoted) StakeValidationBeginHeight() int64 { return 1 << 40 }

// TestTicketLifeIsThatOfNodes: in the pool of dcrd, a ticket that is never drawn is live from
// the block in which it matures, and expires with the last block of ticketLife. Simnet has no
// pool in which a ticket would stay undrawn for so long.
func TestTicketLifeIsThatOfNodes(t *testing.T) {
	net := chaincfg.SimNetParams()
	db, err := database.Create("ffldb", filepath.Join(t.TempDir(), "tickets"), wire.SimNet)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var pool *stake.Node
	err = db.Update(func(tx database.Tx) (err error) {
		pool, err = stake.InitDatabaseState(tx, unvoted{net}, &net.GenesisHash)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	const bought = 100
	ticket := chainhash.Hash{1}
	first, expiry := int64(0), int64(0)
	for height := int64(1); expiry == 0 && height < 2*(bought+ticketLife); height++ {
		var matured []chainhash.Hash
		if height == bought+int64(net.TicketMaturity) { // dcrd, internal/blockchain/stakenode.go: maybeFetchNewTickets
			matured = append(matured, ticket)
		}
		if pool, err = pool.ConnectNode(chainhash.Hash{}, nil, nil, matured); err != nil {
			t.Fatal(err)
		}
		if first == 0 && pool.ExistsLiveTicket(ticket) {
			first = height
		}
		if pool.ExistsExpiredTicket(ticket) {
			expiry = height
		}
	}
	if first != bought+ticketMaturity-1 || expiry != bought+ticketLife {
		t.Errorf("a ticket of block %d is live from %d on and expires in %d, want %d and %d", bought, first, expiry, bought+ticketMaturity-1, bought+ticketLife)
	}
}
