package e2e

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"testing"

	"github.com/spvd/spvd/e2e/keys"
	"github.com/spvd/spvd/e2e/proc"
)

// dexAnswers is what dexclient prints.
type dexAnswers struct {
	Balance      struct{ Available, Immature, Locked uint64 }
	SyncStatus   struct{ Synced bool }
	Deposit      string
	DepositAgain string
	Owns         bool
	OwnsForeign  bool
	Funding      []string
	FundingValue uint64
	Transaction  struct{ ID string }
	History      []struct{ ID string }
}

// buildDex compiles the client of dcrdex into dir and returns its path.
func buildDex(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "dexclient")
	if err := proc.GoBuild(t.Context(), "dexclient", dir, "-mod=mod", "-o", path, "."); err != nil {
		t.Fatal(err)
	}
	return path
}

// dex: dcrdex's own wallet client works with the wallet of a story as it does with
// dcrwallet's, in all that needs no key. It would fund a swap with coins, and with no
// ticket.
func (s *story) dex(program string) {
	s.Helper()
	access := s.daemon.Access()
	book := s.book(s.T, s.a)
	sum := book.Balances(1)
	const value = 20 * coinOf
	r, err := proc.Run(deadline(s.T), program,
		"-rpclisten="+access.Addr, "-rpccert="+access.Cert, "-username="+access.User, "-password="+access.Pass, "-account="+savings,
		"-dir="+s.T.TempDir(), "-foreign="+s.key(s.T, late, keys.External, 0).Address(),
		"-txid="+book.Transactions()[0].TxID, "-value=2000000000")
	if err != nil || r.Code != 0 {
		s.Fatalf("dexclient: exit code %d, %v\n%s", r.Code, err, r.Stderr)
	}
	var a dexAnswers
	if err := json.Unmarshal([]byte(r.Stdout), &a); err != nil {
		s.Fatalf("%v: %s", err, r.Stdout)
	}
	if got := a.Balance.Available; got != uint64(sum.Accounts[0].Spendable) {
		s.Errorf("dcrdex has %d atoms available, the replay %d", got, sum.Accounts[0].Spendable)
	}
	if !a.SyncStatus.Synced || !a.Owns || a.OwnsForeign || a.Deposit == "" || a.DepositAgain == "" {
		s.Errorf("dcrdex was told %+v", a)
	}
	if a.Transaction.ID != book.Transactions()[0].TxID {
		s.Errorf("dcrdex knows %s as %s", book.Transactions()[0].TxID, a.Transaction.ID)
	}
	spendable := make(map[string]bool)
	for _, u := range book.Unspent(1) {
		if u.Spendable {
			spendable[u.TxID] = true
		}
	}
	if a.FundingValue < value || len(a.Funding) == 0 {
		s.Errorf("dcrdex would fund with %d atoms, of %d", a.FundingValue, value)
	}
	if i := slices.IndexFunc(a.Funding, func(coin string) bool { return !spendable[coin[:64]] }); i >= 0 {
		s.Errorf("dcrdex would fund a swap with %s", a.Funding[i])
	}
	var locked []any
	if err := s.daemon.Call(s.Context(), "listlockunspent", &locked); err != nil || len(locked) != 0 {
		s.Errorf("dcrdex has left %d coins locked, %v", len(locked), err)
	}
}
