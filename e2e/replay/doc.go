// Package replay says what a wallet should say. It reads every transaction of
// every block, one after the other, from the first block to the last, and asks of
// each output whether its script is one of the watched. It uses no filters, keeps
// no indexes, undoes nothing and remembers nothing: whatever happened on the way,
// it reads the chain that is there now. It shares no code with the wallet.
//
// What it says is in the form that JSON-RPC has it, so that an answer of spvd can
// be decoded into the same types and compared as a whole.
//
// Read watch.go for what is watched and book.go for the reading; balance.go,
// output.go and history.go answer from the book what spvd is asked.
package replay
