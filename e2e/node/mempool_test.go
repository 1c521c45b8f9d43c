package node

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"github.com/decred/dcrd/wire"
)

// TestMempoolWithoutWhatLeaves: a transaction that has left the mempool since it was listed is left
// out; one that is still there and cannot be read is an error.
func TestMempoolWithoutWhatLeaves(t *testing.T) {
	raw, err := wire.NewMsgTx().Bytes()
	if err != nil {
		t.Fatal(err)
	}
	unreadable := errors.New("the transaction index must be enabled")
	for _, after := range [][]string{{"stays"}, {"leaves", "stays"}} {
		listed := []string{"leaves", "stays"}
		list, err := mempool(t.Context(), func(_ context.Context, method string, result any, params ...any) error {
			switch {
			case method == "getrawmempool":
				*result.(*[]string), listed = listed, after
			case params[0] == "leaves":
				return unreadable
			default:
				*result.(*string) = hex.EncodeToString(raw)
			}
			return nil
		})
		if left := !slices.Contains(after, "leaves"); left && (err != nil || len(list) != 1) || !left && !errors.Is(err, unreadable) {
			t.Errorf("then %q are listed: %d transactions, %v", after, len(list), err)
		}
	}
}
