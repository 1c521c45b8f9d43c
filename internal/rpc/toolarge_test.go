package rpc_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// TestWordsAreBounded spells out a transaction whose scripts have 4 MB of words: most of them, and
// a script that no node runs, are left out.
func TestWordsAreBounded(t *testing.T) {
	tx := wire.NewMsgTx()
	tx.AddTxIn(&wire.TxIn{})
	tx.AddTxOut(wire.NewTxOut(1, bytes.Repeat([]byte{txscript.OP_CHECKSIG}, txscript.MaxScriptSize+1)))
	for range 21 { // of 196,607 bytes of words each
		tx.AddTxOut(wire.NewTxOut(1, bytes.Repeat([]byte{txscript.OP_CHECKSIG}, txscript.MaxScriptSize)))
	}
	raw, err := tx.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	address, _ := rpctest.Start(t, rpctest.Config(rpctest.NewOffline(t).Registry))
	_, got := post(t, address, fmt.Sprintf(`{"method":"decoderawtransaction","params":["%x"],"id":1}`, raw))
	if n := strings.Count(got, `"asm":"[left out]"`); n != 17 || !strings.Contains(got, `"error":null`) {
		t.Errorf("%d of 22 scripts are left out, want 17: ends with %s", n, got[max(0, len(got)-100):])
	}
}

// TestWhatNoNodeRunsIsNotSpelledOut sends scripts and transactions that are too large for any
// block: spelled out they would take up to twelve times their size.
func TestWhatNoNodeRunsIsNotSpelledOut(t *testing.T) {
	o := rpctest.NewOffline(t)
	most := o.Core.Params.ChainParams.MaxTxSize
	address, _ := rpctest.Start(t, rpctest.Config(o.Registry))
	script := func(n int) string { return strings.Repeat("ac", n) }
	for _, test := range []struct{ method, params, want string }{
		{"decodescript", `"` + script(16384) + `"`, `"error":null`},
		{"decodescript", `"` + script(16385) + `"`, `"code":-8,"message":"the script has 16385 bytes, and nodes run none of more than 16384"`},
		{"decoderawtransaction", `"` + script(most) + `"`, `"code":-22`},
		{"decoderawtransaction", `"` + script(most+1) + `"`, fmt.Sprintf(`"code":-25,"message":"parameter hextx has %d bytes, and no transaction of more than %d can be mined"`, most+1, most)},
		{"checktransaction", `"` + script(most+1) + `"`, `"code":-25`},
		{"sendrawtransaction", `"` + script(most+1) + `"`, `"code":-25`},
	} {
		_, got := post(t, address, fmt.Sprintf(`{"method":%q,"params":[%s],"id":1}`, test.method, test.params))
		if !strings.Contains(got, test.want) {
			t.Errorf("%s of %d digits gave %.200s, want %s", test.method, len(test.params)-2, got[max(0, len(got)-200):], test.want)
		}
	}
}
