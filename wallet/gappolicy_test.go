package wallet

import (
	"errors"
	"testing"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/wallet/internal/hd"
)

// issued hands out an external address of the account a.
func issued(t *testing.T, x *Wallet, policy GapPolicy) (Issued, error) {
	t.Helper()
	return x.NewAddress(t.Context(), "a", hd.External, policy)
}

// TestGapPolicies: at the gap limit the three policies differ, before it they do not.
func TestGapPolicies(t *testing.T) {
	const gap = 4
	w, x := newWorld(t, 1), openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{Gap: gap})
	for i := range uint32(gap) {
		policy := []GapPolicy{GapRefuse, GapIgnore, GapWrap}[i%3]
		if a, err := issued(t, x, policy); err != nil || a.Index != i || a.BeyondGap {
			t.Fatalf("address %d: %+v, %v", i, a, err)
		}
	}
	if _, err := issued(t, x, GapRefuse); !errors.Is(err, ErrBehindGap) {
		t.Errorf("behind the gap limit: %v", err)
	}
	first, err := x.AddressInfo(t.Context(), mustAddress(t, x, 0))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if a, err := issued(t, x, GapWrap); err != nil || a.Index != 0 || a.Address != first.Address || a.BeyondGap {
			t.Errorf("wrapped: %+v, %v, want %s", a, err, first.Address)
		}
	}
	w.mine(nil, []*wire.MsgTx{w.pay(first.Script, 1e8)}, true)
	w.sync(x, 10)
	if a, err := issued(t, x, GapWrap); err != nil || a.Index != gap {
		t.Errorf("after a payment the window has room again: %+v, %v", a, err)
	}
	if a, err := issued(t, x, GapWrap); err != nil || a.Index != 1 {
		t.Errorf("wrapped after a payment: %+v, %v", a, err)
	}
	if a, err := issued(t, x, GapIgnore); err != nil || !a.BeyondGap || a.Index != gap+1 {
		t.Errorf("ignoring the limit: %+v, %v", a, err)
	}
}

// mustAddress returns an external address of the account a that was handed out.
func mustAddress(t *testing.T, x *Wallet, index int) string {
	t.Helper()
	list, err := x.Addresses("a")
	if err != nil || index >= len(list) {
		t.Fatalf("%d addresses, %v", len(list), err)
	}
	return list[index]
}
