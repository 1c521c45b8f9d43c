package spvd

import (
	"context"
	"iter"
	"net"
	"net/netip"
	"strings"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/peer/serve"
	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
)

// notServing is the code of the warning that clients are not served at an address.
const notServing = "not-serving"

// makeServer makes what serves other light clients.
func (c *Client) makeServer(cfg *Config) (*serve.Server, error) {
	s, err := serve.New(serve.Config{
		Params:    c.params.ChainParams,
		UserAgent: cfg.UserAgent,
		Listen:    c.withPort(cfg.Listen),
		Chain: func() (serve.Chain, error) {
			store, err := c.syncer.Chain()
			return servedChain{store}, err
		},
		Network: servedNetwork{c.syncer},
		Changes: c.servedStates,
		Report: func(troubles ...string) {
			var list []spv.Warning
			for _, text := range troubles {
				list = append(list, spv.Warning{Code: notServing, Text: text,
					Hint: "The sync goes on, and the address is tried again. Check the listen option: whether the machine has the address, and which program uses the port."})
			}
			c.syncer.Notify("serving", list...)
		},
		Ours: c.peers.SentNonce,
		Log:  cfg.ServeLog,
		Now:  cfg.Now,
	})
	if err != nil {
		return nil, &ConfigError{"Listen", err}
	}
	return s, nil
}

// withPort returns addresses to listen at with the port of the network where they have none.
func (c *Client) withPort(list []string) []string {
	out := make([]string, len(list))
	for i, address := range list {
		if ip, err := netip.ParseAddr(strings.Trim(address, "[]")); err == nil {
			address = net.JoinHostPort(ip.String(), c.params.ChainParams.DefaultPort)
		}
		out[i] = address
	}
	return out
}

// servedStates yields what a server has to know of the sync.
func (c *Client) servedStates(ctx context.Context) iter.Seq[serve.State] {
	return func(yield func(serve.State) bool) {
		var last serve.State
		for st := range c.syncer.Changes(ctx, 0) {
			now := serve.State{
				Open:    st.Initialised,
				Current: st.FirstSyncDone,
				Busy:    st.Phase != spv.Following && st.Peers > 0,
			}
			if store, err := c.syncer.Chain(); err == nil {
				state := store.State()
				now.Tip = state.NewestFilter()
			}
			if now != last && !yield(now) {
				return
			}
			last = now
		}
	}
}

// servedChain is the chain as it is served.
type servedChain struct{ *chain.Reader }

// Tip returns the newest block whose filter is there, and whether there is enough work.
func (c servedChain) Tip() (consensus.BlockID, bool) {
	st := c.State()
	return st.NewestFilter(), st.EnoughWork
}

// servedNetwork is the syncer as a server uses it.
type servedNetwork struct{ syncer *spv.Syncer }

// Block fetches a block of the chain.
func (n servedNetwork) Block(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error) {
	return n.syncer.Block(ctx, hash)
}

// Publish passes on a transaction of a client.
func (n servedNetwork) Publish(ctx context.Context, tx *wire.MsgTx, source string) error {
	return n.syncer.Forward(ctx, tx, source)
}

// Published returns a transaction that is being published, or nil.
func (n servedNetwork) Published(hash chainhash.Hash) *wire.MsgTx { return n.syncer.Published(hash) }
