package miner

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrjson/v4"
	"github.com/decred/dcrd/wire"
	"github.com/jrick/wsrpc/v2"

	"github.com/spvd/spvd/e2e/node"
)

// firstTickets is how many blocks before the first vote tickets begin to be
// bought, beyond the time they need to mature: so many blocks' tickets are in
// the pool when the lottery starts.
const firstTickets = 20

// patience bounds the time one block may take.
const patience = 20 * time.Second

// Config says how to mine.
type Config struct {
	// Node is mined on. Its mining address is Address().
	Node *node.Node

	// Payments is the number of payments to strangers per block, as far as
	// there are coins for them.
	Payments int

	// Voters are the private keys of others that the miner votes with, beside its
	// own.
	Voters [][]byte

	// Start is the timestamp of block 1; each later block is one second
	// younger. Zero means an hour ago, which is time for 3,600 blocks and more.
	Start time.Time
}

// Count is what blocks contain.
type Count struct {
	Blocks   int
	Voted    int // blocks with votes
	Votes    int
	Tickets  int
	Payments int // ordinary transactions but the coinbases
}

// Add adds what other blocks contain.
func (c *Count) Add(o Count) {
	c.Blocks += o.Blocks
	c.Voted += o.Voted
	c.Votes += o.Votes
	c.Tickets += o.Tickets
	c.Payments += o.Payments
}

// Miner extends a node's main chain. It is for one goroutine at a time.
type Miner struct {
	params    *chaincfg.Params
	subsidies *standalone.SubsidyCache
	node      *node.Node
	rpc       *wsrpc.Client
	notes     *notes
	ledger    *ledger
	payments  int
	start     time.Time
	early     int // blocks of the present call of MineEarly so far; -1 outside of one
}

// New connects a miner to its node, which no other miner has been connected to
// since it was started.
func New(ctx context.Context, c Config) (*Miner, error) {
	params := chaincfg.SimNetParams()
	purse, err := openPurse(params, c.Voters...)
	if err != nil {
		return nil, err
	}
	m := &Miner{
		params:    params,
		subsidies: standalone.NewSubsidyCache(params),
		node:      c.Node,
		notes:     newNotes(),
		ledger:    newLedger(params, purse),
		payments:  c.Payments,
		start:     c.Start,
		early:     -1,
	}
	if m.start.IsZero() {
		m.start = time.Now().Add(-time.Hour)
	}
	if m.rpc, err = c.Node.Dial(ctx, m.notes); err != nil {
		return nil, fmt.Errorf("start miner: %w", err)
	}
	if err := m.subscribe(ctx); err != nil {
		m.Close()
		return nil, fmt.Errorf("start miner: %w", err)
	}
	return m, nil
}

// subscribe has the node report winning tickets and work. The work it has
// before is asked for, unless it waits for votes to make some.
func (m *Miner) subscribe(ctx context.Context) error {
	if err := m.sync(ctx); err != nil {
		return err
	}
	if !m.needVotes() {
		if err := m.firstWork(ctx); err != nil {
			return err
		}
	}
	if err := m.call(ctx, "notifywork", nil); err != nil {
		return err
	}
	return m.call(ctx, "notifywinningtickets", nil)
}

// needVotes reports whether the next block needs votes.
func (m *Miner) needVotes() bool { return m.ledger.height()+1 >= m.params.StakeValidationHeight }

// Close ends the miner's connection.
func (m *Miner) Close() {
	_ = m.rpc.Close() // nothing is in flight
}

// Mine extends the node's main chain by n blocks and reports what is in them.
func (m *Miner) Mine(ctx context.Context, n int) (Count, error) {
	var sum Count
	for range n {
		block, err := m.MineWith(ctx, Ballot{})
		if err != nil {
			return sum, err
		}
		sum.Add(countOf(block))
	}
	return sum, nil
}

// earlyRun is how many early blocks have the same timestamp: the most that are
// newer than the median of the eleven blocks before, as the rules want.
const earlyRun = 6

// MineEarly extends the node's main chain by n blocks that come as early as the
// rules allow, by their timestamps: one second passes in six blocks. So the
// difficulty doubles about every seven blocks.
func (m *Miner) MineEarly(ctx context.Context, n int) (Count, error) {
	m.early = 0
	defer func() { m.early = -1 }()
	return m.Mine(ctx, n)
}

// MineWith extends the node's main chain by one block, with votes as the ballot
// says. It returns the block.
func (m *Miner) MineWith(ctx context.Context, b Ballot) (*wire.MsgBlock, error) {
	header, err := m.block(ctx, &b)
	if err != nil {
		return nil, fmt.Errorf("mine block %d: %w", m.ledger.height()+1, err)
	}
	block, err := m.follow(ctx, header.BlockHash())
	if err != nil {
		return nil, fmt.Errorf("mine block %d: %w", header.Height, err)
	}
	return block, nil
}

// countOf returns what a block contains.
func countOf(block *wire.MsgBlock) Count {
	c := Count{
		Blocks:   1,
		Votes:    int(block.Header.Voters),
		Tickets:  int(block.Header.FreshStake),
		Payments: len(block.Transactions) - 1,
	}
	if c.Votes > 0 {
		c.Voted = 1
	}
	return c
}

// Pay sends a payment to a script. The next block carries it.
func (m *Miner) Pay(ctx context.Context, script []byte, amount int64) (chainhash.Hash, error) {
	if err := m.sync(ctx); err != nil {
		return chainhash.Hash{}, err
	}
	tx, err := m.ledger.payment(script, amount)
	if err != nil {
		return chainhash.Hash{}, err
	}
	if tx == nil {
		return chainhash.Hash{}, fmt.Errorf("pay %d atoms: no coin is large enough", amount)
	}
	return tx.TxHash(), m.send(ctx, tx)
}

