package metrics

import "github.com/spvd/spvd/internal/rpc/api"

// roles returns why peers are connected: each has a sample, also without a peer.
func roles() []string { return []string{"connect", "added", "once", "outbound", "renewal", "search"} }

// peers writes the sums over the connected peers.
func (p *printer) peers(peers []api.PeerInfo) {
	byRole := make(map[string]int)
	var rate, requests, owed float64
	for i := range peers {
		byRole[peers[i].Role]++
		rate += float64(peers[i].Rate)
		requests += float64(peers[i].InFlight)
		owed += float64(peers[i].InFlightBytes)
	}
	p.head("spvd_role_peers", "The peers that are connected, by why they are.")
	for _, role := range roles() {
		p.sample("spvd_role_peers", float64(byRole[role]), label{"role", role})
	}
	p.gauge("spvd_peers_bytes_per_second", "What the peers deliver together when they are asked.", rate)
	p.gauge("spvd_requests_in_flight", "The requests that peers have not answered.", requests)
	p.gauge("spvd_in_flight_bytes", "The estimated size of what they owe.", owed)
}

// counts writes the counters of the rooms of the daemon.
func (p *printer) counts(c *Counts) {
	p.counter("spvd_received_bytes_total", "The bytes that came from peers.", float64(c.Received))
	p.counter("spvd_sent_bytes_total", "The bytes that went to peers.", float64(c.Sent))
	p.gauge("spvd_bans", "The bans in force.", float64(c.Bans))
	p.head("spvd_jobs", "The searches of wallets that are not over, by state.")
	p.sample("spvd_jobs", float64(c.JobsQueued), label{"state", api.JobQueued})
	p.sample("spvd_jobs", float64(c.JobsRunning), label{"state", api.JobRunning})
	p.gauge("spvd_store_bytes", "The size of the file of the chain, 0 when unknown.", float64(c.StoreBytes))
	p.wallets(c.Wallets)
	p.calls(c.Calls)
	p.serving(&c.Serving)
}

// serving writes what light clients cost that are served.
func (p *printer) serving(s *api.Serving) {
	p.gauge("spvd_clients", "The light clients that are connected.", float64(len(s.Clients)))
	p.counter("spvd_clients_accepted_total", "The connections of light clients that were accepted.", float64(s.Accepted))
	p.counter("spvd_clients_refused_total", "The connections of light clients that were refused.", float64(s.Refused))
	p.counter("spvd_clients_sent_bytes_total", "The bytes that went to light clients.", float64(s.BytesSent))
	p.counter("spvd_clients_received_bytes_total", "The bytes that came from light clients.", float64(s.BytesRecv))
	p.counter("spvd_clients_blocks_total", "The blocks that were sent to light clients.", float64(s.Blocks))
	p.counter("spvd_clients_fetched_blocks_total", "The blocks that were fetched from peers for light clients.", float64(s.Fetched))
	p.counter("spvd_clients_transactions_total", "The transactions of light clients that were passed on.", float64(s.Transactions))
	p.gauge("spvd_clients_cache_bytes", "The size of the blocks that are kept for light clients.", float64(s.CacheBytes))
}
