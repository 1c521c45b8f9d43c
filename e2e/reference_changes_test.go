package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/e2e/keys"
	"github.com/spvd/spvd/e2e/replay"
)

// travel is the account that both wallets import when they have a past.
const travel = "travel"

// changes asks of both wallets the same changes, in turn, and compares the answers and what the
// wallets say then.
func (c *contest) changes() {
	c.Helper()
	tickets := c.tickets(8)
	for _, tx := range tickets {
		send(c.T, c.a, tx)
	}
	c.compareUnmined("tickets wait for a block", tickets)
	c.lock()
	c.single()
	c.account()
	c.hand()
}

// both asks one question of both wallets.
func (c *contest) both(method string, params ...any) {
	c.Helper()
	c.ask("changes", question{method, params})
}

// unmined compares what both wallets say of transactions that no block holds yet: one that is
// paid to the account, one that it sends with change, and one that spends that change.
func (c *contest) unmined() {
	c.Helper()
	c.receive(savings, keys.External, 4, coinOf/3)
	send(c.T, c.a, c.spend(savings, scriptOf(c.T, "a shop"), coinOf/5, 18))
	first := c.spend(savings, scriptOf(c.T, "a shop"), coinOf/6, 17)
	send(c.T, c.a, first)
	made := replay.Coin{Op: wire.OutPoint{Hash: first.TxHash(), Index: 1}, Script: first.TxOut[1].PkScript, Amount: first.TxOut[1].Value}
	second := c.pay(c.T, made, c.script(c.T, savings, keys.External, 5), coinOf/7, c.script(c.T, savings, keys.Internal, 16))
	send(c.T, c.a, second)
	waiting, err := c.a.Mempool(c.Context())
	if err != nil {
		c.Fatal(err)
	}
	c.compareUnmined("unmined transactions", waiting)
}

// compareUnmined asks all while some transactions wait in the node, once both wallets have them,
// and once more when they are mined.
func (c *contest) compareUnmined(when string, waiting []*wire.MsgTx) {
	c.Helper()
	c.eventually("both wallets have what is unmined", func() bool {
		for _, tx := range waiting {
			hash := tx.TxHash().String()
			if c.reference.Call(c.Context(), "gettransaction", nil, hash) != nil || c.daemon.Call(c.Context(), "gettransaction", nil, hash) != nil {
				return false
			}
		}
		return true
	})
	c.compare(when)
	others := c.coins(c.T, c.a, spending)
	for _, tx := range waiting {
		c.both("gettransaction", tx.TxHash().String())
		for i := range tx.TxOut {
			c.both("gettxout", tx.TxHash().String(), i, 0)
			c.both("gettxout", tx.TxHash().String(), i, 0, false)
		}
		for _, in := range tx.TxIn {
			if slices.ContainsFunc(others, func(o replay.Coin) bool { return o.Op == in.PreviousOutPoint }) {
				continue // not the wallet's; dcrwallet answers from what it has of its transaction
			}
			c.both("gettxout", in.PreviousOutPoint.Hash.String(), in.PreviousOutPoint.Index, 0)
			c.both("gettxout", in.PreviousOutPoint.Hash.String(), in.PreviousOutPoint.Index, 0, false)
		}
	}
	c.mine(2) // dcrwallet holds the change of a ticket back one block longer than the network does
	c.compare(when + ", mined")
}

// pages wants the first pages of listtransactions to hold as many transactions as those of
// dcrwallet, of each all lines, and the pages of spvd to follow each other.
func (c *contest) pages() {
	c.Helper()
	page := func(call func(ctx context.Context, method string, result any, params ...any) error, count, from int) []string {
		var lines []struct{ TxID string }
		if err := call(c.Context(), "listtransactions", &lines, "*", count, from); err != nil {
			c.Fatal(err)
		}
		var txs []string
		for _, l := range lines {
			if !slices.Contains(txs, l.TxID) {
				txs = append(txs, l.TxID)
			}
		}
		return txs
	}
	for _, count := range []int{10, 3, 1, 0} {
		if want, got := page(c.reference.Call, count, 0), page(c.daemon.Call, count, 0); len(got) != len(want) {
			c.Errorf("a page of %d has %d transactions, that of dcrwallet %d", count, len(got), len(want))
		}
	}
	var all []string
	for from := 0; len(all) == from; from += 3 {
		all = append(all, page(c.daemon.Call, 3, from)...)
	}
	if want := page(c.daemon.Call, 1000, 0); !slices.Equal(all, want) {
		c.Errorf("pages of 3 have %q, and one of all %q", all, want)
	}
}

// eventually waits for a condition.
func (s *story) eventually(what string, holds func() bool) {
	s.Helper()
	ctx := deadline(s.T)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			s.Fatalf("not in time: %s", what)
		}
	}
}

