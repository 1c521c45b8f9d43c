package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/e2e/keys"
	"github.com/spvd/spvd/e2e/proc"
)

// dexAnswers is what dexclient prints.
type dexAnswers struct {
	Balance           struct{ Available, Immature, Locked uint64 }
	SyncStatus        struct{ Synced bool }
	Locked            bool
	Deposit           string
	DepositAgain      string
	New, Redemption   string
	Owns, OwnsForeign bool
	Valid             []bool
	Transaction       struct{ ID string }
	History           []struct{ ID string }
	Estimate          []any // the fee, and whether the address is valid
	MaxOrder          struct{ Lots, Value uint64 }
	Stake             struct {
		TicketPrice uint64
		Tickets     []any
	}
	Expired           []bool
	Confirmations     int64
	ContractExpired   []any
	Audit, AuditFound []any // the receiver, the amount, Unix seconds
	SwapConfirmations []any // the number, and whether it is spent
	Published         string
	Funding           []string
	FundingMore       []string
	Secret            string
}

// buildDex compiles the client of dcrdex into dir and returns its path.
func buildDex(ctx context.Context, dir string) (string, error) {
	path := filepath.Join(dir, "dexclient")
	return path, proc.GoBuild(ctx, "dexclient", dir, "-mod=mod", "-o", path, ".")
}

// dex: dcrdex's own wallet client works with the wallet of a story as it does with
// dcrwallet's, in all that needs no key. It would fund a swap with coins, and with no
// ticket; it finds a swap in the chain, and the secret with which that was redeemed.
func (s *story) dex(program string) {
	s.Helper()
	swap := s.swap(program)
	first := s.askDex(program, swap, "-txid="+s.book(s.T, s.a).Transactions()[0].TxID, "-value=2000000000")
	s.dexMoney(&first)
	s.dexFunds(&first)
	s.dexChain(&first, swap)

	send(s.T, s.a, swap.redeem(s))
	s.mine(1)
	s.await()
	funding := make([]string, len(first.Funding))
	for i, coin := range first.Funding {
		funding[i], _, _ = strings.Cut(coin, " ")
	}
	paid := s.spend(savings, scriptOf(s.T, "a shop"), coinOf/9, 20)
	again := s.askDex(program, swap, "-funding="+strings.Join(funding, ","), "-raw="+rawHex(s.T, paid))
	if !slices.Equal(again.Funding, first.Funding) {
		s.Errorf("dcrdex finds %v locked, not %v", again.Funding, first.Funding)
	}
	if want := []any{float64(2), true}; !slices.Equal(again.SwapConfirmations, want) {
		s.Errorf("the redeemed swap has %v, want %v", again.SwapConfirmations, want)
	}
	if again.Secret != hex.EncodeToString(swap.secret) {
		s.Errorf("the secret is %q, want %x", again.Secret, swap.secret)
	}
	if again.Published != coinName(paid.TxHash(), 0) {
		s.Errorf("dcrdex has published %s, not %v", again.Published, paid.TxHash())
	}
	s.eventually("what dcrdex has published is in the node", func() bool {
		return s.a.Call(s.Context(), "getrawtransaction", nil, paid.TxHash().String()) == nil
	})
	var locked []any
	if err := s.daemon.Call(s.Context(), "listlockunspent", &locked); err != nil || len(locked) != 0 {
		s.Errorf("dcrdex has left %d coins locked, %v", len(locked), err)
	}
}

// askDex runs the client.
func (s *story) askDex(program string, swap *swap, args ...string) (a dexAnswers) {
	s.Helper()
	access := s.daemon.Access()
	args = append([]string{
		"-rpclisten=" + access.Addr, "-rpccert=" + access.Cert, "-username=" + access.User, "-password=" + access.Pass, "-account=" + savings,
		"-dir=" + s.T.TempDir(), "-foreign=" + s.key(s.T, late, keys.External, 0).Address(),
		"-swap=" + coinName(swap.tx.TxHash(), 0), "-contract=" + hex.EncodeToString(swap.contract), "-swaptx=" + rawHex(s.T, swap.tx),
	}, args...)
	r, err := proc.Run(deadline(s.T), program, args...)
	if err != nil || r.Code != 0 {
		s.Fatalf("dexclient: exit code %d, %v\n%s", r.Code, err, r.Stderr)
	}
	if err := json.Unmarshal([]byte(r.Stdout), &a); err != nil {
		s.Fatalf("%v: %s", err, r.Stdout)
	}
	return a
}

// dexMoney holds what the client was told of the wallet and its addresses.
func (s *story) dexMoney(a *dexAnswers) {
	s.Helper()
	sum := s.book(s.T, s.a).Balances(1)
	if got := a.Balance.Available; got != uint64(sum.Accounts[0].Spendable) {
		s.Errorf("dcrdex has %d atoms available, the replay %d", got, sum.Accounts[0].Spendable)
	}
	if !a.SyncStatus.Synced || !a.Locked || !a.Owns || a.OwnsForeign || !slices.Equal(a.Valid, []bool{true, false}) {
		s.Errorf("dcrdex was told %+v", a)
	}
	for _, address := range []string{a.Deposit, a.DepositAgain, a.New, a.Redemption} {
		var known struct{ IsMine bool }
		if err := s.daemon.Call(s.Context(), "validateaddress", &known, address); err != nil || !known.IsMine {
			s.Errorf("dcrdex was given the address %q: %+v, %v", address, known, err)
		}
	}
	if want := s.book(s.T, s.a).Transactions()[0].TxID; a.Transaction.ID != want {
		s.Errorf("dcrdex knows %s as %s", want, a.Transaction.ID)
	}
	if len(a.Estimate) != 2 || a.Estimate[1] != true || a.MaxOrder.Lots == 0 {
		s.Errorf("dcrdex estimates %v, %+v", a.Estimate, a.MaxOrder)
	}
	if a.Stake.TicketPrice == 0 || len(a.Stake.Tickets) == 0 {
		s.Errorf("dcrdex was told of tickets %+v", a.Stake)
	}
}

