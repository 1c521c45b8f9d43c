// Package wallet keeps watch-only wallets: which accounts, addresses and
// scripts concern a person, and what the chain says about them. It holds no
// private keys, opens no connections, and leaves no goroutines behind. A stolen
// wallet file steals no coins, only privacy.
//
// # How it learns
//
// The wallet has a tip of its own. The syncer asks for the Locator, matches the
// blocks that follow it against Scripts, and hands them to Apply, which takes
// them in in one transaction. Reorganisation, restart and rescan are the same
// three calls. When blocks use addresses near the end of an account's window,
// the window grows, and the same blocks are matched again; when blocks before
// them may hold payments to the new addresses too, the cursor, which is the
// front of the locator, goes back to look for these, and for nothing else. What
// is known already stays in place meanwhile, and the newest applied block stays
// the tip that confirmations are counted from.
//
// A Set is the wallets of a directory. They share one chain and one pass over it:
// those that stand at the same block are taken along together, and those that lag
// behind are stopped where others stand, and join them; several are written side by
// side. While a wallet is searched
// for in old blocks, new ones are applied as they come.
//
// # What it guarantees
//
//   - Whatever the order of discovery, the size of updates, restarts and
//     reorganisations on the way: the balances, unspent outputs and history are
//     those that a naive replay of the chain gives for the watched scripts.
//   - What is watched is the least fixed point of the accounts' windows over the
//     chain from their birthdays on, and what was issued. What was issued behind the
//     windows counts from the wallet's tip at that time on, until a window covers it.
//   - Only what the committed filters show counts. A ticket that concerns the
//     wallet only by its voting right is not known to it, because filters leave
//     voting rights out on purpose: it might be seen by chance, but never
//     reliably.
//   - Unmined transactions change no row that mined ones are kept in. All that is
//     known of them is derived from their own rows whenever it is asked for.
//   - An unmined transaction is listed until it is mined, has expired or is given up, until a
//     block or a transaction that is published spends the same, or, if it was relayed, until
//     it is too old or makes room for another. With it goes what spends its outputs; so does
//     what spends those of a vote, a revocation or a block reward that leaves the chain:
//     they would have to mature again. When a rescan is canceled, what was relayed and
//     concerns the wallet only by what is forgotten goes too. What has gone so comes back only if it is relayed,
//     published or mined again, also if the chain returns to where it was.
//   - A rescan changes nothing about what is mined, unless something had been
//     missed.
//   - Every change is one transaction of the file: killed anywhere, the wallet is
//     consistent at an older tip. Blocks that change no row are stored some at a time.
//   - Private keys are refused before anything else is done with them, and no
//     error or log record repeats any part of what was given.
//
// # Amounts and heights
//
// All amounts are in atoms (dcrutil.Amount, 1e-8 DCR). Confirmations count the
// block itself as one. An output is mature when consensus lets the next block
// spend it.
//
// # Reading the source
//
// Start with config.go and wallet.go, and with progress.go, watch.go, scannedranges.go and
// steps.go for the state. link.go, apply.go, usage.go and ledger.go are the way of a
// block. What a transaction means is in package internal/txn, and how far windows reach in
// package internal/hd: they are the pure core. pokes.go tells readers of changes.
//
// What is watched comes from accounts.go and from imports.go, with the keys and addresses
// of package internal/hd, each from a birthday.go on, and from issue.go with covered.go;
// ownership.go says whose an address is.
//
// The books are package internal/ledger: mined and unmined transactions, credits, unspent
// outputs. The other buckets are described where they are declared: meta in progress.go, then
// account.go, script.go, labels.go, block.go, job.go, which jobs.go tells of, and
// birthdayundo.go. Package internal/rows encodes what they hold; store.go makes them,
// upgrade.go brings old ones up to date, check.go holds them against each other.
//
// Unmined transactions come in by publish.go and mempool.go, and go by resolve.go;
// unsearched.go says where they may be mined already.
// The reading side is balance.go, query.go, transaction.go, category.go, history.go
// and received.go. Unsigned transactions come from build.go with buildcoins.go and
// buildchange.go, by package txbuild; locks.go locks coins. export.go with restore.go moves
// what a wallet watches into another one, backup.go copies its file. set.go, setscan.go
// and setscan_mempool.go keep several wallets. errors.go is why something is refused.
//
// Any goroutine may call any method, but Locator and Apply belong to one caller
// at a time. Readers work on a transaction and an immutable snapshot of the same
// state, and wait for nobody.
package wallet
