package txbuild_test

import (
	"encoding/binary"
	"errors"
	"flag"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/blockchain/standalone/v2"
	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/stdscript"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/wallet/txbuild"
)

var (
	wallets   = flag.Int("wallets", 200, "how many random wallets are built from")
	firstSeed = flag.Uint64("wallet", 1, "the first seed of a random wallet")
)

// TestRandomWallets has transactions of random wallets judged by dcrd's code, after a signer
// that knows only dcrd's code has signed them. What is refused for want of coins is held
// against all coins together.
func TestRandomWallets(t *testing.T) {
	built, refused := 0, make(map[error]int)
	for i := range *wallets {
		seed := *firstSeed + uint64(i)
		s := newSigner(seed)
		r := s.request()
		result, err := txbuild.Build(r)
		if err != nil {
			refused[s.explain(t, r, err)]++
			continue
		}
		built++
		if again, err := txbuild.Build(r); err != nil || again.Tx.TxHash() != result.Tx.TxHash() {
			t.Fatalf("seed %d: a second build differs: %v", seed, err)
		}
		s.judge(t, r, result)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if built < *wallets/3 {
		t.Errorf("only %d of %d requests were served: %v", built, *wallets, refused)
	}
	t.Logf("%d built, refused: %v", built, refused)
}

// request returns a random request of a random wallet.
func (s *signer) request() *txbuild.Request {
	r := &txbuild.Request{
		Change: s.keyHash(), ChangeAt: s.rng.Uint32(), Height: 1000,
		FeeRate: txbuild.RelayFee, MaxFeeRate: 10 * txbuild.RelayFee,
	}
	size := []int{1, 3, 3, 8, 8, 20, 60, 400}[s.rng.IntN(8)]
	for range s.rng.IntN(size) + 1 {
		r.Coins = append(r.Coins, s.coin())
	}
	var all dcrutil.Amount
	for _, c := range r.Coins {
		all += c.Amount
	}
	outputs := []int{0, 1, 3, 50}[s.rng.IntN(4)]
	share := all / dcrutil.Amount(outputs+1+s.rng.IntN(20))
	for range outputs {
		amount := dcrutil.Amount(s.rng.Int64N(int64(share)+1)) + 6030
		r.Outputs = append(r.Outputs, wire.NewTxOut(int64(amount), s.destination()))
	}
	if outputs > 0 && s.rng.IntN(5) == 0 {
		r.Outputs = append(r.Outputs, wire.NewTxOut(0, []byte{txscript.OP_RETURN, txscript.OP_DATA_3, 1, 2, 3}))
	}
	r.All = outputs == 0 || s.rng.IntN(4) == 0
	if r.All {
		r.Coins = slices.DeleteFunc(r.Coins, func(c txbuild.Coin) bool {
			_, _, err := txbuild.SigScriptSize(c.PkScript, c.RedeemScript)
			return err != nil
		})
	}
	if s.rng.IntN(3) == 0 {
		r.FeeRate = txbuild.RelayFee + dcrutil.Amount(s.rng.Int64N(int64(9*txbuild.RelayFee)+1))
	}
	if s.rng.IntN(4) == 0 {
		r.Expiry = uint32(r.Height) + 2 + s.rng.Uint32N(100)
	}
	return r
}

// judge holds a result against the request, and signs it and holds it against dcrd's rules.
func (s *signer) judge(t *testing.T, r *txbuild.Request, result *txbuild.Result) {
	t.Helper()
	tx := result.Tx
	given := make(map[wire.OutPoint]txbuild.Coin)
	for _, c := range r.Coins {
		given[c.OutPoint] = c
	}
	var in, out dcrutil.Amount
	for i, input := range tx.TxIn {
		c, ok := given[input.PreviousOutPoint]
		if !ok || c.OutPoint != result.Coins[i].OutPoint || input.ValueIn != int64(c.Amount) || len(input.SignatureScript) > 0 {
			t.Fatalf("input %d spends %v", i, input.PreviousOutPoint)
		}
		delete(given, input.PreviousOutPoint)
		in += c.Amount
	}
	for _, o := range tx.TxOut {
		out += dcrutil.Amount(o.Value)
	}
	if in-out != result.Fee || r.All && len(given) > 0 {
		t.Fatalf("%v in, %v out, fee %v, %d coins left", in, out, result.Fee, len(given))
	}
	s.checkPaid(t, r, result)
	for i, refusal := range txbuild.Verify(tx, s.previous) {
		if !errors.Is(refusal, txbuild.ErrUnsigned) {
			t.Fatalf("input %d of an unsigned transaction: %v", i, refusal)
		}
	}
	s.sign(t, tx)
	judgeByDcrd(t, tx, s.previous)
	if size := tx.SerializeSize(); size > result.Size || result.Size-size > 4*signatures(result)+2 {
		t.Errorf("it has %d bytes signed, %d were expected", size, result.Size)
	}
	rate := result.Fee * 1000 / dcrutil.Amount(tx.SerializeSize())
	if rate < r.FeeRate || result.Fee > (r.MaxFeeRate*dcrutil.Amount(result.Size)+999)/1000 {
		t.Errorf("it pays %v for 1,000 bytes, %v were asked for", rate, r.FeeRate)
	}
	if refusal := errors.Join(txbuild.Verify(tx, s.previous)...); refusal != nil {
		t.Error(refusal)
	}
	if err := txbuild.Refused(tx, chaincfg.SimNetParams().MaxTxSize); err != nil {
		t.Error(err)
	}
	if len(tx.TxIn) < 20 {
		s.spoil(t, tx)
	}
}

// signatures returns how many signatures a result needs.
func signatures(result *txbuild.Result) (n int) {
	for _, c := range result.Coins {
		_, some, _ := txbuild.SigScriptSize(c.PkScript, c.RedeemScript)
		n += some
	}
	return n
}

// checkPaid checks that the outputs are those of the request, in order, and the change.
func (s *signer) checkPaid(t *testing.T, r *txbuild.Request, result *txbuild.Result) {
	t.Helper()
	outputs := slices.Clone(result.Tx.TxOut)
	if result.Change >= 0 {
		if string(outputs[result.Change].PkScript) != string(r.Change) {
			t.Fatal("the change goes elsewhere")
		}
		outputs = slices.Delete(outputs, result.Change, result.Change+1)
	}
	if !slices.EqualFunc(outputs, r.Outputs, func(a, b *wire.TxOut) bool {
		return a.Value == b.Value && string(a.PkScript) == string(b.PkScript)
	}) {
		t.Fatal("it pays something else")
	}
	if result.Tx.Expiry != r.Expiry || result.Tx.Version != wire.TxVersion {
		t.Fatalf("expiry %d, version %d", result.Tx.Expiry, result.Tx.Version)
	}
}

// spoil checks that one wrong byte in one signature is found.
func (s *signer) spoil(t *testing.T, tx *wire.MsgTx) {
	t.Helper()
	i := s.rng.IntN(len(tx.TxIn))
	script := slices.Clone(tx.TxIn[i].SignatureScript)
	tx.TxIn[i].SignatureScript[10] ^= 1
	for k, refusal := range txbuild.Verify(tx, s.previous) {
		if (refusal != nil) != (k == i) {
			t.Errorf("input %d is spoiled, and input %d: %v", i, k, refusal)
		}
	}
	tx.TxIn[i].SignatureScript = script
}

// judgeByDcrd checks a signed transaction with dcrd's code, and by the constants of its
// mempool (internal/mempool/policy.go).
func judgeByDcrd(t *testing.T, tx *wire.MsgTx, previous func(wire.OutPoint) *wire.TxOut) {
	t.Helper()
	if err := standalone.CheckTransactionSanity(tx, uint64(chaincfg.MainNetParams().MaxTxSize)); err != nil {
		t.Error(err)
	}
	if kind := stake.DetermineTxType(tx); kind != stake.TxTypeRegular {
		t.Errorf("dcrd takes it for a transaction of type %v", kind)
	}
	ops := 0
	for i, in := range tx.TxIn {
		out := previous(in.PreviousOutPoint)
		const standard = txscript.ScriptDiscourageUpgradableNops | txscript.ScriptVerifyCleanStack |
			txscript.ScriptVerifyCheckLockTimeVerify | txscript.ScriptVerifyCheckSequenceVerify |
			txscript.ScriptVerifySHA256 | txscript.ScriptVerifyTreasury
		engine, err := txscript.NewEngine(out.PkScript, tx, i, standard, 0, nil)
		if err == nil {
			err = engine.Execute()
		}
		precise := txscript.GetPreciseSigOpCount(in.SignatureScript, out.PkScript, true)
		if err != nil || len(in.SignatureScript) > 1650 || !txscript.IsPushOnlyScript(in.SignatureScript) || precise > 15 {
			t.Errorf("input %d: %v", i, err)
		}
		ops += txscript.GetSigOpCount(in.SignatureScript, true)
		if stdscript.IsScriptHashScriptV0(out.PkScript) || stdscript.IsScriptHashScriptV0(out.PkScript[1:]) {
			ops += precise
		}
	}
	data := 0
	for i, out := range tx.TxOut {
		kind := stdscript.DetermineScriptTypeV0(out.PkScript)
		ops += txscript.GetSigOpCount(out.PkScript, true)
		switch {
		case kind == stdscript.STNullData:
			data++
		case kind == stdscript.STNonStandard, out.Value < 30*int64(out.SerializeSize()+165):
			t.Errorf("output %d of %d atoms is not standard", i, out.Value)
		}
	}
	if tx.SerializeSize() > 100_000 || ops > 1000 || data > 4 {
		t.Errorf("%d bytes, %d signature operations, %d outputs with data", tx.SerializeSize(), ops, data)
	}
}

// explain checks that a refusal is right, and returns its reason.
func (s *signer) explain(t *testing.T, r *txbuild.Request, err error) error {
	t.Helper()
	var pay, have dcrutil.Amount
	for _, out := range r.Outputs {
		pay += dcrutil.Amount(out.Value)
	}
	size := 0
	for _, c := range r.Coins {
		script, _, unknown := txbuild.SigScriptSize(c.PkScript, c.RedeemScript)
		fee := r.FeeRate * dcrutil.Amount(60+script) / 1000
		if unknown == nil && (r.All || c.Amount > fee) {
			have += c.Amount - fee
			size += script + 58
		}
	}
	switch {
	case errors.Is(err, txbuild.ErrFunds):
		for _, out := range r.Outputs {
			size += out.SerializeSize()
		}
		if slack := dcrutil.Amount(6100 + 40*len(r.Outputs)*10 + 600); have > pay+slack+r.FeeRate*dcrutil.Amount(40*len(r.Outputs)+200)/1000 {
			t.Errorf("%v, but the coins are worth %v and %v is to be paid: %d bytes", err, have, pay, size)
		}
		return txbuild.ErrFunds
	case errors.Is(err, txbuild.ErrTooLarge):
		if size < 80_000 {
			t.Errorf("%v, but all coins make %d bytes", err, size)
		}
		return txbuild.ErrTooLarge
	case errors.Is(err, txbuild.ErrFeeRate):
		return txbuild.ErrFeeRate
	case errors.Is(err, txbuild.ErrOutput):
		for _, out := range r.Outputs {
			if out.Value > 0 && out.Value < 30*int64(out.SerializeSize()+165) {
				return txbuild.ErrOutput
			}
		}
	}
	t.Errorf("unexpected refusal: %v", err)
	return err
}

// outpoint returns an outpoint that no other call returns.
func (s *signer) outpoint() wire.OutPoint {
	s.serial++
	hash := chainhash.HashH(binary.BigEndian.AppendUint64(nil, s.serial))
	return wire.OutPoint{Hash: hash, Index: s.rng.Uint32N(5)}
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }
