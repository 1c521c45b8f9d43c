package method

import (
	"context"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4/stdscript"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// stakeMethods returns the methods about tickets.
func stakeMethods() []Method {
	return []Method{
		getStakeInfo(),
		getTickets(),
		ticketInfo(),
		getVoteChoices(),
		tspendPolicy(),
		treasuryPolicy(),
	}
}

// seenTickets is what the help of the stake methods has in common.
const seenTickets = "Filters leave voting rights out, so only those tickets are known that the wallet paid for or that return to it. " +
	"The lottery is not: a ticket that has missed its vote shows as live until it is revoked, which is in the same block since DCP0009. " +
	"A revoked ticket counts as missed if it could have voted in a later block, and else as expired."

func getStakeInfo() Method {
	return Method{
		Name:    "getstakeinfo",
		Reads:   true,
		Summary: "Counts the tickets of the wallet, as far as the chain shows them.",
		Help: seenTickets + " Only those count that the wallet may vote with. difficulty is the ticket price of the next block; cost is that of " +
			"the immature and unspent tickets, reward what the others have added to the wallet.",
		Result:  "an object with dcrwallet's fields but allmempooltix, and bought, cost and reward",
		Returns: []any{api.StakeInfo{}},
		Example: `[]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			tickets, tip, err := c.tickets(ctx, w, 0)
			if err != nil {
				return nil, err
			}
			store, err := c.Syncer.Chain()
			if err != nil {
				return nil, err
			}
			info, err := atOneTip(store, func(chain.State) (api.StakeInfo, error) { return stakeOf(c.Params, store, tip) })
			if err != nil {
				return nil, err
			}
			for _, t := range tickets {
				if t.votes {
					t.count(&info)
				}
			}
			if info.PoolSize > 0 {
				info.ProportionLive = float64(info.Live) / float64(info.PoolSize)
			}
			if info.Missed > 0 {
				info.ProportionMissed = float64(info.Missed) / float64(info.Voted+info.Missed)
			}
			return info, nil
		},
	}
}

func getTickets() Method {
	return Method{
		Name:    "gettickets",
		Reads:   true,
		Summary: "Lists the tickets that the wallet may vote with.",
		Help:    seenTickets,
		Params:  []param{{name: "includeimmature", kind: kindBool, text: "Whether those are listed that are not mature or not mined yet."}},
		Result:  "an object with their hashes",
		Returns: []any{api.Tickets{}},
		Example: `[true]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			tickets, _, err := c.tickets(ctx, w, 0)
			if err != nil {
				return nil, err
			}
			list := api.Tickets{Hashes: []string{}}
			for _, t := range tickets {
				live := t.tx.TicketStatus == wallet.LiveTicket
				young := t.tx.TicketStatus == wallet.ImmatureTicket || t.tx.TicketStatus == wallet.UnminedTicket
				if t.votes && (live || young && c.bool("includeimmature")) {
					list.Hashes = append(list.Hashes, t.tx.Hash.String())
				}
			}
			return list, nil
		},
	}
}

