package wallet_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// A wallet is a file. What it watches is imported once; the syncer brings it
// the chain.
func Example() {
	dir, err := os.MkdirTemp("", "wallet")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	w, err := wallet.Open(wallet.Config{
		Path:   filepath.Join(dir, "savings.db"),
		Params: consensus.SimNet(),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer w.Close()

	ctx := context.Background()
	const xpub = "spubVV9wVsWCav7i8pWuQoKD1LKB2CAUxGvASyCaxWcLBtTdZD2GdzWs79MbbeGz29WDrp8VTRCvb6VnRHHGUUnrfcSoQV3AgU2h9HbjwGkAwiV"
	if _, err := w.ImportXpub(ctx, "default", xpub, wallet.AccountOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	issued, err := w.NewAddress(ctx, "default", wallet.External, wallet.GapRefuse)
	fmt.Println(issued.Address, err)
	balances, err := w.Balances(ctx, 1)
	fmt.Println(balances.Sum.Total, err)
	// Output:
	// SseVhoKToL5qvof5b9CXni8TjJmrdSBnYyR <nil>
	// 0 DCR <nil>
}
