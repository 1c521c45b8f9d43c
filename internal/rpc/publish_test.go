package rpc_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// plainTx returns a transaction in hex that pays a fee.
func plainTx(t *testing.T, fee int64, lockTime uint32) string {
	t.Helper()
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: 1}, 1e8, nil))
	tx.AddTxOut(wire.NewTxOut(1e8-fee, []byte{0x51}))
	tx.LockTime = lockTime
	raw, err := tx.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(raw)
}

// TestSendRawTransaction checks the codes of what is refused, and that what was
// published is listed and shows with its transaction.
func TestSendRawTransaction(t *testing.T) {
	d := rpctest.New()
	address, _ := rpctest.Start(t, rpctest.Config(d))
	send := func(params string) string {
		_, reply := post(t, address, fmt.Sprintf(`{"method":"sendrawtransaction","params":[%s],"id":1}`, params))
		return reply
	}
	for params, want := range map[string]string{
		`"zz"`:                               `"code":-22`,
		`"0100"`:                             `"code":-22`,
		`7`:                                  `"code":-32602`,
		`"` + plainTx(t, 1e4, 0) + `00"`:     `"code":-22`,
		`"` + plainTx(t, 1e7, 0) + `"`:       `"code":-25`,
		`"` + plainTx(t, 1e7, 0) + `", true`: `"error":null`,
		`"` + plainTx(t, 1e4, 1) + `"`:       `"code":-25`,
		`"` + plainTx(t, 1e4, 0) + `"`:       `"error":null`,
	} {
		if got := send(params); !strings.Contains(got, want) {
			t.Errorf("%s gave %s, want %s", params, got, want)
		}
	}
	if _, list := post(t, address, `{"method":"listpublished","params":[],"id":1}`); strings.Count(list, `"outcome":"seen"`) != 2 {
		t.Errorf("published: %s", list)
	}
	st := d.Status()
	st.Peers = 0
	d.SetStatus(st)
	if got := send(`"` + plainTx(t, 1e4, 0) + `"`); !strings.Contains(got, `"code":-9`) {
		t.Errorf("without peers: %s", got)
	}
}

// TestEstimateSmartFee checks what is refused.
func TestEstimateSmartFee(t *testing.T) {
	address, _ := rpctest.Start(t, rpctest.Config(rpctest.New()))
	for params, want := range map[string]string{
		`0`: `"code":-8`, `1009`: `"code":-8`, `2,"reckless"`: `"code":-8`, `"two"`: `"code":-32602`,
		`1,"economical"`: `"feerate":0.0001,"blocks":1`, `6`: `"seenblocks":1`,
	} {
		if _, got := post(t, address, `{"method":"estimatesmartfee","params":[`+params+`],"id":1}`); !strings.Contains(got, want) {
			t.Errorf("%s gave %s, want %s", params, got, want)
		}
	}
}
