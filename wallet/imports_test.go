package wallet

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/hd"
)

// testPubKey is a public key that no wallet has.
func testPubKey(t *testing.T) []byte {
	t.Helper()
	key, err := seedKey(t, consensus.SimNet().ChainParams, 9).Neuter().Child(0)
	if err != nil {
		t.Fatal(err)
	}
	return key.SerializedPubKey()
}

// eachAddress returns an address of each standard type, and in how many scripts
// importing it results.
func eachAddress(t *testing.T) map[string]int {
	t.Helper()
	net, key := consensus.SimNet().ChainParams, testPubKey(t)
	hash := bytes.Repeat([]byte{7}, 20)
	edKey, err := hex.DecodeString("cecc1507dc1ddd7295951c290888f095adb9044d1b73d696e6df065d683bd4fc")
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]int)
	put := func(a stdaddr.Address, err error, n int) {
		if err != nil {
			t.Fatal(err)
		}
		out[a.String()] = n
	}
	a, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(hash, net)
	put(a, err, 1)
	b, err := stdaddr.NewAddressPubKeyHashEd25519V0(hash, net)
	put(b, err, 1)
	c, err := stdaddr.NewAddressPubKeyHashSchnorrSecp256k1V0(hash, net)
	put(c, err, 1)
	d, err := stdaddr.NewAddressScriptHashV0FromHash(hash, net)
	put(d, err, 1)
	e, err := stdaddr.NewAddressPubKeyEcdsaSecp256k1V0Raw(key, net)
	put(e, err, 2)
	f, err := stdaddr.NewAddressPubKeySchnorrSecp256k1V0Raw(key, net)
	put(f, err, 2)
	g, err := stdaddr.NewAddressPubKeyEd25519V0Raw(edKey, net)
	put(g, err, 2)
	return out
}

func TestImportEachTypeOfAddress(t *testing.T) {
	for address, scripts := range eachAddress(t) {
		x, w := openTest(t, Birthday{}), newWorld(t, 1)
		if err := x.ImportAddress(t.Context(), address, "", nil); err != nil {
			t.Fatalf("%s: %v", address, err)
		}
		list, _ := x.steps.Scripts()
		if len(list) != scripts {
			t.Fatalf("%s: %d scripts", address, len(list))
		}
		if err := x.ImportAddress(t.Context(), address, "", nil); !errors.Is(err, ErrDuplicate) {
			t.Fatalf("%s again: %v", address, err)
		}
		regular := []*wire.MsgTx{w.coinbase(w.stranger(), 1)}
		for _, s := range list {
			regular = append(regular, w.pay(s, 1000))
		}
		w.mine(nil, regular, true)
		w.sync(x, 10)
		checkBalances(t, w, x)
		b, err := x.Balances(t.Context(), 1)
		if err != nil || int(b.Sum.Spendable) != 1000*scripts {
			t.Fatalf("%s: %+v, %v", address, b.Sum, err)
		}
		info, err := x.AddressInfo(t.Context(), address)
		if err != nil || !info.Mine || info.Account != ImportedName || info.Derived || (scripts == 2) != (info.PublicKey != nil) {
			t.Fatalf("%s: %+v, %v", address, info, err)
		}
	}
}

