package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"decred.org/dcrdex/client/asset"
	"decred.org/dcrdex/client/asset/dcr"
	"decred.org/dcrdex/dex"
	dexdcr "decred.org/dcrdex/dex/networks/dcr"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/slog"
)

// question is what the client is asked about.
type question struct {
	foreign string // an address that is not the wallet's
	txid    string // a transaction of the wallet
	value   uint64 // what to fund, in atoms
	raw     string // a signed transaction to publish, in hex

	contract string // of a swap, in hex
	swap     string // the coin that is locked in it, as the client names coins
	swapTx   string // its transaction, in hex

	// funding are coins that another run of the client has locked. With them it is asked only
	// about these, and about the swap, which is redeemed.
	funding string
}

func main() {
	settings := map[string]string{"unmixedaccount": "", "tradingaccount": "", "apifeefallback": "false"}
	for _, name := range []string{"rpclisten", "rpccert", "username", "password", "account"} {
		flag.Func(name, "setting of the client", func(v string) error { settings[name] = v; return nil })
	}
	dir := flag.String("dir", "", "data directory of the client")
	var q question
	flag.StringVar(&q.foreign, "foreign", "", "an address that is not the wallet's")
	flag.StringVar(&q.txid, "txid", "", "a transaction of the wallet")
	flag.Uint64Var(&q.value, "value", 0, "what to fund, in atoms")
	flag.StringVar(&q.raw, "raw", "", "a signed transaction to publish, in hex")
	flag.StringVar(&q.contract, "contract", "", "the contract of a swap, in hex")
	flag.StringVar(&q.swap, "swap", "", "the coin of the swap")
	flag.StringVar(&q.swapTx, "swaptx", "", "the transaction of the swap, in hex")
	flag.StringVar(&q.funding, "funding", "", "coins that another run has locked, with commas")
	terms := flag.String("make", "", "print the contract of these terms and end: receiver, sender, hash of the secret in hex, Unix seconds")
	flag.Parse()
	acceptDcrwallet5()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	answers, err := any(nil), error(nil)
	if *terms != "" {
		answers, err = makeContract(*terms)
	} else {
		answers, err = ask(ctx, settings, *dir, &q)
	}
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(answers)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "dexclient:", err)
		cancel()
		os.Exit(1)
	}
}

// makeContract returns the contract of a swap in hex. The terms are the receiver, the sender, the hash
// of the secret in hex, and Unix seconds from which on the sender may take the coin back.
func makeContract(terms string) (string, error) {
	var receiver, sender, hash string
	var until int64
	if _, err := fmt.Sscan(strings.ReplaceAll(terms, ",", " "), &receiver, &sender, &hash, &until); err != nil {
		return "", fmt.Errorf("terms: %w", err)
	}
	secretHash, err := hex.DecodeString(hash)
	if err != nil {
		return "", err
	}
	contract, err := dexdcr.MakeContract(receiver, sender, secretHash, until, chaincfg.SimNetParams())
	return hex.EncodeToString(contract), err
}

// exchangeWallet is what the client offers beyond asset.Wallet.
type exchangeWallet interface {
	asset.Wallet
	asset.NewAddresser
	asset.WalletHistorian
	asset.TicketBuyer
	asset.Bonder
	asset.Authenticator
	asset.TxFeeEstimator
	asset.Broadcaster
}

// connect opens the client's wallet and connects it with the daemon. All its goroutines have
// ended when the function that it returns does.
func connect(ctx context.Context, settings map[string]string, dir string) (w exchangeWallet, end func(), err error) {
	logger := dex.NewLogger("DEX", slog.LevelWarn, os.Stderr)
	notes := make(chan asset.WalletNotification, 1024)
	opened, err := asset.OpenWallet(dcr.BipID, &asset.WalletConfig{
		Type:        "dcrwalletRPC",
		Settings:    settings,
		Emit:        asset.NewWalletEmitter(notes, dcr.BipID, logger),
		PeersChange: func(uint32, error) {},
		DataDir:     dir,
	}, logger, dex.Simnet)
	if err != nil {
		return nil, nil, fmt.Errorf("open: %w", err)
	}
	w, ok := opened.(exchangeWallet)
	if !ok {
		return nil, nil, errors.New("the wallet lacks methods of an exchange wallet")
	}
	ctx, stop := context.WithCancel(ctx)
	var wg *sync.WaitGroup
	if wg, err = w.Connect(ctx); err != nil {
		stop()
		return nil, nil, fmt.Errorf("connect: %w", err)
	}
	return w, func() { stop(); wg.Wait() }, nil
}