// hand has both wallets hand out addresses until the gap limit stops them, and around it.
func (c *contest) hand() {
	c.Helper()
	for range 25 { // more than the gap limit
		c.both("getnewaddress", referenceAccount)
	}
	c.both("getnewaddress", referenceAccount, "error")
	for range 3 {
		c.both("getrawchangeaddress", referenceAccount)
	}
	c.compare("addresses handed out")
	c.both("getnewaddress", referenceAccount, "ignore")
	c.both("getnewaddress", referenceAccount, "ignore")
	c.both("accountaddressindex", referenceAccount, 0)
	c.both("getnewaddress", referenceAccount, "nonsense")
	c.both("getnewaddress", "no such account")
	c.both("getrawchangeaddress", "no such account")
	c.both("getnewaddress", referenceAccount, "wrap") // dcrwallet goes round after that
}

// lock has both wallets lock an output and unlock it.
func (c *contest) lock() {
	c.Helper()
	op := c.coin(c.T, c.a, savings, coinOf/4).Op
	list := []any{map[string]any{"txid": op.Hash.String(), "vout": op.Index, "tree": op.Tree}}
	c.both("lockunspent", false, list)
	c.compare("an output locked")
	c.both("lockunspent", true, list)
	c.both("listlockunspent")
	c.both("lockunspent", false, list)
	c.both("lockunspent", true, []any{})
	c.both("listlockunspent")
}

// single has both wallets import a script and a key, which are paid and spent then.
func (c *contest) single() {
	c.Helper()
	pair, err := keys.NewPair(c.key(c.T, savings, keys.External, 3), c.newKey("other of a pair")) // dcrwallet knows scripts with its keys
	if err != nil {
		c.Fatal(err)
	}
	key := c.newKey("a single key")
	c.ring.Add(pair, key)
	tip, err := c.a.Best(c.Context())
	if err != nil {
		c.Fatal(err)
	}
	for range 2 { // again: nothing is new
		c.both("importscript", hex.EncodeToString(pair.Redeem()), false)
		c.both("importpubkey", hex.EncodeToString(key.Pub), "imported", false)
	}
	c.story.single(pair.Address(), pair.Script(), tip.Height+1)
	c.story.single(key.Address(), key.Script(), tip.Height+1)
	paid := c.spend(savings, pair.Script(), coinOf/2, 16)
	send(c.T, c.a, paid)
	c.mine(1)
	c.awaitBoth()
	c.both("getmultisigoutinfo", paid.TxHash().String(), 0)
	c.both("getmultisigoutinfo", nothing, 0)
	c.compare("a script paid")
	from := c.coin(c.T, c.a, "imported", coinOf/4)
	send(c.T, c.a, c.pay(c.T, from, key.Script(), coinOf/5, pair.Script()))
	c.mine(1)
	c.awaitBoth()
	c.both("getmultisigoutinfo", paid.TxHash().String(), 0)
	c.both("validateaddress", pair.Address())
	c.both("validateaddress", key.Address())
	c.both("getaddressesbyaccount", "imported")
	c.both("listunspent", 1, 9999999, []string{pair.Address(), key.Address()})
	c.compare("a script spent to a key")
}

// account has both wallets import an account that has a past, search for it, and rename it.
func (c *contest) account() {
	c.Helper()
	c.watch.Accounts = append(c.watch.Accounts, c.known[spending])
	c.both("importxpub", spending, c.accounts[spending].Xpub())
	c.both("importxpub", spending, c.accounts[spending].Xpub())
	c.both("discoverusage")
	c.both("rescanwallet", 0)
	c.both("rescanwallet")
	c.compare("an account imported")
	c.both("renameaccount", spending, travel)
	c.both("renameaccount", spending, travel)
	c.both("renameaccount", travel, travel)
	c.both("renameaccount", travel, "*")
	c.both("listaccounts", 1)
	c.both("getbalance", travel)
	c.both("renameaccount", travel, spending)
}