// block sends the transactions of the next block and mines it. The votes go
// last: they make the node compose the template.
func (m *Miner) block(ctx context.Context, b *Ballot) (*wire.BlockHeader, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := m.sync(ctx); err != nil {
		return nil, err
	}
	if err := m.spend(ctx); err != nil {
		return nil, err
	}
	if err := m.buyTickets(ctx); err != nil {
		return nil, err
	}
	votes, err := m.castVotes(ctx, b)
	if err != nil {
		return nil, err
	}
	w, err := m.nextWork(ctx, votes)
	if err != nil {
		return nil, err
	}
	if err := w.solve(m.nextTime(), m.params); err != nil {
		return nil, err
	}
	if m.early >= 0 {
		m.early++
	}
	return &w.header, m.submit(ctx, w)
}

// nextTime returns the timestamp of the next block.
func (m *Miner) nextTime() time.Time {
	if m.ledger.height() == 0 {
		return m.start
	}
	if m.early > 0 && m.early%earlyRun != 0 {
		return m.ledger.time()
	}
	return m.ledger.time().Add(blockSpacing)
}

// spend sends the payments of the next block and splits coins if need be.
func (m *Miner) spend(ctx context.Context) error {
	for i := range m.payments {
		script, err := m.ledger.stranger(i)
		if err != nil {
			return err
		}
		tx, err := m.ledger.payment(script, paymentAmount)
		if err != nil {
			return err
		}
		if err := m.send(ctx, tx); err != nil {
			return err
		}
	}
	tx, err := m.ledger.split()
	if err != nil {
		return err
	}
	return m.send(ctx, tx)
}

// buyTickets buys as many tickets as a block uses up.
func (m *Miner) buyTickets(ctx context.Context) error {
	first := m.params.StakeValidationHeight - int64(m.params.TicketMaturity) - firstTickets
	if m.ledger.height() < first {
		return nil
	}
	price, err := m.TicketPrice(ctx)
	if err != nil {
		return err
	}
	for range m.params.TicketsPerBlock {
		tx, err := m.ledger.buy(price)
		if err != nil {
			return err
		}
		if err := m.send(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// TicketPrice returns what the next block's tickets cost, in atoms, and a
// quarter more: before votes are needed, templates lag a block behind.
func (m *Miner) TicketPrice(ctx context.Context) (int64, error) {
	var r struct {
		Next float64 `json:"next"` // in coins
	}
	if err := m.call(ctx, "getstakedifficulty", &r); err != nil {
		return 0, err
	}
	const atomsPerCoin = 1e8
	return int64(r.Next * atomsPerCoin * 1.25), nil
}

// castVotes votes for the last block with the tickets that may, and returns how
// many votes the next block needs.
func (m *Miner) castVotes(ctx context.Context, b *Ballot) (int, error) {
	if !m.needVotes() {
		return 0, nil
	}
	winners, err := m.winners(ctx)
	if err != nil {
		return 0, err
	}
	votes := 0
	for _, hash := range winners {
		if b.withholds(hash) {
			continue
		}
		ticket := m.ledger.ticket(hash)
		if ticket == nil {
			return 0, fmt.Errorf("vote for block %v: ticket %v is unknown", m.ledger.tip(), hash)
		}
		tx, err := m.ledger.vote(ticket, b, m.subsidies)
		if err != nil {
			return 0, err
		}
		if err := m.send(ctx, tx); err != nil {
			return 0, err
		}
		votes++
	}
	return votes, nil
}

// winners returns the tickets that may vote for the last block.
func (m *Miner) winners(ctx context.Context) ([]chainhash.Hash, error) {
	if tickets, ok := m.notes.takeWinners(m.ledger.tip()); ok {
		return tickets, nil
	}
	if err := m.call(ctx, "rebroadcastwinners", nil); err != nil {
		return nil, err
	}
	for {
		if tickets, ok := m.notes.takeWinners(m.ledger.tip()); ok {
			return tickets, nil
		}
		if err := m.changed(ctx); err != nil {
			return nil, fmt.Errorf("wait for the winning tickets of %v: %w", m.ledger.tip(), err)
		}
	}
}

// send gives a transaction to the node. That the node has it already is no
// error, nor is nil.
func (m *Miner) send(ctx context.Context, tx *wire.MsgTx) error {
	if tx == nil {
		return nil
	}
	raw, err := tx.Bytes()
	if err != nil {
		return fmt.Errorf("send transaction: %w", err)
	}
	err = m.call(ctx, "sendrawtransaction", nil, hex.EncodeToString(raw))
	var refusal *wsrpc.Error
	if errors.As(err, &refusal) && refusal.Code == int64(dcrjson.ErrRPCDuplicateTx) {
		err = nil
	}
	if err == nil {
		m.ledger.reserve(tx)
	}
	return err
}

// changed waits for a notification.
func (m *Miner) changed(ctx context.Context) error {
	select {
	case <-m.notes.changed:
		return nil
	case <-m.rpc.Done():
		return fmt.Errorf("miner's connection: %w", m.rpc.Err())
	case <-ctx.Done():
		return ctx.Err()
	}
}

// call calls an RPC method of the node.
func (m *Miner) call(ctx context.Context, method string, result any, params ...any) error {
	if err := m.rpc.Call(ctx, method, result, params...); err != nil {
		return fmt.Errorf("node %s: %w", method, err)
	}
	return nil
}
