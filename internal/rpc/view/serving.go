package view

import (
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/peer/serve"
)

// Serving translates what is known of light clients that are served; nil if none are.
func Serving(s *serve.Server) api.Serving {
	out := api.Serving{Listeners: []api.ServingListener{}, Clients: []api.ServedClient{}}
	if s == nil {
		return out
	}
	for _, l := range s.Listeners() {
		listener := api.ServingListener{Address: l.Address, Bound: l.Bound}
		if l.Err != nil {
			listener.Trouble = l.Err.Error()
		}
		out.Listeners = append(out.Listeners, listener)
	}
	for _, c := range s.Clients() {
		out.Clients = append(out.Clients, api.ServedClient{
			ID: c.ID, Addr: c.Addr, SubVer: c.UserAgent, Version: c.Version, ConnTime: Unix(c.Since),
			BytesSent: c.Sent, BytesRecv: c.Received, Blocks: c.Blocks, Follows: c.Headers,
		})
	}
	n := s.Stats()
	out.Accepted, out.Refused, out.BytesSent, out.BytesRecv = n.Accepted, n.Refused, n.Sent, n.Received
	out.Blocks, out.Fetched, out.Transactions, out.CacheBytes = n.Blocks, n.Fetched, n.Transactions, int64(n.Cached)
	return out
}
