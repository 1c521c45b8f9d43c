package rpc_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
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
		var merchant sync.WaitGroup
		merchant.Go(func() { shipped <- a.ship(changed, op) })
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
		found := false
		err := w.EachUnspent(a.Context(), wallet.OutputFilter{MinConf: 2}, func(o *wallet.Output) bool {
			found = o.OutPoint.Hash == op.Hash
			return !found
		})
		if err != nil || found {
			return err
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

// TestRejectionsAreOneSentence: what is refused comes with one line that gives the reason.
func TestRejectionsAreOneSentence(t *testing.T) {
	a := startActor(t, 20)
	valid := func() *wire.MsgTx {
		tx := wire.NewMsgTx()
		tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: [32]byte{9}}, wire.NullValueIn, nil))
		tx.AddTxOut(wire.NewTxOut(1e6, a.owner.Script(0, 1)))
		return tx
	}
	negative, coinbase, late := valid(), valid(), valid()
	negative.TxOut[0].Value = -1
	coinbase.TxIn[0].PreviousOutPoint = wire.OutPoint{Index: wire.MaxPrevOutIndex}
	coinbase.TxIn[0].SignatureScript = []byte{1, 2, 3}
	late.Expiry = 5
	for reason, tx := range map[string]*wire.MsgTx{"negative": negative, "makes coins": coinbase, "expiry": late} {
		raw, err := tx.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		_, reply := post(t, a.address, fmt.Sprintf(`{"method":"sendrawtransaction","params":["%x"],"id":1}`, raw))
		var r struct{ Error *api.Error }
		if err := json.Unmarshal([]byte(reply), &r); err != nil || r.Error == nil || r.Error.Code != api.CodeRejected {
			t.Errorf("%s: %s", reason, reply)
			continue
		}
		if text := r.Error.Message; strings.ContainsAny(text, "\n") || !strings.Contains(text, "transaction is rejected: ") || !strings.Contains(text, reason) {
			t.Errorf("%s: %q", reason, text)
		}
	}
}
