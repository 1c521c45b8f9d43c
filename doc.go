// Package spvd embeds a Decred light client in a Go program: it keeps headers, committed
// filters and watch-only wallets in step with the network, proves everything that peers
// send, and holds no private key.
//
//	c, err := spvd.Open(spvd.Config{Dir: dir, Network: spvd.Mainnet})
//	if err != nil { return err }
//	defer c.Close()
//	savings, err := c.Wallet("savings")   // savings.ImportXpub, Balances, History, ...
//	if err != nil { return err }
//	return c.Run(ctx)                     // beside it: for st := range c.Sync().Changes(ctx, 0)
//
// A [Client] is three parts that this package puts together. [Client.Sync] is the syncer,
// with the status, blocks, and publishing (package spv). [Client.Wallet] and
// [Client.Wallets] are the wallets (package wallet). [Client.Peers] is the pool of
// connections (package peer). Their documentation says what each method costs and returns.
//
// # Life of a client
//
// [Open] takes the lock of the data directory, opens every wallet in it, and does nothing
// else: it makes no connection and starts no goroutine. [Client.Run] connects and syncs
// until its context ends, and may be called again; wallets can be read and imported to
// before, between and after. [Client.Close] closes the wallets and releases the lock. There
// may be any number of clients in a process, each with a directory or network of its own.
//
// # Files
//
// Config.Dir has one directory for each network, "mainnet", "testnet3" or "simnet", with
// [ChainFile], which can be fetched again, [PeersFile], the directory [WalletDir] with a
// file for each wallet, [VotesFile], and [LockFile]. The command spvd uses the same files, so a program
// and the daemon can take turns.
//
// # Errors
//
// Open returns a [*ConfigError], an [*InUseError], or an error of a file; Run only trouble that a user
// has to see to, as losing all peers is none. docs/errors.md has a row for every error of every package.
//
// # Reading order
//
// config.go is what a client is made of, spvd.go how it lives, lock.go the lock of the
// directory. The command in cmd/spvd adds settings, signals, JSON-RPC, a status page and
// hooks to it.
package spvd
