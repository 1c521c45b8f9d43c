package view

import (
	"errors"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv"
	"github.com/spvd/spvd/wallet"
)

// TestAJobIsNotCompleteBeforeTheChainIsKnown: a job that has searched all blocks there are, of a
// chain that may go on, shows no more progress than the sync.
func TestAJobIsNotCompleteBeforeTheChainIsKnown(t *testing.T) {
	atEnd := wallet.Job{State: wallet.JobRunning, From: 1, At: 10, Target: 10, Began: time.Unix(1, 0)}
	ended := atEnd
	ended.State, ended.Ended = wallet.JobDone, time.Unix(2, 0)
	for _, tt := range []struct {
		job      wallet.Job
		status   spv.Status
		progress float64
	}{
		{atEnd, spv.Status{Initialised: true}, 0},
		{atEnd, spv.Status{Initialised: true, Ratio: 0.5}, 0.5},
		{ended, spv.Status{Initialised: true}, 1},
	} {
		if got := job("default", &tt.job, &tt.status); got.Progress != tt.progress {
			t.Errorf("%+v, first sync done %v: %+v", tt.job, tt.status.FirstSyncDone, got)
		}
	}
}

// TestJobAgreesWithStatus: the time that is left is the one of the status.
func TestJobAgreesWithStatus(t *testing.T) {
	st := spv.Status{Rescan: spv.Progress{Current: 500, Target: 1000, Rate: 100, ETA: 5 * time.Second}}
	j := wallet.Job{ID: 3, State: wallet.JobRunning, From: 1, At: st.Rescan.Current, Target: st.Rescan.Target, Began: time.Unix(9, 0)}
	if out := job("w", &j, &st); out.Rate != 100 || out.ETA != 5 || out.Progress != 0.5 || out.Ended != 0 || out.Error != "" {
		t.Errorf("running: %+v", out)
	}
	st.Err = errors.New("disk full")
	if out := job("w", &j, &st); out.Error != "disk full" || out.ETA != 0 {
		t.Errorf("with a failed sync: %+v", out)
	}
	j.State, j.Ended = wallet.JobCanceled, time.Unix(10, 0)
	if out := job("w", &j, &st); out.Error != "" || out.ETA != 0 || out.Progress != 0.5 || out.Ended != 10 {
		t.Errorf("canceled: %+v", out)
	}
}

// TestVoidTransactionsAreSaidToBe: clients learn that a block had no effect.
func TestVoidTransactionsAreSaidToBe(t *testing.T) {
	for _, void := range []bool{false, true} {
		got, err := Transaction(&wallet.Transaction{Tx: wire.NewMsgTx(), Block: chainhash.Hash{1}, Void: void})
		if err != nil || got.Disapproved != void {
			t.Errorf("void %v: %+v, %v", void, got, err)
		}
	}
}

// TestTypesOfLines holds that lists name types as dcrwallet does, to whose clients
// a block reward is regular, and say beside it what they are.
func TestTypesOfLines(t *testing.T) {
	for kind, want := range map[wallet.Kind]string{
		wallet.Regular: "regular", wallet.Coinbase: "regular", wallet.Ticket: "ticket", wallet.Vote: "vote",
		wallet.Revocation: "revocation", wallet.TreasuryAdd: "regular", wallet.TreasurySpend: "regular",
	} {
		got := Line(&wallet.Transaction{Kind: kind, Tx: wire.NewMsgTx()}, &wallet.Entry{})
		if got.TxType != want || got.Type != kind.String() {
			t.Errorf("a %v has txtype %s and type %s, want %s", kind, got.TxType, got.Type, want)
		}
	}
}
