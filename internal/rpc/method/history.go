package method

import (
	"context"
	"math"
	"slices"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet"
)

// historyMethods returns the methods about the transactions of a wallet.
func historyMethods() []Method {
	return []Method{
		getTransaction(),
		listTransactions(),
		listAllTransactions(),
		listSinceBlock(),
		listAddressTransactions(),
		abandonTransaction(),
	}
}

func getTransaction() Method {
	return Method{
		Name:    "gettransaction",
		Reads:   true,
		Summary: "Returns a transaction of the wallet.",
		Help: "amount is what it adds to the wallet; the fee is known only if all it spends is the wallet's. " +
			"disapproved is set if the votes of the next block have voided it: then it has no confirmations and counts nowhere. " +
			"walletconflicts are the transactions that spend the same outputs and were dropped for it. The fields that begin with votes are there once the votes " +
			"behind it are verified: see verifyvotes. publishing is the entry of listpublished, if it was published here.",
		Params: []param{
			{name: "txid", kind: kindHash, text: "The hash of the transaction."},
			watchOnlyParam(),
		},
		Result:  "an object with dcrwallet's fields",
		Returns: []any{api.Transaction{}},
		Example: `["` + exampleTx + `"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			tx, err := w.Transaction(ctx, c.hash("txid"))
			if err != nil {
				return nil, err
			}
			out, err := view.Transaction(tx)
			out.Votes = c.votes(tx)
			for _, p := range view.Publications(c.Syncer.Publications()) {
				if p.TxID == out.TxID {
					out.Publishing = &p
				}
			}
			return out, err
		},
	}
}

func listTransactions() Method {
	return Method{
		Name:    "listtransactions",
		Reads:   true,
		Summary: "Lists what transactions pay to the wallet and to others, newest first.",
		Help: "A line is an output that the wallet sends or receives, except change. category is dcrwallet's: send or receive, and " +
			"immature or generate for block rewards. purpose stands beside it where it says more: ticket or treasury for what is put into " +
			"them; vote, revocation, treasury or immature for what they return. type is regular, coinbase, ticket, vote, revocation, " +
			"treasuryadd or treasuryspend; txtype is ticket, vote or revocation, and regular for all others. net is what the whole transaction " +
			"adds to the wallet, the same in all its lines: for a mix it is what the wallet has lost by it, though its lines show the payments of all participants. count and from are numbers of transactions that have lines, so that pages follow each other. dcrwallet lists them " +
			"oldest first, and its from also counts those without a line, which pay change only: its pages overlap by these.",
		Params: []param{
			someAccountParam(),
			{name: "count", kind: kindInt, optional: true, def: int64(10), text: "How many transactions to list at most, with all their lines."},
			{name: "from", kind: kindInt, optional: true, def: int64(0), text: "How many of the newest transactions to leave out."},
			watchOnlyParam(),
			{name: "after", kind: kindString, optional: true, def: "", text: "The txid of a transaction to go on after: it and what is newer is left " +
				"out, and not read, however much that is."},
		},
		Result:  "an array with an object for each output; a transaction that pays several has several",
		Returns: []any{[]api.ListedTransaction{}},
		Example: `["*",1000,0]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			count, err := c.count("count")
			if err != nil {
				return nil, err
			}
			from, err := c.count("from")
			if err != nil {
				return nil, err
			}
			list := listing{account: c.str("account"), skip: from, most: count}
			if text := c.str("after"); text != "" {
				p := param{name: "after"}
				if list.after, err = p.parseHash(text); err != nil {
					return nil, err
				}
			}
			return c.lines(ctx, 0, list)
		},
	}
}

func listAllTransactions() Method {
	return Method{
		Name:    "listalltransactions",
		Reads:   true,
		Summary: "Lists what all transactions pay to the wallet and to others, newest first.",
		Params:  []param{someAccountParam()},
		Result:  "an array as listtransactions returns it",
		Returns: []any{[]api.ListedTransaction{}},
		Example: `[]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			return c.lines(ctx, 0, listing{account: c.str("account"), most: math.MaxInt64})
		},
	}
}

func listSinceBlock() Method {
	return Method{
		Name:    "listsinceblock",
		Reads:   true,
		Summary: "Lists what transactions pay that were mined after a block, newest first, and the unmined ones.",
		Help: "Calling it again with lastblock misses nothing: transactions with fewer confirmations than asked for are listed again. The whole reply shows one moment of the wallet. " +
			"When an import, a rescan or a longer window has found something in blocks up to blockhash since that was the newest one, the list begins there, so that some transactions may be listed again. When the block has left the main chain, less than 2016 blocks below the tip, the list goes on from where the " +
			"chains part; removed, to be applied first, lists the transactions of the blocks above that were left, and those that the votes of the next block " +
			"have voided, each as it is now: mined in another block, unmined, or with -1 confirmations if it can no longer be mined; one without lines of its own has a line with amount 0. While old blocks are searched, after " +
			"an import, lastblock is the last one that was searched for everything.",
		Params: []param{
			{name: "blockhash", kind: kindString, optional: true, def: "", text: "The last block that is known; without it all are listed."},
			{name: "targetconfirmations", kind: kindInt, optional: true, def: int64(1), text: "How many confirmations lastblock has."},
			watchOnlyParam(),
		},
		Result:  "an object with the lines of listtransactions and the block to call it with next time",
		Returns: []any{api.SinceBlock{}},
		Example: `[]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			return c.sinceBlock(ctx)
		},
	}
}

