package txbuild_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/stdscript"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/wallet/txbuild"
)

// coins returns pay-to-pubkey-hash coins of amounts.
func (s *signer) coinsOf(amounts ...dcrutil.Amount) []txbuild.Coin {
	var list []txbuild.Coin
	for _, amount := range amounts {
		c := txbuild.Coin{OutPoint: s.outpoint(), PkScript: s.keyHash(), Amount: amount}
		s.coins[c.OutPoint] = &wire.TxOut{Value: int64(amount), PkScript: c.PkScript}
		list = append(list, c)
	}
	return list
}

// paying returns a request that pays amounts.
func (s *signer) paying(coins []txbuild.Coin, amounts ...int64) *txbuild.Request {
	r := &txbuild.Request{Coins: coins, Change: s.keyHash(), FeeRate: txbuild.RelayFee, MaxFeeRate: 10 * txbuild.RelayFee, Height: 100}
	for _, amount := range amounts {
		r.Outputs = append(r.Outputs, wire.NewTxOut(amount, s.keyHash()))
	}
	return r
}

func TestChoosesCoins(t *testing.T) {
	const dcr = 1e8
	for _, test := range []struct {
		name   string
		coins  []dcrutil.Amount
		pay    int64
		spends []dcrutil.Amount
		change dcrutil.Amount
	}{
		{"the smallest one that is enough", []dcrutil.Amount{9 * dcr, 2 * dcr, 3 * dcr}, 1 * dcr, []dcrutil.Amount{2 * dcr}, 1*dcr - 2530},
		{"the largest ones until they are enough", []dcrutil.Amount{1 * dcr, 4 * dcr, 3 * dcr}, 5 * dcr, []dcrutil.Amount{4 * dcr, 3 * dcr}, 2*dcr - 4190},
		{"no change of dust", []dcrutil.Amount{1*dcr + 8000}, 1 * dcr, []dcrutil.Amount{1*dcr + 8000}, 0},
		{"no coin worth less than its fee", []dcrutil.Amount{1500, 1 * dcr, 1500}, 1*dcr - 9000, []dcrutil.Amount{1 * dcr}, 6470},
	} {
		s := newSigner(1)
		result, err := txbuild.Build(s.paying(s.coinsOf(test.coins...), test.pay))
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		var spends []dcrutil.Amount
		for _, c := range result.Coins {
			spends = append(spends, c.Amount)
		}
		change := dcrutil.Amount(0)
		if result.Change >= 0 {
			change = dcrutil.Amount(result.Tx.TxOut[result.Change].Value)
		}
		if !slices.Equal(spends, test.spends) || change != test.change {
			t.Errorf("%s: spends %v, change %v, fee %v", test.name, spends, change, result.Fee)
		}
	}
}

// TestSweepSpendsAll sends everything to one script, and nothing is left but the fee.
func TestSweepSpendsAll(t *testing.T) {
	s := newSigner(1)
	r := s.paying(s.coinsOf(1e8, 2e8, 1000, 3e8))
	result, err := txbuild.Build(r)
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Tx.TxIn) != 3 || len(result.Tx.TxOut) != 1 || result.Change != 0 || result.Idle != 1 || result.Fee != txbuild.FeeAt(txbuild.RelayFee, result.Size) {
		t.Errorf("%d inputs, %d outputs, fee %v for %d bytes", len(result.Tx.TxIn), len(result.Tx.TxOut), result.Fee, result.Size)
	}
}

// TestSweepOfManyCoins: a sweep of more coins than a transaction holds takes the largest ones, as many as
// fit, and says how many are left; in turns it takes each coin once.
func TestSweepOfManyCoins(t *testing.T) {
	s := newSigner(1)
	var amounts []dcrutil.Amount
	for i := range 3000 {
		amounts = append(amounts, dcrutil.Amount(1e6+i))
	}
	r, spent := s.paying(s.coinsOf(amounts...)), 0
	for turn := 0; len(r.Coins) > 0; turn++ {
		result, err := txbuild.Build(r)
		if err != nil {
			t.Fatal(err)
		}
		n := len(result.Coins)
		if result.Size > txbuild.MaxSize || result.Left != len(r.Coins)-n || result.Left > 0 && result.Size+170 <= txbuild.MaxSize {
			t.Fatalf("turn %d: %d of %d coins, %d bytes, %d left", turn, n, len(r.Coins), result.Size, result.Left)
		}
		taken := make(map[wire.OutPoint]bool)
		for _, c := range result.Coins {
			taken[c.OutPoint] = true
		}
		r.Coins = slices.DeleteFunc(slices.Clone(r.Coins), func(c txbuild.Coin) bool { return taken[c.OutPoint] })
		spent += n
	}
	if spent != 3000 {
		t.Errorf("%d coins were spent", spent)
	}
	r = s.paying(s.coinsOf(amounts...))
	if r.All = true; !errors.Is(second(txbuild.Build(r)), txbuild.ErrTooLarge) {
		t.Error("coins that were named are left out")
	}
}

func second(_ *txbuild.Result, err error) error { return err }

func TestRefusals(t *testing.T) {
	many := func(n int, amount int64) []int64 { return slices.Repeat([]int64{amount}, n) }
	for _, test := range []struct {
		name   string
		change func(s *signer, r *txbuild.Request)
		want   error
		text   string
	}{
		{"too little", func(s *signer, r *txbuild.Request) { r.Outputs[0].Value = 1e10 }, txbuild.ErrFunds, "3 DCR in 2 coins"},
		{"no coins", func(s *signer, r *txbuild.Request) { r.Coins = nil }, txbuild.ErrFunds, "0 coins"},
		{"only dust", func(s *signer, r *txbuild.Request) { r.Coins = s.coinsOf(1000, 1000) }, txbuild.ErrFunds, "2 coins are worth less"},
		{"unknown scripts", func(s *signer, r *txbuild.Request) {
			r.Coins[0].PkScript, r.Coins[1].PkScript = s.hashed(s.key()), []byte{txscript.OP_TRUE}
		}, txbuild.ErrFunds, "2 coins have scripts"},
		{"an unknown script that is chosen", func(s *signer, r *txbuild.Request) { r.All, r.Coins[0].PkScript = true, s.hashed(s.key()) }, txbuild.ErrScript, "redeem script is unknown"},
		{"another redeem script", func(s *signer, r *txbuild.Request) {
			r.All, r.Coins[0].PkScript, r.Coins[0].RedeemScript = true, s.hashed(s.key()), s.key()
		}, txbuild.ErrScript, "another redeem script"},
		{"a ticket", func(s *signer, r *txbuild.Request) {
			r.All, r.Coins[0].PkScript = true, append([]byte{txscript.OP_SSTX}, r.Coins[0].PkScript...)
		}, txbuild.ErrScript, "stakesubmission"},
		{"dust", func(s *signer, r *txbuild.Request) { r.Outputs[0].Value = 6029 }, txbuild.ErrOutput, "dust"},
		{"nothing", func(s *signer, r *txbuild.Request) { r.Outputs[0].Value = 0 }, txbuild.ErrOutput, "0 atoms"},
		{"less than nothing", func(s *signer, r *txbuild.Request) { r.Outputs[0].Value = -1 }, txbuild.ErrOutput, "-1 atoms"},
		{"more than all", func(s *signer, r *txbuild.Request) { r.Outputs[0].Value = dcrutil.MaxAmount + 1 }, txbuild.ErrOutput, "atoms"},
		{"twice more than all", func(s *signer, r *txbuild.Request) {
			r.Outputs = s.paying(nil, dcrutil.MaxAmount, dcrutil.MaxAmount).Outputs
		}, txbuild.ErrOutput, "all outputs together"},
		{"a version", func(s *signer, r *txbuild.Request) { r.Outputs[0].Version = 1 }, txbuild.ErrOutput, "version 1"},
		{"a stake tag", func(s *signer, r *txbuild.Request) { r.Outputs[0].PkScript = s.tagged(s.keyHash()) }, txbuild.ErrOutput, "type"},
		{"data with coins", func(s *signer, r *txbuild.Request) { r.Outputs[0].PkScript = []byte{txscript.OP_RETURN} }, txbuild.ErrOutput, "lose"},
		{"change with a stake tag", func(s *signer, r *txbuild.Request) { r.Change = s.tagged(s.keyHash()) }, txbuild.ErrOutput, "change"},
		{"change without a script", func(s *signer, r *txbuild.Request) { r.Change = nil }, txbuild.ErrNoChange, "left over"},
		{"a low fee rate", func(s *signer, r *txbuild.Request) { r.FeeRate = 9999 }, txbuild.ErrFeeRate, "relay nothing below"},
		{"a high fee rate", func(s *signer, r *txbuild.Request) { r.FeeRate = 100_001 }, txbuild.ErrFeeRate, "above the limit"},
		{"an absurd limit", func(s *signer, r *txbuild.Request) { r.MaxFeeRate = dcrutil.MaxAmount }, txbuild.ErrFeeRate, "limit"},
		{"an expiry", func(s *signer, r *txbuild.Request) { r.Expiry = 101 }, txbuild.ErrExpiry, "the next block has height 101"},
		{"a coin twice", func(s *signer, r *txbuild.Request) { r.Coins[0] = r.Coins[1] }, txbuild.ErrRequest, "twice"},
		{"a wrong amount", func(s *signer, r *txbuild.Request) { r.Coins[0].Amount = -1 }, txbuild.ErrRequest, "amount"},
		{"no outputs and no change", func(s *signer, r *txbuild.Request) { r.Outputs, r.Change = nil, nil }, txbuild.ErrRequest, "pays nothing"},
		{"many coins", func(s *signer, r *txbuild.Request) {
			*r = *s.paying(s.coinsOf(slices.Repeat([]dcrutil.Amount{2e8}, 700)...), 1300e8)
		}, txbuild.ErrTooLarge, "choose fewer"},
		{"sweep of many named coins", func(s *signer, r *txbuild.Request) {
			*r = *s.paying(s.coinsOf(slices.Repeat([]dcrutil.Amount{2e8}, 700)...))
			r.All = true
		}, txbuild.ErrTooLarge, "the limit is 100000; choose fewer"},
		{"many outputs", func(s *signer, r *txbuild.Request) { *r = *s.paying(s.coinsOf(1e12), many(3000, 1e6)...) }, txbuild.ErrTooLarge, "100000"},
		{"many signature operations", func(s *signer, r *txbuild.Request) { *r = *s.paying(s.coinsOf(1e12), many(1000, 1e6)...) }, txbuild.ErrTooLarge, "1001 signature operations"},
	} {
		s := newSigner(1)
		r := s.paying(s.coinsOf(1e8, 2e8), 1e8)
		test.change(s, r)
		if _, err := txbuild.Build(r); !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

// TestTooManyCoinsSaysHowManyFit: what the error says can be built, and one coin more cannot.
func TestTooManyCoinsSaysHowManyFit(t *testing.T) {
	s := newSigner(1)
	keys := make([][]byte, 15)
	for i := range keys {
		keys[i] = s.pubKey()
	}
	redeem, err := stdscript.MultiSigScriptV0(1, keys...)
	if err != nil {
		t.Fatal(err)
	}
	var shared []txbuild.Coin
	for range 100 {
		shared = append(shared, txbuild.Coin{OutPoint: s.outpoint(), Amount: 2e8, PkScript: s.hashed(redeem), RedeemScript: redeem})
	}
	for name, coins := range map[string][]txbuild.Coin{"100000": s.coinsOf(slices.Repeat([]dcrutil.Amount{2e8}, 700)...), "signature operations": shared} {
		r := s.paying(coins)
		r.All = true
		_, err := txbuild.Build(r)
		if !errors.Is(err, txbuild.ErrTooLarge) || !strings.Contains(err.Error(), name) {
			t.Fatalf("%s: %v", name, err)
		}
		var most int
		_, text, _ := strings.Cut(err.Error(), "choose fewer coins, of which the largest ")
		if _, scanned := fmt.Sscanf(text, "%d fit, or pay less at a time", &most); scanned != nil {
			t.Fatalf("%s: %v says no number", name, err)
		}
		r.Coins = coins[:most]
		if _, err := txbuild.Build(r); err != nil {
			t.Errorf("%s: %d coins: %v", name, most, err)
		}
		r.Coins = coins[:most+1]
		if _, err := txbuild.Build(r); !errors.Is(err, txbuild.ErrTooLarge) {
			t.Errorf("%s: %d coins: %v", name, most+1, err)
		}
	}
}

// TestVerifyNamesEveryInput has a transaction with one input of each kind.
func TestVerifyNamesEveryInput(t *testing.T) {
	s := newSigner(1)
	r := s.paying(s.coinsOf(1e8, 1e8, 1e8, 1e8), 39e7)
	result, err := txbuild.Build(r)
	if err != nil {
		t.Fatal(err)
	}
	tx := result.Tx
	s.sign(t, tx)
	tx.TxIn[0].SignatureScript = nil
	tx.TxIn[1].ValueIn++
	tx.TxIn[2].SignatureScript = tx.TxIn[3].SignatureScript
	delete(s.coins, tx.TxIn[3].PreviousOutPoint)
	list := txbuild.Verify(tx, s.previous)
	if !errors.Is(list[0], txbuild.ErrUnsigned) || !errors.Is(list[1], txbuild.ErrAmount) ||
		!errors.Is(list[2], txscript.ErrEqualVerify) || !errors.Is(list[3], txbuild.ErrUnknown) {
		t.Errorf("%q", list)
	}
	tx.TxOut = nil
	if err := txbuild.Refused(tx, chaincfg.SimNetParams().MaxTxSize); err == nil || !strings.Contains(err.Error(), "consensus refuses it") {
		t.Errorf("without outputs: %v", err)
	}
}
