// Package rpcclient is a client of the daemon for Go programs: its JSON-RPC methods with their
// types, and the subscriptions of its websockets.
//
//	c, err := rpcclient.New(rpcclient.Config{Address: "localhost:9112", CertFile: cert, CookieFile: cookie})
//	if err != nil { return err }
//	defer c.Close()
//	balance, err := c.GetBalance(ctx, nil)
//	for event, err := range c.Blocks(ctx, rpcclient.Subscribe{Cursor: last}) { ... }
//
// # Guarantees
//
//   - New connects to nothing. A call connects when there is no connection, so that one that fails
//     because the daemon was restarted may be made again. It is never made twice by itself.
//   - What the daemon refuses is an *Error, with a code.
//   - A subscription has a connection of its own. When that is lost it is made again, and the
//     events since the last one come first. It ends with the loop, with its context, or with the
//     error with which the daemon refuses it. A loop that is slow holds up nothing but itself.
//
// All methods may be called from any goroutine. Those of package wsrpc, two for each connection,
// end with it.
//
// # Reading order
//
// client.go, forms.go (results of several forms), subscribe.go; methods.go and types.go are generated.
package rpcclient
