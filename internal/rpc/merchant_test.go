package rpc_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/wallet"
)

// TestAMerchantShipsAtTheSecondConfirmation: a program in Go that looks when the wallet pokes
// it, and acts only while the status is synced, sees each payment with two confirmations
// and needs no third block.
func TestAMerchantShipsAtTheSecondConfirmation(t *testing.T) {
	a := startActor(t, 20)
	for range 15 {
		a.paid++
		plan := testnet.Plan{}
		op := plan.Pay(a.Node.Chain().Height()+1, a.owner.Script(0, uint32(a.paid%15)), int64(1e6+a.paid))
		changed := a.wallet().Watch(t.Context())
		shipped := make(chan error, 1)
		go func() { shipped <- a.ship(changed, op) }()
		a.Grow(t, 0, 1, plan)
		a.Grow(t, 0, 1, nil)
		select {
		case err := <-shipped:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(patience):
			t.Fatalf("payment %d is not shipped with two confirmations", a.paid)
		}
	}
}

// ship returns when it was poked while all is synced and an output has two confirmations.
func (a *actor) ship(changed <-chan struct{}, op wire.OutPoint) error {
	w := a.wallet()
	for {
		select {
		case <-changed:
		case <-a.Context().Done():
			return a.Context().Err()
		}
		if !a.Core.Syncer.Status().Synced {
			continue
		}
		list, err := w.Unspent(a.Context(), wallet.OutputFilter{MinConf: 2})
		if err != nil {
			return err
		}
		for _, o := range list {
			if o.OutPoint.Hash == op.Hash {
				return nil
			}
		}
	}
}

// TestNoRateFadesAfterABlock: the status that says synced is the last one until something
// happens, because no stage has a rate that could fade.
func TestNoRateFadesAfterABlock(t *testing.T) {
	a := startActor(t, 20)
	conn := mustDialWS(t, a.address)
	exchange(t, conn, `{"jsonrpc":"2.0","method":"subscribe","params":["syncstatus"],"id":1}`)
	a.Grow(t, 0, 1, nil)
	var last api.SyncStatus
	for last.Tip.Height != 21 || !last.Synced {
		var n struct{ Params []api.SyncStatus }
		if err := json.Unmarshal([]byte(receive(t, conn)), &n); err != nil || len(n.Params) != 1 {
			t.Fatalf("%+v, %v", n, err)
		}
		last = n.Params[0]
	}
	for _, s := range last.Stages {
		if s.Rate != 0 {
			t.Errorf("synced, the stage %s has a rate of %v", s.Name, s.Rate)
		}
	}
}
