package peer

import (
	"context"
	"errors"

	"github.com/spvd/spvd/peer/internal/dialing"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/session"
)

// renewOne does the next step towards connections whose peers announce transactions, if there
// is one.
func (p *Pool) renewOne() {
	if !p.relay.AsksPeers() {
		return
	}
	var list []dialing.Tenure
	for _, m := range p.roster.Live() {
		list = append(list, dialing.Tenure{ID: m.ID, Since: m.Since, RelayTx: m.TellsTx(), Spare: m.Role() == Renewal})
	}
	end, double := dialing.Renew(p.cfg.Now(), list)
	if m := p.roster.Get(end); m != nil {
		m.End(fault.New(fault.ClosedByUs, errors.New("transactions are wanted from now on")))
	}
	if m := p.roster.Get(double); m != nil {
		p.goInRun(func(ctx context.Context) {
			_, _ = p.sessions.Serve(ctx, session.Plan{Addr: m.Addr, Role: Renewal, Dialled: func() {}}) // Serve records its result
		})
	}
}
