package wallet

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/hd"
)

// importWay is a way to have a wallet watch something, and what the oracle records of it: an
// account of a seed, or scripts.
type importWay struct {
	do   func(x *Wallet, d *Birthday) error
	seed byte
	pays []string
}

const (
	pairGap  = 3 // the window of the account ends at 6, and at 12 once address 5 is used
	pairName = "seed1"
)

// importWays returns the ways to import an account, scripts that it covers from the start or
// later, and scripts that it never does.
func importWays(t *testing.T, o *oracle) map[string]importWay {
	ctx, net := t.Context(), consensus.SimNet().ChainParams
	key, hashed := testKey(1, 5)
	plain := singles()[1].pays[0]
	redeem, p2sh := singles()[2].redeem, singles()[2].pays[0]
	list := o.scriptsOf(1)[0]
	near, far := list[1], list[8]
	of := func(pay string) string { return hd.ScriptAddress(net, []byte(pay)) }
	keyAddress, err := stdaddr.NewAddressPubKeyEcdsaSecp256k1V0Raw(key, net)
	if err != nil {
		t.Fatal(err)
	}
	address := func(text string, pays ...string) importWay {
		return importWay{do: func(x *Wallet, d *Birthday) error { return x.ImportAddress(ctx, text, "", d) }, pays: pays}
	}
	script := func(pay string) importWay {
		return importWay{do: func(x *Wallet, d *Birthday) error { return x.ImportScript(ctx, []byte(pay), d) }, pays: []string{pay}}
	}
	return map[string]importWay{
		"importxpub": {seed: 1, do: func(x *Wallet, d *Birthday) error {
			_, err := x.ImportXpub(ctx, pairName, testXpub(t, 1), AccountOptions{Gap: pairGap, Birthday: d})
			if errors.Is(err, ErrDuplicate) { // with the default gap limit it means the one it has
				_, err = x.ImportXpub(ctx, pairName, testXpub(t, 1), AccountOptions{Birthday: d})
			}
			return err
		}},
		"importwallet": {pays: []string{hashed, p2sh}, do: func(x *Wallet, d *Birthday) error {
			e := &Export{Network: net.Name}
			for _, pay := range []string{hashed, p2sh} {
				b := Born{Height: d.Height, From: consensus.Never}
				if d.After.Hash != (chainhash.Hash{}) {
					b.Height, b.After = consensus.Never, d.After
				}
				e.Scripts = append(e.Scripts, ExportedScript{Script: []byte(pay), Born: b})
			}
			return x.restore(ctx, e)
		}},
		"importaddress of a key's hash": address(of(hashed), hashed),
		"importaddress of a key":        address(keyAddress.String(), plain, hashed),
		"importaddress far out":         address(of(far), far),
		"importaddress of a script":     address(of(p2sh), p2sh),
		"importaddresses": {pays: []string{near, far, p2sh}, do: func(x *Wallet, d *Birthday) error {
			_, err := x.ImportAddresses(ctx, []string{of(near), of(far), of(p2sh)}, d)
			return err
		}},
		"importpubkey": {pays: []string{plain, hashed}, do: func(x *Wallet, d *Birthday) error {
			_, err := x.ImportPubKey(ctx, key, d)
			return err
		}},
		"importscript": {pays: []string{p2sh}, do: func(x *Wallet, d *Birthday) error {
			_, err := x.ImportRedeemScript(ctx, redeem, d)
			return err
		}},
		"importscript of a key":        script(plain),
		"importscript of a key's hash": script(hashed),
		"importscripts": {pays: []string{near, plain}, do: func(x *Wallet, d *Birthday) error {
			_, err := x.ImportManyScripts(ctx, [][]byte{[]byte(near), []byte(plain)}, false, d)
			return err
		}},
	}
}

