// Package wallet keeps watch-only wallets: which accounts, addresses and scripts concern a person,
// and what the chain says about them. It holds no private keys, opens no connections, and leaves no
// goroutines behind. A stolen wallet file steals no coins, only privacy.
//
// # How it learns
//
// The syncer asks for the Locator, matches the blocks that follow it against Scripts, and hands them
// to Apply, which takes them in in one transaction. Reorganisation, restart and rescan are the same
// three calls. When blocks use addresses near the end of an account's window, the window grows, and
// they are matched again. A Set is the wallets of a directory, which share one pass over the chain.
//
// # What it guarantees
//
//   - Whatever the order of discovery, the size of updates, restarts and reorganisations on the way:
//     balances, unspent outputs and history are those that a naive replay of the chain gives for the
//     watched scripts. A rescan changes nothing about what is mined, unless something was missed.
//   - What is watched is the least fixed point of the accounts' windows from their birthdays on.
//   - Only what the committed filters show counts: a ticket that concerns the wallet only by its
//     voting right is not known to it.
//   - Unmined transactions change no row that mined ones are kept in.
//   - Every change is one transaction of the file: killed anywhere, a wallet is consistent.
//   - Private keys are refused before anything else is done with them, and no error or log record
//     repeats any part of what was given.
//
// # Amounts, heights, goroutines
//
// Amounts are in atoms (dcrutil.Amount, 1e-8 DCR). Confirmations count the block itself as one. An
// output is mature when consensus lets the next block spend it. Any goroutine may call any method,
// but Locator and Apply belong to one caller at a time; readers wait for no other caller.
package wallet

// # In detail
//
// When blocks before those that have made a window grow may hold payments to the new addresses too,
// the front of the locator goes back to look for these, and for nothing else. What is known already
// stays in place meanwhile.
//
// A Set takes wallets along together that stand at the same block. It stops those that lag behind where others stand, and they join
// these; several are written side by side. While a wallet is searched for in old blocks, new ones are applied as they come, and
// the newest applied block stays the tip that confirmations are counted from. What was issued behind
// the windows counts from the wallet's tip at that time on, until a window covers it. Filters leave
// voting rights out on purpose: a ticket might be seen by chance, but never reliably. Blocks that
// change no row are stored some at a time.
//
// All that is known of unmined transactions is derived from their own rows whenever it is asked for.
// One is listed until it is mined, has expired or is given up, until a block or a transaction that is
// published spends the same, or, if it was relayed, until it is too old or makes room for another.
// With it goes what spends its outputs; so does what spends those of a vote, a revocation or a block
// reward that leaves the chain: they would have to mature again. When a rescan is canceled, what was
// relayed and concerns the wallet only by what is forgotten goes too. What has gone so comes back only
// if it is relayed, published or mined again, also if the chain returns to where it was.
//
// # Reading the source
//
// Start with config.go and wallet.go. The way of a block is in package internal/apply, with what
// the syncer asks before it, and what becomes of a block that leaves the chain. What a wallet keeps
// of itself, and how far it has got, is in package internal/state: snapshots in memory, and their
// rows in the file.
// Package internal/store keeps file and memory in step, one change at a time.
// What a transaction means is in package internal/txn, and how far windows reach in package
// internal/hd: they are the pure core. pokes.go tells readers of changes.
//
// What is watched comes from accounts.go and from imports.go, with the keys and addresses
// of package internal/hd, and from issue.go; ownership.go says whose an address is. birthday.go
// reads the birthdays that users give.
//
// The books are package internal/ledger: mined and unmined transactions, credits, unspent
// outputs. Package internal/rows encodes what all buckets hold; check.go holds them against
// each other, and repairable.go says which damage a rescan removes. jobs.go shows the searches of
// old blocks.
//
// Unmined transactions come in by publish.go and mempool.go; unsearched.go says where they may be mined already.
// The reading side is balance.go, query.go, transaction.go, category.go, history.go
// and received.go. Unsigned transactions come from build.go with buildcoins.go and
// buildchange.go, by package txbuild; locks.go locks coins. export.go with restore.go moves
// what a wallet watches into another one, backup.go copies its file. set.go with setfiles.go
// and setcreate.go, setscan.go and setscan_mempool.go keep several wallets. errors.go is why something is refused.
