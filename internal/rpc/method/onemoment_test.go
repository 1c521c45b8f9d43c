package method

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/decred/dcrd/hdkeychain/v3"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// newXpub returns an extended public key of an account.
func newXpub(t *testing.T, params *consensus.Params) string {
	t.Helper()
	key, err := hdkeychain.NewMaster(make([]byte, 32), params.ChainParams)
	for _, index := range []uint32{44, params.ChainParams.SLIP0044CoinType, 0} {
		if err == nil {
			key, err = key.Child(hdkeychain.HardenedKeyStart + index)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return key.Neuter().String()
}

// TestAccountOfAList: whether there is the account of a list is decided when the list is read. One
// that has another name by then has no list, in place of an empty one.
func TestAccountOfAList(t *testing.T) {
	params := consensus.SimNet()
	set := wallet.NewSet(wallet.SetConfig{Dir: t.TempDir(), Params: params, Log: slog.New(slog.DiscardHandler)})
	w, err := set.Make(wallet.DefaultName)
	if err != nil {
		t.Fatal(err)
	}
	defer set.Close()
	if _, err := w.ImportXpub(t.Context(), "savings", newXpub(t, params), wallet.AccountOptions{}); err != nil {
		t.Fatal(err)
	}
	r := NewRegistry(Core{Params: params, Wallets: set})
	for name, call := range map[string]string{
		"listunspent":             `[1,9,[],"savings"]`,
		"listtransactions":        `["savings"]`,
		"listalltransactions":     `["savings"]`,
		"listaddresstransactions": `[[],"savings"]`,
	} {
		list, err := r.Call(t.Context(), &Caller{Wallet: wallet.DefaultName}, r.Find(name), []byte(call))
		if err != nil {
			t.Fatal(err)
		}
		if err := w.RenameAccount(t.Context(), "savings", "spending"); err != nil {
			t.Fatal(err)
		}
		err = list.(*Stream).Each(func(any) bool { return true })
		if !errors.Is(err, wallet.ErrNoAccount) {
			t.Errorf("%s of an account that was renamed: %v", name, err)
		}
		if err := w.RenameAccount(t.Context(), "spending", "savings"); err != nil {
			t.Fatal(err)
		}
	}
}
