package wallet

import (
	"errors"
	"testing"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
)

// TestAutomaticRevocations: nodes revoke a ticket that has missed its vote without a
// signature (DCP0009, transaction version 2), and a block that holds such a revocation is
// as good as any. A revocation of version 1 has to be signed.
func TestAutomaticRevocations(t *testing.T) {
	for _, test := range []struct {
		name    string
		version uint16
		invalid bool
	}{
		{"automatic", stake.TxVersionAutoRevocations, false},
		{"unsigned, of the old version", 1, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, x, ops := funded(t, 2)
			own := derived(t, 1, hd.External, 1)[0]
			ticket := w.ticket([]coin{{op: ops[0], amount: 1000}}, own, [][]byte{own}, [][]byte{own})
			w.mine([]*wire.MsgTx{ticket}, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, true)
			w.sync(x, 10)
			w.unsigned = true
			revocation := w.revocation(ticket)
			revocation.Version = test.version
			w.mine([]*wire.MsgTx{revocation}, []*wire.MsgTx{w.coinbase(w.stranger(), 1)}, true)
			u := w.since(x.steps.Locator(), 10)
			scripts, _ := x.steps.Scripts()
			w.fill(&u, scripts)
			_, err := x.applier.Apply(t.Context(), u)
			var invalid *consensus.InvalidBlock
			if errors.As(err, &invalid) != test.invalid || !test.invalid && err != nil {
				t.Fatalf("got %v", err)
			}
			got, err := x.Transaction(t.Context(), ticket.TxHash())
			if err != nil {
				t.Fatal(err)
			}
			if revoked := got.TicketStatus == MissedTicket; revoked == test.invalid {
				t.Errorf("the ticket is %v", got.TicketStatus)
			}
		})
	}
}
