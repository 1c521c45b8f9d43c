package method

import (
	"context"
	"fmt"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// accountMethods returns the methods about accounts and their balances.
func accountMethods() []Method {
	return []Method{
		accountAddressIndex(),
		createNewAccount(),
		importXpub(),
		renameAccount(),
		accountUnlocked(),
		walletInfo(),
		getMasterPubKey(),
		getBalance(),
		getUnconfirmedBalance(),
		listAccounts(),
		getReceivedByAccount(),
	}
}

func accountAddressIndex() Method {
	return Method{
		Name:    "accountaddressindex",
		Reads:   true,
		Summary: "Returns the index of the address of a branch that is handed out next.",
		Help:    "It is one more than that of the last one that was handed out or used, as in dcrwallet.",
		Params: []param{
			accountParam(),
			{name: "branch", kind: kindInt, text: "0 for addresses given to others, 1 for change."},
		},
		Result:  "the index, 0 while there is none before it",
		Returns: []any{uint32(0)},
		Example: `["` + exampleAccount + `",0]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			branch := c.int("branch")
			if branch != int64(wallet.External) && branch != int64(wallet.Internal) {
				return nil, fail(api.CodeInvalid, "branch is %d, not 0 or 1", branch)
			}
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			return w.NextIndex(c.str("account"), uint32(branch))
		},
	}
}

func createNewAccount() Method {
	return Method{
		Name:    "createnewaccount",
		Keys:    true,
		Summary: "Adds an account, as importxpub does.",
		Help:    "A wallet without private keys cannot make an account of its own: it needs the extended public key of one.",
		Params: []param{
			accountParam(),
			{name: "xpub", kind: kindString, optional: true, def: "", text: "The extended public key of the account."},
			birthdayParam("; without it, the wallet's birthday"),
		},
		Result:  "null",
		Returns: []any{nil},
		Example: `["` + exampleAccount + `","` + exampleXpub + `"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			if c.str("xpub") == "" {
				return nil, fail(api.CodeWallet, "without private keys no account can be made; "+
					"make it in the wallet that holds the keys, and run: spvctl account import NAME XPUB")
			}
			return nil, c.importXpub(ctx, c.str("account"), c.str("xpub"), 0)
		},
	}
}

func importXpub() Method {
	return Method{
		Name:    "importxpub",
		Keys:    true,
		Summary: "Watches the account of an extended public key.",
		Help: "It returns at once; the account is searched for from its birthday on while the chain is followed, see listjobs. " +
			"A private key is refused, and neither kept nor logged.",
		Params: []param{
			{name: "name", kind: kindString, text: "The name for the account."},
			{name: "xpub", kind: kindString, text: "The extended public key of the account, as the wallet that holds the keys exports it."},
			birthdayParam("; without it, the wallet's birthday"),
			gapLimitParam("The gap limit of both branches, up to 10000; 0 is 20."),
		},
		Result:  "null",
		Returns: []any{nil},
		Example: `["` + exampleAccount + `","` + exampleXpub + `"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			gap, err := c.count("gaplimit")
			if err != nil {
				return nil, err
			}
			return nil, c.importXpub(ctx, c.str("name"), c.str("xpub"), uint32(gap))
		},
	}
}

// importXpub imports an account with the birthday of the call.
func (c *Call) importXpub(ctx context.Context, name, xpub string, gap uint32) error {
	born, err := c.born(c.str("birthday"))
	if err != nil {
		return err
	}
	return c.Wallets.Import(c.caller.Wallet, func(w *wallet.Wallet) error {
		_, err := w.ImportXpub(ctx, name, xpub, wallet.AccountOptions{Birthday: born, Gap: gap})
		return err
	})
}

// born returns the birthday that a parameter names, or that of the daemon.
func (c *Call) born(text string) (*wallet.Birthday, error) {
	tip := consensus.Never
	if st := c.Syncer.Status(); st.Synced {
		tip = st.Tip.Height
	}
	return c.Wallets.Born(text, tip)
}

func gapLimitParam(text string) param {
	return param{name: "gaplimit", kind: kindInt, optional: true, def: int64(0), text: text}
}

func renameAccount() Method {
	return Method{
		Name:    "renameaccount",
		Summary: "Changes the name of an account.",
		Params: []param{
			{name: "oldaccount", kind: kindString, text: "The name it has."},
			{name: "newaccount", kind: kindString, text: "The name it shall have."},
		},
		Result:  "null",
		Returns: []any{nil},
		Example: `["` + exampleAccount + `","savings"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			return nil, w.RenameAccount(ctx, c.str("oldaccount"), c.str("newaccount"))
		},
	}
}

func accountUnlocked() Method {
	return Method{
		Name:    "accountunlocked",
		Reads:   true,
		Summary: "Tells that an account has no keys that could be encrypted.",
		Params:  []param{accountParam()},
		Result:  "an object whose field encrypted is false",
		Returns: []any{api.AccountUnlocked{}},
		Example: `["` + exampleAccount + `"]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			w, err := c.open()
			if err == nil {
				_, err = w.Addresses(c.str("account"))
			}
			return api.AccountUnlocked{}, err
		},
	}
}

func walletInfo() Method {
	return Method{
		Name:    "walletinfo",
		Quick:   true,
		Reads:   true,
		Summary: "Tells what the wallet watches and how far it has got.",
		Help: "There are no keys in it: unlocked, voting and what belongs to them never change. birthhash is empty until there " +
			"is a block at the birthday.",
		Result:  "an object with dcrwallet's fields and ours",
		Returns: []any{api.WalletInfo{}},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			st := w.Overview(nil)
			if store, err := c.Syncer.Chain(); err == nil {
				st = w.Overview(store)
			}
			info := api.WalletInfo{
				SPV:             true,
				WatchOnly:       true,
				DaemonConnected: c.Syncer.Status().Peers > 0,
				CoinType:        c.Params.ChainParams.SLIP0044CoinType,
				TxFee:           api.Amount(relayFee),
				Height:          int64(st.Tip.Height),
				Scanned:         int64(st.Scanned.Height),
				Scripts:         st.Scripts,
				Accounts:        []api.Account{},
			}
			if st.Birthday != consensus.Never { // else it is 0, because clients read it as unsigned
				info.BirthHeight = int64(st.Birthday)
				if st.Born.Hash != (chainhash.Hash{}) {
					info.BirthHash = st.Born.Hash.String()
				}
			}
			for _, a := range st.List {
				info.Accounts = append(info.Accounts, view.Account(&a))
			}
			return info, nil
		},
	}
}

func getMasterPubKey() Method {
	return Method{
		Name:    "getmasterpubkey",
		Summary: "Returns the extended public key of an account.",
		Help:    "It shows all addresses of the account, used or not: give it only to a wallet that may see them.",
		Params: []param{
			{name: "account", kind: kindString, optional: true, def: exampleAccount, text: "The name of the account."},
		},
		Result:  "the extended public key",
		Returns: []any{""},
		Example: `["` + exampleAccount + `"]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			account, err := w.Account(c.str("account"))
			return account.Xpub, err
		},
	}
}

