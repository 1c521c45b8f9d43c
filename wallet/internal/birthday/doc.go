// Package birthday says from when on payments to an account or a script count: from a height, a
// date or a block on. What a date or a block means depends on the branch that the chain is on, and
// follows it: a Table has the dates and blocks that a wallet's birthdays refer to. The package is
// pure. Rows and the birthdays of accounts and scripts are in package state.
package birthday