// ask asks all that needs no key, and returns the answers by their names.
func ask(ctx context.Context, settings map[string]string, dir string, q *question) (map[string]any, error) {
	w, end, err := connect(ctx, settings, dir)
	if err != nil {
		return nil, err
	}
	defer end()
	a := &asking{w: w, q: q, answers: make(map[string]any)}
	if q.funding != "" {
		a.again(ctx)
	} else {
		a.money()
		a.estimates()
		a.chain(ctx)
		a.funds()
	}
	return a.answers, a.err
}

// asking collects answers up to the first error.
type asking struct {
	w       exchangeWallet
	q       *question
	answers map[string]any
	err     error
}

// step asks one question.
func (a *asking) step(name string, f func() (any, error)) {
	if a.err != nil {
		return
	}
	answer, err := f()
	if err != nil {
		a.err = fmt.Errorf("%s: %w", name, err)
	}
	a.answers[name] = answer
}

// money asks about the wallet and its addresses.
func (a *asking) money() {
	a.step("balance", func() (any, error) { return a.w.Balance() })
	a.step("syncstatus", func() (any, error) { return a.w.SyncStatus() })
	a.step("locked", func() (any, error) { return a.w.Locked(), nil })
	var deposit string
	a.step("deposit", func() (_ any, err error) { deposit, err = a.w.DepositAddress(); return deposit, err })
	a.step("depositagain", func() (any, error) { return a.w.DepositAddress() })
	a.step("new", func() (any, error) { return a.w.NewAddress() })
	a.step("redemption", func() (any, error) { return a.w.RedemptionAddress() })
	a.step("owns", func() (any, error) { return a.w.OwnsDepositAddress(deposit) })
	a.step("ownsforeign", func() (any, error) { return a.w.OwnsDepositAddress(a.q.foreign) })
	a.step("valid", func() (any, error) {
		return []bool{a.w.ValidateAddress(a.q.foreign), a.w.ValidateAddress("nonsense")}, nil
	})
	a.step("transaction", func() (any, error) { return a.w.WalletTransaction(context.Background(), a.q.txid) })
	a.step("history", func() (any, error) { return a.w.TxHistory(0, nil, true) })
}

// matchAge is how long ago the trade of a swap was agreed. dcrdex looks for the swap in no block
// that is older: the chains of stories begin an hour before they are made, and stories take minutes.
const matchAge = 24 * time.Hour

// rate is a fee in atoms for a byte.
const rate = 20

// estimates asks what things would cost.
func (a *asking) estimates() {
	const lot = 1e8
	a.step("bondsfee", func() (any, error) { return a.w.BondsFeeBuffer(rate), nil })
	a.step("sendfee", func() (any, error) { return a.w.StandardSendFee(rate), nil })
	a.step("estimate", func() (any, error) {
		fee, valid, err := a.w.EstimateSendTxFee(a.q.foreign, lot, rate, false, false)
		return []any{fee, valid}, err
	})
	a.step("maxorder", func() (any, error) {
		return a.w.MaxOrder(&asset.MaxOrderForm{LotSize: lot, FeeSuggestion: rate, MaxFeeRate: rate})
	})
	a.step("preswap", func() (any, error) {
		return a.w.PreSwap(&asset.PreSwapForm{LotSize: lot, Lots: 1, FeeSuggestion: rate, MaxFeeRate: rate})
	})
	a.step("preredeem", func() (any, error) { return a.w.PreRedeem(&asset.PreRedeemForm{Lots: 1, FeeSuggestion: rate}) })
	a.step("swapfees", func() (any, error) {
		swap, refund, err := a.w.SingleLotSwapRefundFees(0, rate, false)
		return []uint64{swap, refund}, err
	})
	a.step("redeemfees", func() (any, error) { return a.w.SingleLotRedeemFees(0, rate) })
	a.step("fundingfees", func() (any, error) { return a.w.MaxFundingFees(2, rate, nil), nil })
}