func getBalance() Method {
	return Method{
		Name:    "getbalance",
		Reads:   true,
		Summary: "Returns the balances of the accounts in coins.",
		Help: "Amounts are exact: they have all digits. With minconf 0 unmined transactions count as if they were mined; " +
			"else what they spend counts nowhere, and what they pay is unconfirmed, as in dcrwallet. What transactions with an expiry pay counts as immature stake generation " +
			"until it can be spent, as late as a block reward. The balance is that of the block named: see walletinfo for how far it is.",
		Params:  []param{someAccountParam(), minConfParam()},
		Result:  "an object with the balances and, for all accounts, their totals",
		Returns: []any{api.Balance{}},
		Example: `["*"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			return c.balanceOf(ctx, c.str("account"))
		},
	}
}

// balanceOf returns the balances of the accounts chosen.
func (c *Call) balanceOf(ctx context.Context, account string) (*api.Balance, error) {
	minConf, err := c.count("minconf")
	if err != nil {
		return nil, err
	}
	w, err := c.open()
	if err != nil {
		return nil, err
	}
	balances, err := w.Balances(ctx, minConf)
	if err != nil {
		return nil, err
	}
	all := view.Balance(&balances)
	if fits(account, anyAccount) {
		return all, nil
	}
	one := &api.Balance{BlockHash: all.BlockHash}
	for _, balance := range all.Balances {
		if balance.AccountName == account {
			one.Balances = append(one.Balances, balance)
			one.TotalImmatureCoinbase = balance.ImmatureCoinbase
			one.TotalImmatureStake = balance.ImmatureStake
			one.TotalLockedByTickets = balance.LockedByTickets
			one.TotalSpendable = balance.Spendable
			one.CumulativeTotal = balance.Total
			one.TotalUnconfirmed = balance.Unconfirmed
			one.TotalVotingAuthority = balance.VotingAuthority
		}
	}
	if len(one.Balances) == 0 {
		return nil, fmt.Errorf("%w: %q", wallet.ErrNoAccount, account)
	}
	return one, nil
}

func getUnconfirmedBalance() Method {
	return Method{
		Name:    "getunconfirmedbalance",
		Reads:   true,
		Summary: "Returns what an account has with too few confirmations to count.",
		Params: []param{
			{name: "account", kind: kindString, optional: true, def: anyAccount, text: "The account; * is all of them."},
			minConfParam(),
		},
		Result:  "an amount in coins",
		Returns: []any{api.Amount(0)},
		Example: `[]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			balance, err := c.balanceOf(ctx, c.str("account"))
			if err != nil {
				return nil, err
			}
			return balance.TotalUnconfirmed, nil
		},
	}
}

func listAccounts() Method {
	return Method{
		Name:    "listaccounts",
		Reads:   true,
		Summary: "Returns the accounts with what each can spend.",
		Params:  []param{minConfParam()},
		Result:  "an object with an amount in coins for each account",
		Returns: []any{map[string]api.Amount{}},
		Example: `[]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			all, err := c.balanceOf(ctx, anyAccount)
			if err != nil {
				return nil, err
			}
			spendable := make(map[string]api.Amount, len(all.Balances))
			for _, balance := range all.Balances {
				spendable[balance.AccountName] = balance.Spendable
			}
			return spendable, nil
		},
	}
}

func getReceivedByAccount() Method {
	return Method{
		Name:    "getreceivedbyaccount",
		Reads:   true,
		Summary: "Returns what was ever paid to the addresses of an account, spent since or not.",
		Params:  []param{accountParam(), minConfParam()},
		Result:  "an amount in coins",
		Returns: []any{api.Amount(0)},
		Example: `["` + exampleAccount + `"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			account := c.str("account")
			minConf, err := c.count("minconf")
			if err != nil {
				return nil, err
			}
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			all, err := w.ReceivedByAccounts(ctx, minConf)
			if err != nil {
				return nil, err
			}
			chosen, sum := false, api.Amount(0)
			for _, r := range all {
				if fits(account, r.Account) {
					chosen, sum = true, sum+api.Amount(r.Amount)
				}
			}
			if !chosen {
				return nil, fmt.Errorf("%w: %q", wallet.ErrNoAccount, account)
			}
			return sum, nil
		},
	}
}