// A label is set with the import or, if one of them is refused, neither.
func TestImportWithALabel(t *testing.T) {
	x, w := openTest(t, Birthday{}), newWorld(t, 1)
	address := hd.ScriptAddress(x.cfg.Params.ChainParams, w.stranger())
	before := dump(t, x)
	if err := x.ImportAddress(t.Context(), address, strings.Repeat("x", maxLabel+1), nil); !errors.Is(err, ErrBadLabel) {
		t.Errorf("a label that is too long: %v", err)
	}
	if after := dump(t, x); after != before {
		t.Error("an import was refused and has changed the wallet")
	}
	if err := x.ImportAddress(t.Context(), address, "rent", nil); err != nil {
		t.Fatal(err)
	}
	before = dump(t, x)
	if err := x.ImportAddress(t.Context(), address, "food", nil); !errors.Is(err, ErrDuplicate) {
		t.Errorf("the address again: %v", err)
	}
	if after := dump(t, x); after != before {
		t.Error("a duplicate has changed the wallet")
	}
	if info, err := x.AddressInfo(t.Context(), address); err != nil || !info.Mine || info.Label != "rent" {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestImportScripts(t *testing.T) {
	x, w := openTest(t, Birthday{}), newWorld(t, 1)
	redeem := []byte{txscript.OP_3, txscript.OP_DROP, txscript.OP_TRUE}
	address, err := x.ImportRedeemScript(t.Context(), redeem, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.ImportAddress(t.Context(), address, "", nil); !errors.Is(err, ErrDuplicate) {
		t.Fatalf("the address again: %v", err)
	}
	p2sh, _ := x.steps.Scripts()
	for _, bad := range [][]byte{nil, {}, make([]byte, txscript.MaxScriptSize+1)} {
		if err := x.ImportScript(t.Context(), bad, nil); !errors.Is(err, ErrBadScript) {
			t.Fatalf("script of %d bytes: %v", len(bad), err)
		}
		if _, err := x.ImportRedeemScript(t.Context(), bad, nil); !errors.Is(err, ErrBadScript) {
			t.Fatalf("redeem script of %d bytes: %v", len(bad), err)
		}
	}
	if err := x.ImportScript(t.Context(), tagWith(txscript.OP_SSGEN, p2sh[0]), nil); !errors.Is(err, ErrDuplicate) {
		t.Fatalf("the same behind a tag: %v", err)
	}
	w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(p2sh[0], 1000)}, true)
	w.sync(x, 1)
	list, err := x.Unspent(t.Context(), OutputFilter{Usable: true, Addresses: []string{address}})
	if err != nil || len(list) != 1 || !bytes.Equal(list[0].RedeemScript, redeem) || list[0].Amount != 1000 {
		t.Fatalf("%+v, %v", list, err)
	}
	info, err := x.AddressInfo(t.Context(), address)
	if err != nil || !info.IsScript || !bytes.Equal(info.RedeemScript, redeem) {
		t.Fatalf("%+v, %v", info, err)
	}
}

func TestRedeemScriptOfAWatchedAddress(t *testing.T) {
	x := openTest(t, Birthday{})
	redeem := []byte{txscript.OP_TRUE}
	addr, err := stdaddr.NewAddressScriptHashV0(redeem, x.cfg.Params.ChainParams)
	if err != nil {
		t.Fatal(err)
	}
	if err := x.ImportAddress(t.Context(), addr.String(), "", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := x.ImportRedeemScript(t.Context(), redeem, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := x.ImportRedeemScript(t.Context(), redeem, nil); !errors.Is(err, ErrDuplicate) {
		t.Fatal(err)
	}
	if list, _ := x.steps.Scripts(); len(list) != 1 {
		t.Fatalf("%d scripts", len(list))
	}
}

func TestImportPubKey(t *testing.T) {
	x := openTest(t, Birthday{})
	address, err := x.ImportPubKey(t.Context(), testPubKey(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	info, err := x.AddressInfo(t.Context(), address)
	if err != nil || !info.Mine || !bytes.Equal(info.PublicKey, testPubKey(t)) {
		t.Fatalf("%+v, %v", info, err)
	}
	if _, err := x.ImportPubKey(t.Context(), make([]byte, 33), nil); !errors.Is(err, ErrBadKey) {
		t.Fatal(err)
	}
}

func TestImportedAddressJoinsItsAccount(t *testing.T) {
	w, x := newWorld(t, 3), openTest(t, Birthday{})
	w.ours = derived(t, 1, hd.External, 6)
	for range 30 {
		w.random()
	}
	if err := x.ImportAddress(t.Context(), hd.ScriptAddress(x.cfg.Params.ChainParams, w.ours[4]), "", nil); err != nil {
		t.Fatal(err)
	}
	w.sync(x, 10)
	checkBalances(t, w, x)
	importTest(t, x, "a", 1, AccountOptions{Birthday: &Birthday{Height: 20}})
	w.sync(x, 10)
	checkBalances(t, w, x)
	if a := x.Accounts()[0]; a.Birthday.Height > 1 || a.Branches[hd.External].Used == 0 {
		t.Fatalf("%+v", a)
	}
	again := reopen(t, x)
	checkBalances(t, w, again)
}

func TestAddressesOfOthers(t *testing.T) {
	x := openTest(t, Birthday{})
	importTest(t, x, "a", 1, AccountOptions{})
	for address := range eachAddress(t) {
		if info, err := x.AddressInfo(t.Context(), address); err != nil || info.Mine || info.Address != address {
			t.Fatalf("%s: %+v, %v", address, info, err)
		}
		if err := x.ImportAddress(t.Context(), address[:len(address)-1]+"1", "", nil); !errors.Is(err, ErrBadChecksum) {
			t.Fatalf("mistyped: %v", err)
		}
	}
	main, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(make([]byte, 20), consensus.MainNet().ChainParams)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]error{
		main.String(): ErrWrongNetwork,
		"":            ErrBadAddress,
		"nonsense":    ErrBadAddress,
	} {
		if _, err := x.AddressInfo(t.Context(), address); !errors.Is(err, want) {
			t.Errorf("%q: %v", address, err)
		}
	}
	mine := hd.ScriptAddress(x.cfg.Params.ChainParams, derived(t, 1, hd.Internal, 4)[3])
	info, err := x.AddressInfo(t.Context(), mine)
	if err != nil || !info.Derived || info.Branch != hd.Internal || info.Index != 3 || info.Account != "a" || len(info.PublicKey) != 33 {
		t.Fatalf("%+v, %v", info, err)
	}
}

func TestBirthdays(t *testing.T) {
	genesis := consensus.SimNet().ChainParams.GenesisBlock.Header.Timestamp
	day := func(n int) time.Time { return genesis.Add(time.Duration(n) * 24 * time.Hour) }
	pays := derived(t, 1, hd.External, 1)
	w := newWorld(t, 1) // one block an hour
	for range 240 {
		w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(pays[0], 1)}, true)
	}
	for name, test := range map[string]struct {
		birthday Birthday
		first    consensus.Height
	}{
		"genesis":       {Birthday{}, 1},
		"height":        {Birthday{Height: 100}, 100},
		"above the tip": {Birthday{Height: 1000}, 1000},
		"date":          {Birthday{Time: day(5)}, 4 * 24},
		"before all":    {Birthday{Time: day(-3)}, 1},
		"future":        {Birthday{Time: day(100)}, birthday.Unborn},
	} {
		for _, limit := range []int{1, 7, 1000} {
			x := openTest(t, test.birthday)
			if test.first == birthday.Unborn || test.first > 1 {
				importTest(t, x, "a", 1, AccountOptions{})
				x.steps.Locator()
				if scripts, _ := x.steps.Scripts(); len(scripts) != 0 {
					t.Errorf("%s: %d scripts are matched before the birthday", name, len(scripts))
				}
			} else {
				importTest(t, x, "a", 1, AccountOptions{})
			}
			w.sync(x, limit)
			b, err := x.Balances(t.Context(), 1)
			want := max(0, int64(w.tip().Height)-int64(test.first)+1)
			if err != nil || int64(b.Sum.Spendable) != want || x.Status().Birthday != test.first {
				t.Errorf("%s, %d at a time: %d, birthday %d, want %d from %d (%v)", name, limit, b.Sum.Spendable, x.Status().Birthday, want, test.first, err)
			}
		}
	}
	for _, bad := range []Birthday{{Height: -1}, {Time: time.Unix(-5, 0)}, {Time: time.Unix(1<<33, 0)}} {
		x := openTest(t, Birthday{})
		if _, err := x.ImportXpub(t.Context(), "a", testXpub(t, 1), AccountOptions{Birthday: &bad}); err == nil {
			t.Errorf("birthday %v is taken", bad)
		}
	}
}

func TestDateOfALateImport(t *testing.T) {
	w := newWorld(t, 1)
	pays := derived(t, 1, hd.External, 1)
	for range 240 {
		w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(pays[0], 1)}, true)
	}
	x := openTest(t, Birthday{})
	importTest(t, x, "other", 2, AccountOptions{})
	w.sync(x, 1000) // remembers all of them
	when := w.main[200].Header.Time()
	if err := x.ImportAddress(t.Context(), hd.ScriptAddress(x.cfg.Params.ChainParams, pays[0]), "", &Birthday{Time: when}); err != nil {
		t.Fatal(err)
	}
	w.sync(x, 100)
	b, err := x.Balances(t.Context(), 1)
	if err != nil || b.Sum.Spendable != 240-200+24+1 {
		t.Fatalf("%d, %v", b.Sum.Spendable, err)
	}
	// An import that is not born yet gets its height from a block to come.
	next := w.main[240].Header.Time().Add(30 * time.Hour)
	if err := x.ImportScript(t.Context(), anyone(), &Birthday{Time: next}); err != nil {
		t.Fatal(err)
	}
	for range 12 {
		w.mine(nil, []*wire.MsgTx{w.coinbase(w.stranger(), 1), w.pay(anyone(), 1000)}, true)
	}
	w.sync(x, 5)
	b, err = x.Balances(t.Context(), 1)
	if err != nil || b.Sum.Spendable != 240-200+24+1+7*1000 {
		t.Fatalf("%d, %v", b.Sum.Spendable, err)
	}
}