// dexFunds holds the coins that the client would spend: they can be spent.
func (s *story) dexFunds(a *dexAnswers) {
	s.Helper()
	spendable := make(map[string]uint64)
	for _, u := range s.book(s.T, s.a).Unspent(1) {
		if hash, err := chainhash.NewHashFromStr(u.TxID); err == nil && u.Spendable {
			spendable[coinName(*hash, u.Vout)] = uint64(u.Amount)
		}
	}
	total := uint64(0)
	for _, coin := range append(slices.Clone(a.Funding), a.FundingMore...) {
		var name string
		var value uint64
		if _, err := fmt.Sscan(coin, &name, &value); err != nil || spendable[name] != value {
			s.Errorf("dcrdex would fund a swap with %s", coin)
		}
		if slices.Contains(a.Funding, coin) {
			total += value
		}
	}
	if want := uint64(20 * coinOf); total < want || len(a.FundingMore) == 0 {
		s.Errorf("dcrdex would fund with %d atoms, of %d, and with %v", total, want, a.FundingMore)
	}
}

// dexChain holds what the client found of a swap that is not redeemed yet.
func (s *story) dexChain(a *dexAnswers, swap *swap) {
	s.Helper()
	audit := []any{swap.receiver.Address(), float64(swap.tx.TxOut[0].Value), float64(swap.until)}
	if !slices.Equal(a.Audit, audit) || !slices.Equal(a.AuditFound, audit) {
		s.Errorf("the audits of the swap are %v and %v, want %v", a.Audit, a.AuditFound, audit)
	}
	if !slices.Equal(a.Expired, []bool{true, false}) || a.Confirmations != 1 || !slices.Equal(a.ContractExpired, []any{false, float64(swap.until)}) ||
		!slices.Equal(a.SwapConfirmations, []any{float64(1), false}) {
		s.Errorf("the swap: %v, %d, %v, %v", a.Expired, a.Confirmations, a.ContractExpired, a.SwapConfirmations)
	}
}

// swap is a coin that its receiver can spend with a secret, and its sender later.
type swap struct {
	secret   []byte
	receiver *keys.Key
	until    int64 // Unix seconds
	contract []byte
	tx       *wire.MsgTx // its output 0 is the coin
}

// swap has savings pay into a swap, in a block.
func (s *story) swap(program string) *swap {
	s.Helper()
	secret := bytes.Repeat([]byte{7}, 32)
	w := &swap{secret: secret, receiver: s.key(s.T, late, keys.External, 1), until: time.Now().Add(48 * time.Hour).Unix()}
	r, err := proc.Run(deadline(s.T), program, fmt.Sprintf("-make=%s,%s,%x,%d",
		w.receiver.Address(), s.key(s.T, savings, keys.External, 7).Address(), sha256.Sum256(secret), w.until))
	if err == nil {
		var text string
		if err = json.Unmarshal([]byte(r.Stdout), &text); err == nil {
			w.contract, err = hex.DecodeString(text)
		}
	}
	if err != nil || len(w.contract) == 0 {
		s.Fatalf("the contract of a swap: %v\n%s", err, r.Stderr)
	}
	address, err := stdaddr.NewAddressScriptHashV0(w.contract, chaincfg.SimNetParams())
	if err != nil {
		s.Fatal(err)
	}
	_, pay := address.PaymentScript()
	w.tx = s.spend(savings, pay, coinOf/2, 19)
	send(s.T, s.a, w.tx)
	s.mine(1)
	s.await()
	return w
}

// redeem returns the transaction with which the receiver takes the coin.
func (w *swap) redeem(s *story) *wire.MsgTx {
	s.Helper()
	tx := wire.NewMsgTx()
	out := w.tx.TxOut[0].Value
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Hash: w.tx.TxHash()}, out, nil))
	tx.AddTxOut(wire.NewTxOut(out-holderFee, w.receiver.Script()))
	sig, err := sign.RawTxInSignature(tx, 0, w.contract, txscript.SigHashAll, w.receiver.Priv, dcrec.STEcdsaSecp256k1)
	if err == nil {
		tx.TxIn[0].SignatureScript, err = txscript.NewScriptBuilder().
			AddData(sig).AddData(w.receiver.Pub).AddData(w.secret).AddInt64(1).AddData(w.contract).Script()
	}
	if err != nil {
		s.Fatal(err)
	}
	return tx
}

// coinName returns the name that dcrdex has for an output.
func coinName(hash chainhash.Hash, index uint32) string {
	return hex.EncodeToString(binary.BigEndian.AppendUint32(hash[:], index))
}
