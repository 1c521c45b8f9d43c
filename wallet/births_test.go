package wallet

import (
	"testing"

	"github.com/spvd/spvd/wallet/internal/state"
)

// BenchmarkStatus is what the state of a wallet with many scripts costs.
func BenchmarkStatus(b *testing.B) {
	w := &Wallet{}
	w.now.Store(&state.Snapshot{Scripts: make([]state.Script, 100_000), Accounts: []state.Account{{}}})
	for b.Loop() {
		w.Status()
	}
}
