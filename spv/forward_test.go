package spv

import (
	"errors"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/internal/txrelay"
)

// TestForwardedTransactionsAreBounded: apart from those that users publish, and each once. The
// standing of one keeps its source.
func TestForwardedTransactionsAreBounded(t *testing.T) {
	p := newPublications()
	for i := range maxForwarded {
		pub := Publication{Hash: chainhash.Hash{byte(i), 1}, Tx: wire.NewMsgTx(), Source: "192.0.2.9"}
		if err := errors.Join(p.forward(pub), p.forward(pub)); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.forward(Publication{Hash: chainhash.Hash{9}, Source: "192.0.2.9"}); !errors.Is(err, ErrTooMany) {
		t.Errorf("got %v", err)
	}
	if !p.room() {
		t.Error("they leave no room for those of users")
	}
	if n := len(p.take()); n != maxForwarded {
		t.Errorf("%d are queued", n)
	}
	p.updated([]txrelay.Standing{{Hash: chainhash.Hash{0, 1}, Tx: wire.NewMsgTx(), OfferedTo: 1}})
	if pub, _ := p.get(chainhash.Hash{0, 1}); pub.Source != "192.0.2.9" || pub.Outcome != Offered {
		t.Errorf("got %+v", pub)
	}
	p.updated([]txrelay.Standing{{Hash: chainhash.Hash{0, 1}, Tx: wire.NewMsgTx(), End: txrelay.Forgotten}})
	if err := p.forward(Publication{Hash: chainhash.Hash{9}, Source: "192.0.2.9"}); err != nil {
		t.Errorf("there is room again: %v", err)
	}
}