func ticketInfo() Method {
	return Method{
		Name:    "ticketinfo",
		Reads:   true,
		Summary: "Describes the tickets of the wallet, newest first.",
		Help:    seenTickets + " Times are Unix seconds; age is in blocks, up to the vote or the revocation, or the newest block.",
		Params:  []param{{name: "startheight", kind: kindInt, optional: true, def: int64(0), text: "The height of the oldest block to look in."}},
		Result:  "an array with an object for each ticket; without a block the height is -1",
		Returns: []any{[]api.TicketInfo{}},
		Example: `[]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			from, err := c.count("startheight")
			if err != nil {
				return nil, err
			}
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			tickets, tip, err := c.tickets(ctx, w, consensus.Height(max(0, from-1)))
			if err != nil {
				return nil, err
			}
			list := []api.TicketInfo{}
			for _, t := range tickets {
				list = append(list, t.describe(c.Params, tip.Height))
			}
			return list, nil
		},
	}
}

// stakeOf returns what getstakeinfo says about a block, which is on the main chain or has
// left it lately, and about the one after it. The error for other blocks is errSyncing: the wallet
// is about to leave them.
func stakeOf(p *consensus.Params, store *chain.Reader, tip consensus.BlockID) (api.StakeInfo, error) {
	a := ancestors{store: store}
	if hash, err := store.Hash(tip.Height); err != nil || hash != tip.Hash {
		b, err := store.Stale(tip.Hash)
		if err != nil {
			return api.StakeInfo{}, errSyncing
		}
		a.left = make(map[consensus.Height]consensus.Header)
		for _, id := range b.Branch {
			of, err := store.Stale(id.Hash)
			if err != nil {
				return api.StakeInfo{}, errSyncing
			}
			a.left[id.Height] = of.Header
		}
	}
	best := a.At(tip.Height)
	if best == nil {
		return api.StakeInfo{}, errSyncing
	}
	return api.StakeInfo{
		BlockHeight: int64(tip.Height),
		Difficulty:  api.Amount(consensus.NextSBits(p, a, tip.Height)),
		PoolSize:    best.PoolSize(),
	}, nil
}

// ancestors are the headers of a chain, for the rules that look at them: of the main chain,
// but for the blocks of a branch that was left.
type ancestors struct {
	store *chain.Reader
	left  map[consensus.Height]consensus.Header
}

// At implements consensus.Ancestors.
func (a ancestors) At(h consensus.Height) *consensus.Header {
	if header, ok := a.left[h]; ok {
		return &header
	}
	header, err := a.store.Header(h)
	if err != nil {
		return nil
	}
	return &header
}

// ticket is a ticket of the wallet and what spends it.
type ticket struct {
	tx      *wallet.Transaction
	votes   bool // the wallet may vote with it
	spender *wallet.Transaction
}

// tickets returns the tickets of the wallet that were mined above a height or are not
// mined, newest first, and the newest block at that moment.
func (c *Call) tickets(ctx context.Context, w *wallet.Wallet, above consensus.Height) (list []ticket, tip consensus.BlockID, err error) {
	spenders := make(map[chainhash.Hash]*wallet.Transaction)
	err = w.EachTransaction(ctx, wallet.HistoryFilter{Above: above, At: &tip}, func(tx *wallet.Transaction) bool {
		switch tx.Kind {
		case wallet.Vote:
			spenders[tx.Tx.TxIn[1].PreviousOutPoint.Hash] = tx
		case wallet.Revocation:
			spenders[tx.Tx.TxIn[0].PreviousOutPoint.Hash] = tx
		case wallet.Ticket:
			t := ticket{tx: tx, spender: spenders[tx.Hash]} // newer, so it came before
			for _, credit := range tx.Credits {
				t.votes = t.votes || credit.Source == wallet.FromTicket && !credit.Commitment
			}
			list = append(list, t)
		case wallet.Regular, wallet.Coinbase, wallet.TreasuryAdd, wallet.TreasurySpend, wallet.TreasuryBase:
		}
		return true
	})
	return list, tip, err
}

// count adds the ticket to the counts.
func (t *ticket) count(info *api.StakeInfo) {
	if !t.tx.Mined() {
		info.OwnMempoolTix++
		return
	}
	info.Bought++
	cost := api.Amount(t.tx.Tx.TxOut[0].Value)
	revoked := t.ended() && t.spender.Kind == wallet.Revocation
	switch t.tx.TicketStatus {
	case wallet.ImmatureTicket:
		info.Immature++
		info.Cost += cost
	case wallet.LiveTicket:
		info.Unspent++
		info.Live++
		info.Cost += cost
	case wallet.VotedTicket:
		info.Voted++
		if t.ended() {
			info.TotalSubsidy += api.Amount(t.spender.Tx.TxIn[0].ValueIn)
		}
	case wallet.MissedTicket:
		info.Missed++
	case wallet.ExpiredTicket:
		info.Expired++
		if !revoked {
			info.Unspent++
			info.UnspentExpired++
			info.Cost += cost
		}
	case wallet.NoTicket, wallet.UnminedTicket, wallet.SpentTicket:
	}
	if revoked {
		info.Revoked++
	}
	if t.ended() {
		info.Reward += api.Amount(t.spender.Net())
	}
}

// ended reports whether a vote or a revocation of the ticket is mined.
func (t *ticket) ended() bool { return t.spender != nil && t.spender.Mined() }

// describe returns what ticketinfo shows at a tip.
func (t *ticket) describe(p *consensus.Params, tip consensus.Height) api.TicketInfo {
	out := t.tx.Tx.TxOut[0]
	info := api.TicketInfo{
		Hash:        t.tx.Hash.String(),
		Cost:        api.Amount(out.Value),
		BlockHeight: -1,
		Status:      t.tx.TicketStatus.String(),
		MayVote:     t.votes,
		Time:        t.tx.Time.Unix(),
	}
	if t.tx.TicketStatus == wallet.UnminedTicket {
		info.Status = wallet.ImmatureTicket.String() // as dcrwallet: the height tells them apart
	}
	if _, addrs := stdscript.ExtractAddrs(out.Version, out.PkScript, p.ChainParams); len(addrs) > 0 {
		info.VotingAddress = addrs[0].String()
	}
	if t.tx.Mined() {
		info.BlockHash, info.BlockHeight = t.tx.Block.String(), int64(t.tx.Place.Height)
		info.Age = int64(tip) - info.BlockHeight
	}
	if t.ended() {
		reward := api.Amount(t.spender.Net())
		info.SpentHeight, info.SpentTime, info.Reward = int64(t.spender.Place.Height), t.spender.Time.Unix(), &reward
		info.Age = info.SpentHeight - info.BlockHeight
	}
	switch {
	case t.spender == nil:
	case t.spender.Kind == wallet.Vote:
		info.Vote = t.spender.Hash.String()
	default:
		info.Revocation = t.spender.Hash.String()
	}
	return info
}
