package api

// Serving is the result of getservinginfo.
type Serving struct {
	// Listeners are the addresses at which light clients are served; none without --listen.
	Listeners []ServingListener `json:"listeners"`

	// Clients are the light clients that are connected, oldest first.
	Clients []ServedClient `json:"clients"`

	// Sums since the daemon was started: connections that were accepted and refused, bytes,
	// blocks sent and those of them that were fetched from peers, and transactions of clients
	// that were passed on. CacheBytes is the size of the blocks that are kept.
	Accepted     uint64 `json:"accepted"`
	Refused      uint64 `json:"refused"`
	BytesSent    uint64 `json:"bytessent"`
	BytesRecv    uint64 `json:"bytesrecv"`
	Blocks       uint64 `json:"blocks"`
	Fetched      uint64 `json:"blocksfetched"`
	Transactions uint64 `json:"transactions"`
	CacheBytes   int64  `json:"cachebytes"`
}

// ServingListener is an address at which light clients are served.
type ServingListener struct {
	Address string `json:"address"` // as it was set
	Bound   string `json:"bound"`   // the address in use; empty while it is not listened at

	// Trouble says why it is not; left out if nothing is wrong.
	Trouble string `json:"trouble,omitempty"`
}

// ServedClient is a light client that is connected.
type ServedClient struct {
	ID        uint64 `json:"id"`
	Addr      string `json:"addr"`
	SubVer    string `json:"subver"`  // as the client says
	Version   uint32 `json:"version"` // of the protocol
	ConnTime  int64  `json:"conntime"`
	BytesSent uint64 `json:"bytessent"`
	BytesRecv uint64 `json:"bytesrecv"`
	Blocks    uint64 `json:"blocks"` // sent to it

	// Follows says that it has asked for new blocks to be announced by their headers.
	Follows bool `json:"follows"`
}