// still asks what depends on no wallet, or is refused.
func (c *contest) still() []question {
	c.Helper()
	one, other := c.newKey("one"), c.newKey("other")
	own := c.key(c.T, savings, keys.External, 0)
	shop := []any{map[string]any{"txid": nothing, "vout": 1, "tree": 0, "amount": 1.5}}
	pubs := []string{hex.EncodeToString(one.Pub), hex.EncodeToString(other.Pub)}
	signed := signMessage(own, "hello")
	unsigned := rawHex(c.T, c.spend(savings, one.Script(), coinOf/100, 17))
	return []question{
		{"createmultisig", []any{2, pubs}},
		{"createmultisig", []any{1, []string{pubs[0], own.Address()}}},
		{"createmultisig", []any{3, pubs}},
		{"createmultisig", []any{1, []string{"nonsense"}}},
		{"verifymessage", []any{own.Address(), signed, "hello"}},
		{"verifymessage", []any{own.Address(), signed, "good bye"}},
		{"verifymessage", []any{one.Address(), signed, "hello"}},
		{"verifymessage", []any{"nonsense", signed, "hello"}},
		{"createrawtransaction", []any{shop, map[string]any{one.Address(): 1.25}}},
		{"createrawtransaction", []any{shop, map[string]any{one.Address(): 1.25}, 400_000, 500_000}},
		{"createrawtransaction", []any{shop, map[string]any{one.Address(): -1.25}}},
		{"createrawtransaction", []any{shop, map[string]any{"nonsense": 1.25}}},
		{"abandontransaction", []any{nothing}},
		{"abandontransaction", []any{"xyz"}},
		{"sendrawtransaction", []any{"00"}},
		{"sendrawtransaction", []any{"xyz"}},
		{"getmultisigoutinfo", []any{nothing, 0}},
		{"importpubkey", []any{"02"}},
		{"importpubkey", []any{"xyz"}},
		{"importpubkey", []any{pubs[0], "another account"}},
		{"importscript", []any{"xyz"}},
		{"importxpub", []any{"another", "nonsense"}},
		{"renameaccount", []any{"no such account", "another"}},
		{"lockunspent", []any{false, []any{map[string]any{"txid": "xyz", "vout": 0, "tree": 0}}}},
		{"discoverusage", []any{"xyz"}},
		{"ticketinfo", nil},
		{"ticketinfo", []any{340}},
		{"auditreuse", nil},
		{"auditreuse", []any{340}},
		{"getvotechoices", nil},
		{"getvotechoices", []any{"xyz"}},
		{"tspendpolicy", nil},
		{"tspendpolicy", []any{nothing}},
		{"treasurypolicy", nil},
		{"treasurypolicy", []any{pubs[0]}},
		{"treasurypolicy", []any{pubs[0], nothing}},
		{"version", nil},
		{"ping", nil},
		{"getblockchaininfo", nil},
		{"getdifficulty", nil},
		{"getchaintips", nil},
		{"getheaders", []any{[]string{nothing}, ""}},
		{"decodescript", []any{hex.EncodeToString(own.Script())}},
		{"decodescript", []any{"xyz"}},
		{"decoderawtransaction", []any{unsigned}},
		{"decoderawtransaction", []any{"xyz"}},
	}
}

// rawHex returns a transaction in hex.
func rawHex(t *testing.T, tx *wire.MsgTx) string {
	t.Helper()
	raw, err := tx.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(raw)
}

// signMessage signs a message as signmessage does.
func signMessage(key *keys.Key, message string) string {
	var b bytes.Buffer
	for _, text := range []string{"Decred Signed Message:\n", message} {
		if err := wire.WriteVarString(&b, 0, text); err != nil { // a buffer takes all
			panic(err)
		}
	}
	sig := ecdsa.SignCompact(secp256k1.PrivKeyFromBytes(key.Priv), chainhash.HashB(b.Bytes()), true)
	return base64.StdEncoding.EncodeToString(sig)
}

// notCompared are the methods that both programs have and of which the answers are not compared.
var notCompared = map[string]string{
	"createnewaccount":   "dcrwallet derives an account from its seed, spvd is given a key",
	"debuglevel":         "each program has its own parts",
	"estimatesmartfee":   "a node sees fees that a light client does not; TestEstimate",
	"fundrawtransaction": "each chooses coins by its own rules; testColdStorage has a node accept what spvd builds",
	"getpeerinfo":        "dcrwallet hands the peers of its full node on; testFields",
	"getconnectioncount": "the same",
	"getnettotals":       "the same",
	"getaddednodeinfo":   "the same",
	"getnetworkinfo":     "the same",
	"addnode":            "the same",
	"node":               "the same",
	"notifyblocks":       "for websockets; testRPCClientNews",
	"stopnotifyblocks":   "for websockets",
	"help":               "texts of its own",
	"stop":               "it ends the program",
}

// complete wants all methods to have been asked that both programs list, but for those of
// notCompared.
func (c *contest) complete() {
	c.Helper()
	methods := func(call func(result any) error) map[string]bool {
		var text json.RawMessage
		if err := call(&text); err != nil {
			c.Fatal(err)
		}
		var all string
		if err := json.Unmarshal(text, &all); err != nil {
			c.Fatal(err)
		}
		list := make(map[string]bool)
		for line := range strings.Lines(all) {
			if name := regexp.MustCompile(`^[a-z0-9]+`).FindString(line); name != "" {
				list[name] = true
			}
		}
		return list
	}
	theirs := methods(func(result any) error { return c.reference.Call(c.Context(), "help", result) })
	ours := methods(func(result any) error { return c.daemon.Call(c.Context(), "help", result) })
	shared := 0
	for name := range ours {
		_, apart := notCompared[name]
		switch {
		case !theirs[name]:
		case apart == c.methods[name]:
			c.Errorf("method %s of both: compared %v, listed as not compared %v", name, c.methods[name], apart)
		default:
			shared++
		}
	}
	for name := range notCompared {
		if !theirs[name] || !ours[name] {
			c.Errorf("method %s is listed as not compared: dcrwallet has it %v, spvd %v", name, theirs[name], ours[name])
		}
	}
	if shared < 60 {
		c.Errorf("only %d methods are shared", shared)
	}
}
