// Package ledger has the books of a wallet: its transactions in blocks, what they pay to its
// scripts and spend of it, its transactions in no block, and what was taken back when the
// chain left a block.
//
// Functions work on a transaction of the file. They know the numbers of scripts, and nothing
// of accounts, birthdays, or the wallet: what a transaction means comes as [txn.Effects].
//
// # What it guarantees
//
//   - Record and Revoke undo each other. Each may be repeated, and leaves the tables of
//     credits, payments, unspent outputs, and the sums of the accounts consistent.
//   - Unmined transactions change no row that mined ones are kept in.
//   - A [Pool] holds no two transactions that spend the same output.
//   - A damaged row is an error that wraps rows.ErrCorrupt.
//
// # Reading the source
//
// Each bucket and table is described where it is declared. mined.go has the transactions in
// blocks; credit.go records what they do, in unspent.go too, which balances are read from.
// unmined.go is a transaction in no block, pool.go all of them, and relayed.go what the
// relayed ones may take. conflicts.go, locks.go and left.go stand for themselves; upgrade.go
// makes the tables of files of old formats.
package ledger