func listAddressTransactions() Method {
	return Method{
		Name:    "listaddresstransactions",
		Reads:   true,
		Summary: "Lists what transactions pay to some addresses, newest first.",
		Params: []param{
			{name: "addresses", kind: kindStrings, text: "The addresses."},
			someAccountParam(),
		},
		Result:  "an array as listtransactions returns it",
		Returns: []any{[]api.ListedTransaction{}},
		Example: `[["` + exampleAddress + `"]]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			addresses := c.strings("addresses")
			if err := c.checkAddresses(addresses); err != nil {
				return nil, err
			}
			all := listing{account: c.str("account"), addresses: addresses, most: math.MaxInt64}
			if len(addresses) == 0 {
				all.most = 0
			}
			return c.lines(ctx, 0, all)
		},
	}
}

// listing chooses lines, one for each entry of a transaction that an account pays or is paid
// by. Without addresses those of all are chosen.
type listing struct {
	account   string
	addresses []string
	skip      int64          // transactions to leave out first
	most      int64          // transactions to list; all lines of each
	after     chainhash.Hash // a transaction to go on after, zero for none

	votes func(*wallet.Transaction) api.Votes // what is known about the votes behind one; nil for nothing
}

// list calls yield for the lines of a transaction, and reports whether more are wanted.
func (l *listing) list(tx *wallet.Transaction, yield func(any) bool) bool {
	listed := false
	for _, e := range tx.Entries() {
		chosen := fits(l.account, e.Account) || e.Amount < 0 && slices.Contains(tx.Payers(), l.account)
		if !chosen || len(l.addresses) > 0 && !slices.Contains(l.addresses, e.Address) {
			continue
		}
		listed = true
		if l.skip > 0 {
			continue
		}
		line := view.Line(tx, &e)
		if l.votes != nil {
			known := l.votes(tx)
			line.VotesVerified, line.VotesConfirmations = known.VotesVerified, known.VotesConfirmations
		}
		if !yield(line) {
			return false
		}
	}
	switch {
	case !listed:
	case l.skip > 0:
		l.skip--
	default:
		l.most--
	}
	return l.most > 0
}

// lines lists what a listing chooses of the unmined transactions and those mined above a
// height, newest first.
func (c *Call) lines(ctx context.Context, above consensus.Height, l listing) (*Stream, error) {
	w, err := c.open()
	if err != nil {
		return nil, err
	}
	if l.account == "" {
		return nil, c.knownAccount(l.account)
	}
	l.votes = c.votes
	filter := wallet.HistoryFilter{Above: above, Before: l.after, Account: oneAccount(l.account)}
	if filter.Addresses, err = indexed(ctx, w, l.addresses); err != nil {
		return nil, err
	}
	if filter.Account == "" && len(l.addresses) == 0 {
		filter.SkipEntries, l.skip = int(l.skip), 0
	}
	return &Stream{Each: func(yield func(any) bool) error {
		if l.most == 0 {
			return c.knownAccount(l.account)
		}
		return w.EachTransaction(ctx, filter, func(tx *wallet.Transaction) bool { return l.list(tx, yield) })
	}}, nil
}

// indexed returns the addresses if the wallet can find their transactions by an index,
// which it can if all are its own; payments to others are found among all transactions.
func indexed(ctx context.Context, w *wallet.Wallet, addresses []string) ([]string, error) {
	for _, a := range addresses {
		if info, err := w.AddressInfo(ctx, a); err != nil || !info.Mine {
			return nil, err
		}
	}
	return addresses, nil
}

func abandonTransaction() Method {
	return Method{
		Name:    "abandontransaction",
		Summary: "Forgets a transaction that was never mined, and those that spend its outputs.",
		Params:  []param{{name: "hash", kind: kindHash, text: "The hash of the transaction."}},
		Result:  "null",
		Returns: []any{nil},
		Example: `["` + exampleTx + `"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			w, err := c.open()
			if err != nil {
				return nil, err
			}
			return nil, w.Abandon(ctx, c.hash("hash"))
		},
	}
}