// pairWorld pays each script of the ways in four rounds, from the heights 3, 9, 15 and 21 on, and
// spends each payment but the last one in the next round. Each has blocks of its own: a block that
// matches one script shows what it holds of the others.
func pairWorld(t *testing.T) *world {
	w := newWorld(t, 1)
	_, hashed := testKey(1, 5)
	list := (&oracle{w: w, keys: make(map[byte][2][]string)}).scriptsOf(1)[0]
	pays := []string{hashed, singles()[1].pays[0], singles()[2].pays[0], list[1], list[8]}
	coins := make(map[int]wire.OutPoint)
	for h := 1; h <= pairBlocks; h++ {
		regular := []*wire.MsgTx{w.coinbase(w.stranger(), 1)}
		if op, ok := coins[h-6]; ok {
			regular = append(regular, spend([]wire.OutPoint{op}, wire.NewTxOut(90, w.stranger())))
		}
		if n := (h + 3) % 6; h > 2 && n < len(pays) {
			tx := w.pay([]byte(pays[n]), 100)
			regular, coins[h] = append(regular, tx), wire.OutPoint{Hash: tx.TxHash()}
		}
		w.mine(nil, regular, true)
	}
	return w
}

const pairBlocks = 26

// TestImportsInEveryOrder: of every two imports, of all methods, in both orders and with equal,
// lower and higher birthdays, also one of new blocks only, before the chain is searched, in the
// middle and after it, the wallet has what the two give together.
func TestImportsInEveryOrder(t *testing.T) {
	keys := make(map[byte][2][]string)
	w := pairWorld(t)
	all := w.main
	births := [][2]consensus.Height{{8, 8}, {14, 8}, {8, 14}, {consensus.Never, 8}, {8, consensus.Never}}
	ways := importWays(t, &oracle{w: w, keys: keys})
	turn := 0
	names := slices.Sorted(maps.Keys(ways))
	for _, first := range names {
		for _, second := range names {
			turn++ // each pair is imported into a wallet that is not at the tip for one of the births
			for n := range len(births) + 1 {
				if (turn/2+n)%2 != 0 && seeds(0) == 0 {
					continue // half of them in a short run
				}
				born, at := births[(turn+n)%len(births)], pairBlocks // the height of the second import
				if n == len(births) {
					at = 12 * (turn % 2)
				}
				t.Run(fmt.Sprintf("%s from %d, %s from %d at %d", first, born[0], second, born[1], at), func(t *testing.T) {
					w.t, w.main = t, all[:1+min(at, 12)]
					l := &lifetime{world: w, subject: newSubject("one", &oracle{w: w, keys: keys}), t: t, dir: t.TempDir()}
					l.subjects = []*subject{l.subject}
					l.open()
					l.importBy(ways[first], born[0])
					w.main = all[:1+at]
					for at > 0 && l.step(l.x, 5) {
					}
					l.importBy(ways[second], born[1])
					w.main = all
					l.goOn(5)
					if err := l.x.Check(t.Context()); err != nil {
						t.Error(err)
					}
					want := l.o.truth()
					l.checkWindows()
					l.checkTransactions(&want)
					l.checkBalances(&want)
					if err := l.x.Close(); err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
}

// importBy imports something from a height on, or only in new blocks, and tells the oracle.
func (l *lifetime) importBy(way importWay, from consensus.Height) {
	l.t.Helper()
	d, b := Birthday{Height: from}, birth{height: from}
	if from == consensus.Never {
		tip := *l.tip()
		d, b = Birthday{After: tip.BlockID}, birth{after: &tip}
	}
	err := way.do(l.x, &d)
	if errors.Is(err, ErrDuplicate) {
		v := l.o.watched()
		for _, pay := range way.pays {
			if v.born[pay] == 0 || v.born[pay] > l.o.bornOn([]birth{b}) {
				l.fail("refused: %v", err)
			}
		}
		err = nil
		if way.seed == 0 {
			return
		}
	}
	if err != nil {
		l.fail("%v", err)
	}
	for _, a := range l.o.asked {
		if way.seed != 0 && a.seed == way.seed {
			a.births = append(a.births, b)
			return
		}
	}
	a := &asked{name: ImportedName, pays: way.pays, births: []birth{b}}
	if way.seed != 0 {
		a = &asked{name: pairName, seed: way.seed, gap: pairGap, births: []birth{b}}
	}
	l.o.asked = append(l.o.asked, a)
}
