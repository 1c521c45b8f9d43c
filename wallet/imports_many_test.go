package wallet

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4/stdaddr"

	"github.com/spvd/spvd/wallet/internal/hd"
)

// addressesOf returns n addresses of public key hashes that follow from a seed.
func addressesOf(t testing.TB, seed string, n int) (addresses []string, scripts [][]byte) {
	t.Helper()
	for i := range n {
		hash := chainhash.HashB(fmt.Appendf(nil, "%s %d", seed, i))
		addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(hash[:20], testConfig("", Birthday{}).Params.ChainParams)
		if err != nil {
			t.Fatal(err)
		}
		_, script := addr.PaymentScript()
		addresses, scripts = append(addresses, addr.String()), append(scripts, script)
	}
	return addresses, scripts
}

// TestManyAreImportedAsOne: an import of many says what imports of each say, in one
// transaction and with one search.
func TestManyAreImportedAsOne(t *testing.T) {
	w, one, many := newWorld(t, 7), openTest(t, Birthday{}), openTest(t, Birthday{})
	scripts := derived(t, 3, hd.External, 40) // the world has their keys
	var addresses []string
	for _, script := range scripts {
		addresses = append(addresses, hd.ScriptAddress(w.params.ChainParams, script))
	}
	w.ours = scripts
	for range 40 {
		w.random()
	}
	for _, x := range []*Wallet{one, many} {
		importTest(t, x, "a", 1, AccountOptions{})
		w.sync(x, 20)
	}
	for _, a := range addresses {
		if err := one.ImportAddress(t.Context(), a, "", nil); err != nil {
			t.Fatal(err)
		}
	}
	before := commits(t, many)
	later := &Birthday{Height: 30}
	for _, part := range []struct {
		list      []string
		birthday  *Birthday
		new, jobs int
	}{{addresses[:10], later, 10, 2}, {addresses[5:20], nil, 10, 4}, {append(addresses[20:], addresses[30]), nil, 20, 5}} {
		got, err := many.ImportAddresses(t.Context(), part.list, part.birthday)
		if want := (Imported{New: part.new, Known: len(part.list) - part.new}); err != nil || got != want {
			t.Fatalf("imported %+v (%v), want %+v", got, err, want)
		}
		if jobs := many.Jobs(w.tip().Height, true); len(jobs) != part.jobs {
			t.Errorf("%d jobs, want %d: %+v", len(jobs), part.jobs, jobs)
		}
	}
	if n := commits(t, many) - before; n != 3 {
		t.Errorf("%d transactions for 3 imports", n)
	}
	// What changes nothing is no write.
	if got, err := many.ImportAddresses(t.Context(), addresses, nil); err != nil || got.New != 0 || got.Known != 40 || commits(t, many)-before > 4 {
		t.Errorf("importing the same again: %+v, %v", got, err)
	}
	w.sync(one, 7)
	w.sync(many, 7)
	checkBalances(t, w, many)
	if got, want := minedTold(t, many), minedTold(t, one); !reflect.DeepEqual(got, want) {
		t.Errorf("the history is\n%v, want\n%v", got, want)
	}
}

// TestImportOfManyIsAllOrNone: a bad one among many is named by its number and not
// repeated, and none is watched.
func TestImportOfManyIsAllOrNone(t *testing.T) {
	x := openTest(t, Birthday{})
	addresses, scripts := addressesOf(t, "bad", 3)
	_, err := x.ImportAddresses(t.Context(), append(addresses, "nonsense"), nil)
	if !errors.Is(err, ErrBadAddress) || x.Status().Scripts != 0 {
		t.Errorf("a bad address: %v, %d scripts", err, x.Status().Scripts)
	}
	if want := "import address 4 of 4"; err == nil || err.Error()[:len(want)] != want {
		t.Errorf("%v does not name it", err)
	}
	if _, err := x.ImportManyScripts(t.Context(), append(scripts, nil), false, nil); !errors.Is(err, ErrBadScript) || x.Status().Scripts != 0 {
		t.Errorf("a bad script: %v, %d scripts", err, x.Status().Scripts)
	}
	got, err := x.ImportManyScripts(t.Context(), [][]byte{{0x51}, {0x52}}, true, nil)
	if err != nil || got.New != 2 {
		t.Errorf("redeem scripts: %+v, %v", got, err)
	}
	if got, err := x.ImportAddresses(t.Context(), nil, nil); err != nil || got != (Imported{}) {
		t.Errorf("none: %+v, %v", got, err)
	}
}

// BenchmarkImportMany measures importing 100,000 addresses at once, and the same again
// with an earlier birthday; BenchmarkImportQueued importing one of 1,600 after the other
// while a search goes on.
func BenchmarkImportMany(b *testing.B) {
	addresses, _ := addressesOf(b, "bench", 100_000)
	for b.Loop() {
		x := openTest(b, Birthday{})
		x.store.DB.NoSync = false
		late := &Birthday{Time: time.Now()}
		for _, birthday := range []*Birthday{late, nil} {
			if _, err := x.ImportAddresses(b.Context(), addresses, birthday); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func BenchmarkImportQueued(b *testing.B) {
	addresses, _ := addressesOf(b, "bench", 1600)
	w := newWorld(b, 1)
	for range 50 {
		w.mine(nil, nil, true)
	}
	for b.Loop() {
		x := openTest(b, Birthday{})
		importTest(b, x, "a", 1, AccountOptions{})
		w.step(x, 10)
		for _, a := range addresses {
			if err := x.ImportAddress(b.Context(), a, "", nil); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1600, "µs/import")
}