// chain asks about tickets, and about coins in the chain: those of the wallet and a swap.
func (a *asking) chain(ctx context.Context) {
	a.step("stake", func() (any, error) { return a.w.StakeStatus() })
	a.step("expired", func() (any, error) {
		early, err := a.w.LockTimeExpired(ctx, time.Unix(1, 0))
		late, err2 := a.w.LockTimeExpired(ctx, time.Now().Add(1000*time.Hour))
		return []bool{early, late}, errors.Join(err, err2)
	})
	coin, contract, swapTx := unhex(a.q.swap), unhex(a.q.contract), unhex(a.q.swapTx)
	a.step("confirmations", func() (any, error) { return a.w.RegFeeConfirmations(ctx, coin) })
	a.step("contractexpired", func() (any, error) {
		expired, at, err := a.w.ContractLockTimeExpired(ctx, contract)
		return []any{expired, at.Unix()}, err
	})
	a.step("audit", func() (any, error) { return auditOf(a.w.AuditContract(coin, contract, swapTx, false)) })
	a.step("auditfound", func() (any, error) { return auditOf(a.w.AuditContract(coin, contract, nil, false)) })
	a.step("swapconfirmations", func() (any, error) {
		return confirmations(a.w.SwapConfirmations(ctx, coin, contract, time.Now().Add(-matchAge)))
	})
}

// funds has the client choose coins for an order and lock them.
func (a *asking) funds() {
	a.step("funding", func() (any, error) {
		coins, _, _, err := a.w.FundOrder(&asset.Order{Value: a.q.value, MaxSwapCount: 1, MaxFeeRate: rate, FeeSuggestion: rate, RedeemAssetID: 42})
		return names(coins), err
	})
	a.step("fundingmore", func() (any, error) {
		list, _, _, err := a.w.FundMultiOrder(&asset.MultiOrder{
			Values: []*asset.MultiOrderValue{{Value: 1e7, MaxSwapCount: 1}, {Value: 2e7, MaxSwapCount: 1}}, MaxFeeRate: rate, FeeSuggestion: rate,
		}, 0)
		var all []string
		for _, coins := range list {
			all = append(all, names(coins)...)
			err = errors.Join(err, a.w.ReturnCoins(coins))
		}
		return all, err
	})
}

// again asks about the coins that another run has locked, unlocks them, publishes a transaction,
// and finds the secret of the swap in what has redeemed it.
func (a *asking) again(ctx context.Context) {
	a.step("funding", func() (any, error) {
		var ids []dex.Bytes
		for name := range strings.SplitSeq(a.q.funding, ",") {
			ids = append(ids, unhex(name))
		}
		coins, err := a.w.FundingCoins(ids)
		if err != nil {
			return nil, err
		}
		return names(coins), a.w.ReturnCoins(coins)
	})
	a.step("published", func() (any, error) {
		id, err := a.w.SendTransaction(unhex(a.q.raw))
		return hex.EncodeToString(id), err
	})
	coin, contract := unhex(a.q.swap), unhex(a.q.contract)
	a.step("swapconfirmations", func() (any, error) {
		return confirmations(a.w.SwapConfirmations(ctx, coin, contract, time.Now().Add(-matchAge)))
	})
	a.step("secret", func() (any, error) {
		_, secret, err := a.w.FindRedemption(ctx, coin, contract)
		return hex.EncodeToString(secret), err
	})
}

// unhex returns what a text in hex stands for, nothing for one that is not hex.
func unhex(text string) dex.Bytes {
	b, err := hex.DecodeString(text)
	if err != nil {
		return nil
	}
	return b
}

// names returns the coins as the client names them, with their values.
func names(coins asset.Coins) []string {
	list := []string{}
	for _, c := range coins {
		list = append(list, fmt.Sprintf("%x %d", []byte(c.ID()), c.Value()))
	}
	return list
}

// auditOf returns what matters of an audit.
func auditOf(a *asset.AuditInfo, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return []any{a.Recipient, a.Coin.Value(), a.Expiration.Unix()}, nil
}

// confirmations returns how often a coin is confirmed, and whether it is spent.
func confirmations(n uint32, spent bool, err error) (any, error) { return []any{n, spent}, err }
