// Command spvctl talks to a running spvd: it shows how far the sync has got,
// who the peers are, and calls any JSON-RPC method.
//
// It keeps no state and never reads the daemon's data but for what lets it in:
// the certificate, and the configuration file or the cookie.
//
// Exit codes: 0 done, 1 an error (one line on standard error), 2 wrong usage.
// The status command says with its code how the daemon is, see statusCommand.
//
// Reading order: main.go, options.go and target.go (where to connect and with
// what credentials), client.go, command.go and one file for each command;
// watch.go shows a sync, with picture.go saying what is drawn and canvas.go where;
// call.go is for all methods that have no command of their own.
package main
