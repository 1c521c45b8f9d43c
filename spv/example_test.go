package spv_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/decred/dcrd/wire"
	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/peer"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// A wallet front end embeds the syncer: it makes a pool of peers, wallets and the
// syncer, runs them beside its own work, and reads them whenever it likes. Here all
// of them meet a network that is made up; see newTown.
func Example() {
	if err := example(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// synced at block 60
	// the next payment goes to SsrRakdQwwwN1B9gdYimtemznZa2M7GJwnC
	// balance: 5 DCR, unconfirmed: 0 DCR
	// block 30 brought 5 DCR in one of 6 transactions
	// transaction offered to 1 peer
	// reached block 61
	// balance: 7 DCR, unconfirmed: 1 DCR
}

func example(ctx context.Context) error {
	town, err := newTown(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "frontend")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	f, err := newFrontEnd(dir, town.net)
	if err != nil {
		return err
	}
	return f.run(ctx, town.net.Run, func(ctx context.Context) error {
		if err := f.importAccount(ctx); err != nil {
			return err
		}
		f.showProgress(ctx)
		if err := f.showWallet(ctx); err != nil {
			return err
		}
		if err := f.publish(ctx, town.signedElsewhere()); err != nil {
			return err
		}
		town.mine()
		return f.awaitBlock(ctx, 61)
	})
}

// frontEnd is a program for users with the syncer inside. It has no keys: what it
// publishes was signed elsewhere.
type frontEnd struct {
	pool    *peer.Pool
	wallets *wallet.Set
	savings *wallet.Wallet
	syncer  *spv.Syncer
}

// newFrontEnd makes the parts, which make no connection before they run. All their files
// are in one directory.
func newFrontEnd(dir string, net *testnet.Network) (f frontEnd, err error) {
	params := consensus.SimNet() // or MainNet, or TestNet3
	f.pool, err = peer.New(peer.Config{
		Params:    params.ChainParams,
		UserAgent: "/frontend:1.0.0/",
		File:      filepath.Join(dir, "peers.json"),
		RelayTx:   true, // shows payments before they are mined

		// Without these two, peers are looked for, and dialled over the internet.
		Connect: []string{nodeAddr},
		Dial:    net.Dial,
	})
	if err != nil {
		return f, err
	}
	f.wallets = wallet.NewSet(wallet.SetConfig{Dir: filepath.Join(dir, "wallets"), Params: params})
	if f.savings, err = f.wallets.Make("savings"); err != nil {
		return f, err
	}
	f.syncer, err = spv.New(spv.Config{
		Params:    params,
		ChainFile: filepath.Join(dir, "chain.db"),
		Peers:     f.pool.Peers(),
		Wallet:    f.wallets,
	})
	return f, err
}

// run runs the parts, and beside them the work that the program is there for. When
// that is done, or a part fails, all of them stop. The wallets are closed last.
func (f frontEnd) run(ctx context.Context, net, work func(context.Context) error) error {
	group, ctx := errgroup.WithContext(ctx)
	ctx, stop := context.WithCancel(ctx)
	group.Go(func() error { return net(ctx) })
	group.Go(func() error { return f.pool.Run(ctx) })
	group.Go(func() error { return f.syncer.Run(ctx) })
	group.Go(func() error {
		defer stop()
		return work(ctx)
	})
	return errors.Join(group.Wait(), f.wallets.Close())
}

// importAccount has the wallet watch an account. The syncer sees by itself that
// there is something to search for.
func (f frontEnd) importAccount(ctx context.Context) error {
	_, err := f.savings.ImportXpub(ctx, "default", xpub, wallet.AccountOptions{})
	return err
}

// showProgress follows the status until all is at the tip. A slow reader
// misses some, never the newest one.
func (f frontEnd) showProgress(ctx context.Context) {
	for st := range f.syncer.Changes(ctx, 0) {
		// Here the user is shown st.Ratio, st.Reason and st.Hint.
		if st.Synced {
			fmt.Println("synced at block", st.Tip.Height)
			return
		}
	}
}

// showWallet reads the wallet, and from the peers the blocks that it got money in. Only
// a synced wallet knows which addresses have not been paid to yet.
func (f frontEnd) showWallet(ctx context.Context) error {
	issued, err := f.savings.NewAddress(ctx, "default", wallet.External, wallet.GapRefuse)
	if err != nil {
		return err
	}
	fmt.Println("the next payment goes to", issued.Address)
	if err := f.showBalance(ctx); err != nil {
		return err
	}
	history, err := f.savings.History(ctx, wallet.HistoryFilter{})
	if err != nil {
		return err
	}
	for _, tx := range history {
		block, err := f.syncer.Block(ctx, tx.Block)
		if err != nil {
			return err
		}
		fmt.Printf("block %d brought %v in one of %d transactions\n", tx.Place.Height, tx.Net(), len(block.Transactions))
	}
	return nil
}

func (f frontEnd) showBalance(ctx context.Context) error {
	balances, err := f.savings.Balances(ctx, 1)
	if err != nil {
		return err
	}
	fmt.Printf("balance: %v, unconfirmed: %v\n", balances.Sum.Spendable, balances.Sum.Unconfirmed)
	return nil
}

// publish gives a transaction to the network. It is offered again and again until it
// is mined or has expired, which Publications tells.
func (f frontEnd) publish(ctx context.Context, tx *wire.MsgTx) error {
	following := func(st spv.Status) bool { return st.Phase == spv.Following }
	if err := f.syncer.Wait(ctx, following); err != nil {
		return err // what is published before that is offered later
	}
	p, err := f.syncer.Publish(ctx, tx)
	if err != nil {
		return err
	}
	fmt.Printf("transaction %v to %d peer\n", p.Outcome, p.OfferedTo)
	return nil
}

// awaitBlock waits until the wallet has taken in a block.
func (f frontEnd) awaitBlock(ctx context.Context, height consensus.Height) error {
	if err := f.syncer.Wait(ctx, spv.AtHeight(height)); err != nil {
		return err
	}
	fmt.Println("reached block", height)
	return f.showBalance(ctx)
}
