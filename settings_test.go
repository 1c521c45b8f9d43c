package spvd_test

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/hdkeychain/v3"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// accountKeys returns the extended public keys of the first accounts of a seed on the simulation
// network.
func accountKeys(t *testing.T, n uint32) (keys []string) {
	t.Helper()
	key, err := hdkeychain.NewMaster(make([]byte, 32), chaincfg.SimNetParams())
	for _, child := range []uint32{44, 1} {
		if err == nil {
			key, err = key.Child(hdkeychain.HardenedKeyStart + child)
		}
	}
	for i := range n {
		if err != nil {
			t.Fatal(err)
		}
		var account *hdkeychain.ExtendedKey
		if account, err = key.Child(hdkeychain.HardenedKeyStart + i); err == nil {
			keys = append(keys, account.Neuter().String())
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// TestSettingsStayValidWhateverTheWalletBecomes: the settings that have made a wallet open it
// again, and change nothing, after any changes that its users make at run time.
func TestSettingsStayValidWhateverTheWalletBecomes(t *testing.T) {
	keys := accountKeys(t, 6)
	for seed := range uint64(6) {
		random := rand.New(rand.NewPCG(seed, 0))
		cfg := spvd.Config{Dir: t.TempDir(), Network: spvd.Simnet, Accounts: []spvd.Account{{Name: "a", Xpub: keys[0]}, {Name: "b", Xpub: keys[1]}, {Name: "c", Xpub: keys[2]}}}
		switch seed % 3 {
		case 1:
			cfg.Birthday = &wallet.Birthday{Height: 7}
		case 2:
			born, err := wallet.ParseBirthday("2024-01-31", time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC))
			if err != nil {
				t.Fatal(err)
			}
			cfg.Birthday = &born
		}
		var before []wallet.Account
		for range 3 {
			c, err := spvd.Open(cfg)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			w, err := c.Wallet(wallet.DefaultName)
			if err != nil {
				t.Fatal(err)
			}
			if got := w.Overview(nil).List; before != nil && !reflect.DeepEqual(got, before) {
				t.Fatalf("seed %d: opening it has changed the accounts:\n%+v\nto\n%+v", seed, before, got)
			}
			if len(w.Overview(nil).List) < 3 {
				t.Fatalf("seed %d: accounts %+v", seed, w.Overview(nil).List)
			}
			for range 5 {
				changeAccounts(t, random, w, keys)
			}
			before = w.Overview(nil).List
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// changeAccounts makes a random change, as users can. A name that is taken, or a key that is
// there, changes nothing.
func changeAccounts(t *testing.T, random *rand.Rand, w *wallet.Wallet, keys []string) {
	t.Helper()
	names := []string{"a", "b", "c", "d", "e", "f", "g"}
	name, list := names[random.IntN(len(names))], w.Overview(nil).List
	chosen := list[random.IntN(len(list))].Name
	var err error
	switch random.IntN(5) {
	case 0, 1:
		err = w.RenameAccount(t.Context(), chosen, name)
	case 2:
		_, err = w.ImportXpub(t.Context(), name, keys[random.IntN(len(keys))], wallet.AccountOptions{Birthday: &wallet.Birthday{Height: consensus.Height(random.IntN(20))}})
	case 3:
		err = w.SetGapLimit(t.Context(), 1+random.Uint32N(60), chosen)
	case 4:
		_, err = w.NewAddress(t.Context(), chosen, wallet.External, wallet.GapIgnore)
	}
	if err != nil && !errors.Is(err, wallet.ErrDuplicate) {
		t.Fatal(err)
	}
}

// TestAnEarlierBirthdayOfTheSettingsCounts: settings that have changed are followed, not ignored.
func TestAnEarlierBirthdayOfTheSettingsCounts(t *testing.T) {
	key := accountKeys(t, 1)[0]
	cfg := spvd.Config{Dir: t.TempDir(), Network: spvd.Simnet, Accounts: []spvd.Account{{Name: "a", Xpub: key}}}
	for i, step := range []struct{ settings, want consensus.Height }{{300, 300}, {200, 200}, {300, 200}, {100, 100}} {
		cfg.Birthday = &wallet.Birthday{Height: step.settings}
		c, err := spvd.Open(cfg)
		if err != nil {
			t.Fatal(err)
		}
		w, err := c.Wallet(wallet.DefaultName)
		if err != nil {
			t.Fatal(err)
		}
		if list := w.Overview(nil).List; len(list) != 1 || list[0].Birthday.Height != step.want {
			t.Errorf("birthday %d: %+v", step.settings, list)
		}
		if i == 0 {
			err = w.RenameAccount(t.Context(), "a", "z")
		}
		if err = errors.Join(err, c.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// TestContradictionsAmongAccountsAreRefused: one key with two names may be a wrong key, and a new
// name may be taken.
func TestContradictionsAmongAccountsAreRefused(t *testing.T) {
	keys := accountKeys(t, 2)
	dir := t.TempDir()
	open := func(accounts ...spvd.Account) error {
		c, err := spvd.Open(spvd.Config{Dir: dir, Network: spvd.Simnet, Accounts: accounts})
		if err == nil {
			err = c.Close()
		}
		return err
	}
	if err := open(spvd.Account{Name: "a", Xpub: keys[0]}, spvd.Account{Name: "a", Xpub: keys[0]}); err != nil {
		t.Errorf("the same account twice: %v", err)
	}
	for want, accounts := range map[string][]spvd.Account{
		`one key is named "a" and "b"`:     {{Name: "a", Xpub: keys[0]}, {Name: "b", Xpub: keys[0]}},
		`two different keys are named "a"`: {{Name: "a", Xpub: keys[0]}, {Name: "a", Xpub: keys[1]}},
		`another account has this name`:    {{Name: "a", Xpub: keys[1]}},
	} {
		err := open(accounts...)
		var wrong *spvd.ConfigError
		if !errors.As(err, &wrong) || wrong.Field != "Accounts" || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
