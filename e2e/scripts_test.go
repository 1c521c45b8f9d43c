package e2e

import (
	"encoding/hex"
	"testing"

	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/e2e/keys"
	"github.com/spvd/spvd/e2e/replay"
)

// noAddress stands for the address of a script that has none.
const noAddress = ""

// scriptStory is what happens to scripts of every kind.
type scriptStory struct {
	*story
	watched [][]byte // alone
	other   []byte   // pays to a key that is watched only by its hash
}

// testScripts: addresses of every type are paid and pay, alone and together with
// two accounts and a stranger, and all that once more after a reorganisation.
func (s *stage) testScripts(t *testing.T) {
	st := &scriptStory{story: &story{T: t, holder: newHolder(), stage: s, dir: t.TempDir()}}
	st.begin()
	st.importAll()
	st.payAll()
	st.spendAll()
	st.again()
}

// begin starts the nodes and the daemon, and gives coins to three accounts, of
// which the daemon watches two. Then the nodes part.
func (s *scriptStory) begin() {
	for _, name := range []string{savings, spending, late} {
		s.open(s.T, name)
	}
	s.watch.Accounts = append(s.watch.Accounts, s.known[savings])
	s.a, s.b = s.stage.newNode(s.T), s.stage.newNode(s.T)
	s.ma, s.mb = s.stage.newMiner(s.T, s.a), s.stage.newMiner(s.T, s.b)
	s.receive(savings, keys.Internal, 9, coinOf) // which is no change, for others pay it
	for i := range 2 {
		for _, name := range []string{savings, spending, late} {
			s.receive(name, keys.External, i, 10*coinOf)
		}
	}
	s.mine(1)
	s.link()
	agree(s.T, s.b, s.a)
	if err := s.a.Unlink(s.Context(), s.b); err != nil {
		s.Fatal(err)
	}
	s.start()
	s.agree("what was there before")
	s.importAccount(spending)
	s.agree("a second account")
}

// importAll imports keys of every signature type by their addresses, which has
// payments to the keys watched and to their hashes; one more by its hash; and a
// script of two keys, by its hash and bare.
func (s *scriptStory) importAll() {
	s.Helper()
	for name, kind := range map[string]dcrec.SignatureType{
		"a usual key": dcrec.STEcdsaSecp256k1, "an Edwards key": dcrec.STEd25519, "a Schnorr key": dcrec.STSchnorrSecp256k1,
	} {
		bare, hashed := s.altKeys(name, kind)
		s.call("importaddress", bare.Address())
		s.alone(bare.Address(), bare.Script())
		s.alone(hashed.Address(), hashed.Script())
	}
	bare, hashed := s.altKeys("an Edwards key's hash", dcrec.STEd25519)
	s.call("importaddress", hashed.Address())
	s.alone(hashed.Address(), hashed.Script())
	s.other = bare.Script()

	pair, err := keys.NewPair(s.newKey("one"), s.newKey("other"))
	if err != nil {
		s.Fatal(err)
	}
	s.ring.Add(pair, pair.Bare())
	s.call("importscript", hex.EncodeToString(pair.Redeem()))
	s.alone(pair.Address(), pair.Script())
	const byHash, everything, noBirthday = false, 0, ""
	s.call("importscript", hex.EncodeToString(pair.Redeem()), true, everything, noBirthday, byHash)
	s.alone(noAddress, pair.Bare().Script())
	s.agree("addresses of every type imported")
}

// altKeys returns the two ways to pay to a key.
func (s *scriptStory) altKeys(name string, kind dcrec.SignatureType) (bare, hashed *keys.AltKey) {
	s.Helper()
	bare, hashed, err := keys.NewAltKeys(name, kind)
	if err != nil {
		s.Fatal(err)
	}
	s.ring.Add(bare, hashed)
	return bare, hashed
}

// alone notes that a script is watched alone.
func (s *scriptStory) alone(address string, script []byte) {
	s.single(address, script, 0)
	s.watched = append(s.watched, script)
}

// payAll mines a transaction that pays all watched scripts, and others.
func (s *scriptStory) payAll() {
	s.Helper()
	outs := []*wire.TxOut{
		wire.NewTxOut(coinOf/10, s.other),
		wire.NewTxOut(coinOf/10, s.script(s.T, savings, keys.External, 3)),
		wire.NewTxOut(coinOf/10, s.script(s.T, savings, keys.External, 3)), // once more
		wire.NewTxOut(0, s.script(s.T, savings, keys.External, 4)),
		wire.NewTxOut(0, append([]byte{txscript.OP_RETURN, txscript.OP_DATA_4}, "note"...)),
		wire.NewTxOut(coinOf/10, s.script(s.T, spending, keys.External, 3)),
	}
	for i, script := range s.watched {
		outs = append(outs, wire.NewTxOut(int64(i+1)*coinOf/10, script))
	}
	send(s.T, s.a, s.payment(s.T, outs, s.script(s.T, savings, keys.Internal, 1), s.coin(s.T, s.a, savings, costs(outs))))
	s.mine(1)
	s.agree("scripts of every kind paid")
}

// spendAll mines transactions that spend all that was paid: one of both accounts,
// and one of everything else, to which a stranger contributes.
func (s *scriptStory) spendAll() {
	s.Helper()
	all := s.unspent(replay.Imported)
	if len(all) != len(s.watched) {
		s.Fatalf("%d of %d scripts have been paid", len(all), len(s.watched))
	}
	outs := []*wire.TxOut{
		wire.NewTxOut(coinOf, scriptOf(s.T, "a shop")),
		wire.NewTxOut(coinOf/2, s.script(s.T, spending, keys.Internal, 1)),
	}
	ours, theirs := s.coin(s.T, s.a, savings, costs(outs)), s.coin(s.T, s.a, spending, 0)
	send(s.T, s.a, s.payment(s.T, outs, s.script(s.T, savings, keys.Internal, 2), ours, theirs))

	all = append(append(all, s.unspent(savings)...), s.unspent(spending)...) // but for those two
	outs = []*wire.TxOut{
		wire.NewTxOut(coinOf, s.watched[0]),
		wire.NewTxOut(coinOf, s.script(s.T, savings, keys.External, 5)),
		wire.NewTxOut(coinOf, s.script(s.T, spending, keys.Internal, 2)),
		wire.NewTxOut(coinOf, scriptOf(s.T, "a shop")),
	}
	all = append(all, s.coin(s.T, s.a, late, costs(outs)))
	send(s.T, s.a, s.payment(s.T, outs, s.script(s.T, late, keys.Internal, 0), all...))
	s.mine(1)
	s.agree("scripts of every kind spent")
}

// unspent returns the coins of an account that can be spent.
func (s *scriptStory) unspent(account string) []replay.Coin {
	s.Helper()
	return s.spendable(s.T, s.a, account)
}

// again mines three blocks on the other node, which has not heard of the payments,
// and one more when the nodes have met.
func (s *scriptStory) again() {
	s.Helper()
	extend(s.T, s.mb, 3)
	s.link()
	agree(s.T, s.a, s.b)
	s.agreeOnMined("payments of every kind reorganised away")
	if left := s.unspent(replay.Imported); len(left) != 0 {
		s.Errorf("%d scripts have coins after the reorganisation", len(left))
	}
	s.mine(1)
	s.agree("paid and spent once more")
	if left := s.unspent(replay.Imported); len(left) != 1 {
		s.Errorf("%d scripts are left with coins in the end, want 1", len(left))
	}
}
