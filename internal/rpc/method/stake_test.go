package method

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// TestStakeOfALeftTip: what getstakeinfo says about the block that the wallet is at follows from
// the chain of that block, also while the wallet has not left it yet.
func TestStakeOfALeftTip(t *testing.T) {
	was, err := testnet.Generate(t.Context(), testnet.Config{Seed: 4, Blocks: 420})
	if err != nil {
		t.Fatal(err)
	}
	is := was.Outgrow(380, 5)
	p := was.Params()
	store, err := chain.Open(chain.Config{Path: filepath.Join(t.TempDir(), "chain.db"), Params: p})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for _, c := range []*testnet.Chain{was, is} {
		batch, err := consensus.PrepareHeaders(p, c.Headers(1, c.Height()).Bytes())
		if err == nil {
			_, err = store.Extend(batch, 1, c.Now())
		}
		if err == nil {
			err = store.Flush()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []*testnet.Chain{was, is} {
		for h := c.Height() - 4; h <= c.Height(); h++ {
			got, err := stakeOf(p, store.Reader, c.ID(h))
			if err != nil || int64(got.Difficulty) != consensus.NextSBits(p, c, h) || got.PoolSize != c.At(h).PoolSize() || got.BlockHeight != int64(h) {
				t.Errorf("block %d: %+v (%v), want %d and %d", h, got, err, consensus.NextSBits(p, c, h), c.At(h).PoolSize())
			}
		}
	}
	if _, err := stakeOf(p, store.Reader, consensus.BlockID{Height: 3}); err == nil {
		t.Error("a block that never was has stake information")
	}
}

// TestTicketsOfEveryStatus: what getstakeinfo counts and ticketinfo shows of a ticket of 5 coins
// that was bought in block 20, in each status, when the wallet is at block 450.
func TestTicketsOfEveryStatus(t *testing.T) {
	bought := func(status wallet.TicketStatus) *wallet.Transaction {
		tx := wire.NewMsgTx()
		tx.AddTxOut(wire.NewTxOut(5e8, nil))
		return &wallet.Transaction{
			Hash: chainhash.Hash{1}, Tx: tx, Kind: wallet.Ticket, TicketStatus: status,
			Block: chainhash.Hash{2}, Place: wallet.Place{Height: 20}, Time: time.Unix(2000, 0),
		}
	}
	unmined := bought(wallet.UnminedTicket)
	unmined.Block, unmined.Place = chainhash.Hash{}, wallet.Place{}
	spender := func(kind wallet.Kind, net int64) *wallet.Transaction {
		tx := wire.NewMsgTx()
		tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{}, 1000, nil)) // of a vote, what it makes
		return &wallet.Transaction{
			Hash: chainhash.Hash{3}, Tx: tx, Kind: kind,
			Block: chainhash.Hash{4}, Place: wallet.Place{Height: 60}, Time: time.Unix(6000, 0),
			Credits: []wallet.Credit{{Amount: 7000}}, Unlocked: 7000 - dcrutil.Amount(net),
		}
	}
	pending := spender(wallet.Vote, 900)
	pending.Block = chainhash.Hash{}
	text := func(n string) string { return `"` + strings.Repeat("0", 63) + n + `"` }
	start := `{"hash":` + text("1") + `,"cost":5,"votingaddress":"","status":`
	mined := `,"blockhash":` + text("2") + `,"blockheight":20,`
	const yet = `"mayvote":false,"time":2000,"age":430}`
	const ended = `,"mayvote":true,"time":2000,"age":40,"spentheight":60,"spenttime":6000,"reward":`
	vote, revocation := `"vote":`+text("3"), `"revocation":`+text("3")
	for name, test := range map[string]struct {
		ticket ticket
		count  api.StakeInfo
		line   string
	}{
		"unmined":  {ticket{tx: unmined}, api.StakeInfo{OwnMempoolTix: 1}, `"immature","blockheight":-1,"mayvote":false,"time":2000,"age":0}`},
		"immature": {ticket{tx: bought(wallet.ImmatureTicket)}, api.StakeInfo{Bought: 1, Immature: 1, Cost: 5e8}, `"immature"` + mined + yet},
		"live":     {ticket{tx: bought(wallet.LiveTicket)}, api.StakeInfo{Bought: 1, Live: 1, Unspent: 1, Cost: 5e8}, `"live"` + mined + yet},
		"live, a vote is not mined": {
			ticket{tx: bought(wallet.LiveTicket), spender: pending},
			api.StakeInfo{Bought: 1, Live: 1, Unspent: 1, Cost: 5e8}, `"live"` + mined + vote + `,` + yet,
		},
		"voted": {
			ticket{tx: bought(wallet.VotedTicket), votes: true, spender: spender(wallet.Vote, 900)},
			api.StakeInfo{Bought: 1, Voted: 1, TotalSubsidy: 1000, Reward: 900}, `"voted"` + mined + vote + ended + `0.000009}`,
		},
		"missed": {
			ticket{tx: bought(wallet.MissedTicket), votes: true, spender: spender(wallet.Revocation, -30)},
			api.StakeInfo{Bought: 1, Missed: 1, Revoked: 1, Reward: -30}, `"missed"` + mined + revocation + ended + `-0.0000003}`,
		},
		"expired, and revoked": {
			ticket{tx: bought(wallet.ExpiredTicket), votes: true, spender: spender(wallet.Revocation, 0)},
			api.StakeInfo{Bought: 1, Expired: 1, Revoked: 1}, `"expired"` + mined + revocation + ended + `0}`,
		},
		"expired": {
			ticket{tx: bought(wallet.ExpiredTicket)},
			api.StakeInfo{Bought: 1, Expired: 1, Unspent: 1, UnspentExpired: 1, Cost: 5e8}, `"expired"` + mined + yet,
		},
	} {
		var count api.StakeInfo
		test.ticket.count(&count)
		if count != test.count {
			t.Errorf("%s counts %+v, want %+v", name, count, test.count)
		}
		line, err := json.Marshal(test.ticket.describe(consensus.SimNet(), 450))
		if err != nil || string(line) != start+test.line {
			t.Errorf("%s is %s (%v), want\n%s", name, line, err, start+test.line)
		}
	}
}
