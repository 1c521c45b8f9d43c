package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/e2e/keys"
	"github.com/spvd/spvd/e2e/replay"
)

// accountName is the account that spvd watches. The demo has the keys, spvd only
// the extended public key.
const accountName = "demo"

const (
	coin = 100_000_000 // atoms
	fee  = 10_000      // atoms
)

// known is how many addresses of each branch the demo derives.
const known = replay.Gap

// account is somebody with money, who pays and is paid while spvd watches.
type account struct {
	keys  *keys.Account
	ring  *keys.Ring
	watch replay.Watch
}

// openAccount derives the keys.
func openAccount() (*account, error) {
	a, err := keys.NewAccount(accountName)
	if err != nil {
		return nil, err
	}
	acc := &account{keys: a, ring: keys.NewRing()}
	watched := &replay.Account{Name: accountName}
	for branch := range watched.Branches {
		for index := range known {
			key, err := a.Key(uint32(branch), uint32(index))
			if err != nil {
				return nil, err
			}
			acc.ring.Add(key)
			watched.Branches[branch] = append(watched.Branches[branch], replay.Address{Address: key.Address(), Script: key.Script()})
		}
	}
	acc.watch.Accounts = []*replay.Account{watched}
	return acc, nil
}

// script returns the script of an address.
func (a *account) script(branch, index int) []byte {
	return a.watch.Accounts[0].Branches[branch][index].Script
}

// income pays the account at its next address; the next block holds the payment.
func (p *performance) income(ctx context.Context, amount int64) error {
	_, err := p.miner.Pay(ctx, p.account.script(keys.External, p.incomes), amount)
	p.incomes++
	return err
}

// expense has the account pay a stranger. The change goes to an internal address.
func (p *performance) expense(ctx context.Context, amount int64) error {
	book, err := p.book(ctx)
	if err != nil {
		return err
	}
	for _, c := range book.Coins(accountName) {
		if c.Spent || c.Amount < amount+fee {
			continue
		}
		stranger, err := keys.NewKey("stranger")
		if err != nil {
			return err
		}
		tx := wire.NewMsgTx()
		tx.AddTxIn(wire.NewTxIn(&c.Op, c.Amount, nil))
		tx.AddTxOut(wire.NewTxOut(amount, stranger.Script()))
		tx.AddTxOut(wire.NewTxOut(c.Amount-amount-fee, p.account.script(keys.Internal, 0)))
		if err := p.account.ring.Sign(tx, 0, c.Script); err != nil {
			return err
		}
		raw, err := tx.Bytes()
		if err != nil {
			return err
		}
		return p.node.Call(ctx, "sendrawtransaction", nil, hex.EncodeToString(raw))
	}
	return errors.New("the account has no coin to spend")
}

// book reads dcrd's blocks, one by one, for what they mean to the account.
func (p *performance) book(ctx context.Context) (*replay.Book, error) {
	tip, err := p.node.Best(ctx)
	if err != nil {
		return nil, err
	}
	for height := len(p.blocks); height <= int(tip.Height); height++ {
		hash, err := p.node.Hash(ctx, int64(height))
		if err != nil {
			return nil, err
		}
		block, err := p.node.Block(ctx, hash)
		if err != nil {
			return nil, err
		}
		p.blocks = append(p.blocks, block)
	}
	return replay.Read(p.blocks, &p.account.watch), nil
}

// showAccount shows what spvd says the account has, and its newest transactions.
func (p *performance) showAccount(ctx context.Context) error {
	for _, command := range [][]string{{"balance", accountName}, {"history", accountName, "--count", "4"}} {
		r, err := p.daemon.Control(ctx, command...)
		if err != nil {
			return err
		}
		if r.Code != 0 {
			return fmt.Errorf("spvctl %s: exit code %d: %s", command[0], r.Code, r.Stderr)
		}
		p.show.say("account", "spvctl %s", strings.Join(command, " "))
		for line := range strings.Lines(r.Stdout) {
			p.show.say("", "  %s", cut(strings.TrimRight(line, "\n")))
		}
	}
	return nil
}

// cut shortens a line of a table to what a terminal shows.
func cut(line string) string {
	const width = 88
	if len(line) <= width {
		return line
	}
	return strings.TrimRight(line[:width], " ") + " …"
}

// accountLine says in one line what the account has.
func (p *performance) accountLine(ctx context.Context) (string, error) {
	b, err := p.balances(ctx)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("the account has %s DCR", coins(b.Spendable)), nil
}

// balances asks spvd what the account has.
func (p *performance) balances(ctx context.Context) (replay.Balances, error) {
	var b replay.Balances
	err := p.daemon.Call(ctx, "getbalance", &b)
	return b, err
}

// compareAccount wants what spvd says of the account to be what a replay of dcrd's
// blocks gives.
func (p *performance) compareAccount(ctx context.Context) error {
	p.show.begin("compare", "the account")
	book, err := p.book(ctx)
	if err != nil {
		return err
	}
	got, err := p.balances(ctx)
	if err != nil {
		return err
	}
	if want := book.Balances(1); !reflect.DeepEqual(got, want) {
		return fmt.Errorf("spvd's balances are %+v, a replay gives %+v", got, want)
	}
	var lines []replay.Line
	if err := p.daemon.Call(ctx, "listtransactions", &lines, "*", chainBlocks); err != nil {
		return err
	}
	if want := book.Lines(0); !reflect.DeepEqual(lines, want) {
		return fmt.Errorf("spvd's history is %+v, a replay gives %+v", lines, want)
	}
	p.show.done("compare", "the account's balance and history are what a replay gives")
	return nil
}

// coins writes an amount in coins.
func coins(a replay.Amount) string { return fmt.Sprintf("%d.%08d", a/coin, a%coin) }
