package peer

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/spvd/spvd/internal/wait"
	"github.com/spvd/spvd/peer/internal/fault"
)

// lateTxsEvery is the period in which requested transactions are checked, as long as there are
// any.
const lateTxsEvery = time.Second

// requestLateTxs requests transactions that peers did not send from other peers, until ctx ends.
func (p *Pool) requestLateTxs(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.relay.Due():
		}
		for busy := true; busy; busy = p.requestLateTxsNow(time.Now()) {
			if wait.For(ctx, lateTxsEvery) != nil {
				return
			}
		}
	}
}

// requestLateTxsNow requests late transactions from other peers, and reports whether any are still
// outstanding. A peer that owes transactions and sends none for long gains ban score.
func (p *Pool) requestLateTxsNow(now time.Time) bool {
	ask, late, busy := p.relay.Chase(now)
	for _, m := range p.roster.Live() {
		if slices.Contains(late, m.ID) {
			p.fault(m, fault.Timeout, errors.New("it does not send transactions that it announced"))
		}
		if err := m.AskTxs(ask[m.ID]); err != nil {
			m.End(err)
		}
	}
	return busy
}
