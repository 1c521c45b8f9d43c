package method

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/txscript/v4/stdscript"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/parse"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/txcheck"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/wallet"
)

// buildMethods returns the methods about unsigned transactions.
func buildMethods() []Method {
	return []Method{
		createRawTransaction(),
		fundRawTransaction(),
		buildTransaction(),
		decodeScript(),
		checkTransaction(),
	}
}

// exampleUnfunded is a transaction without inputs that pays half a coin.
const exampleUnfunded = "01000000000180f0fa020000000000001976a914000000000000000000000000000000000000000088ac000000000000000000"

const (
	// defaultReserve and maxReserve are for how long the coins of a transaction that was built
	// are locked.
	defaultReserve = time.Hour
	maxReserve     = 30 * 24 * time.Hour
)

func createRawTransaction() Method {
	return Method{
		Name:    "createrawtransaction",
		Keys:    true,
		Reads:   true,
		Summary: "Makes an unsigned transaction of given inputs and outputs.",
		Help: "Nothing is looked up: neither whether the inputs exist, nor what they are worth. What they are worth beyond the amounts is the fee. " +
			"buildtransaction chooses inputs, and adds a fee and change.",
		Params: []param{
			{name: "inputs", kind: kindInputs, text: "Objects with txid, vout, tree and, for the signer, amount; it may be empty for fundrawtransaction."},
			{name: "amounts", kind: kindPayments, text: "An object with the amount in coins for each address."},
			{name: "locktime", kind: kindInt, optional: true, def: int64(0), text: "The lock time: a height, or Unix seconds from 500000000 on."},
			{name: "expiry", kind: kindInt, optional: true, def: int64(0), text: "The first height at which it cannot be mined; 0 is never."},
		},
		Result:  "the transaction in hex",
		Returns: []any{""},
		Example: `[[{"txid":"` + exampleTx + `","vout":0,"tree":0}],{"` + exampleAddress + `":0.5}]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			lock, expiry := c.int("locktime"), c.int("expiry")
			if lock < 0 || lock > math.MaxUint32 || expiry < 0 || expiry > math.MaxUint32 {
				return nil, fail(api.CodeInvalid, "locktime %d or expiry %d is not from 0 to %d", lock, expiry, uint32(math.MaxUint32))
			}
			tx := wire.NewMsgTx()
			tx.LockTime, tx.Expiry = uint32(lock), uint32(expiry)
			for _, in := range c.value("inputs").([]api.RawInput) {
				one, err := rawInput(in, lock != 0)
				if err != nil {
					return nil, err
				}
				tx.AddTxIn(one)
			}
			var err error
			if tx.TxOut, err = c.outputs(c.value("amounts").(api.Payments)); err != nil {
				return nil, err
			}
			return view.RawTx(tx)
		},
	}
}

// rawInput returns an input. One of a transaction with a lock time is not final.
func rawInput(in api.RawInput, locked bool) (*wire.TxIn, error) {
	p := param{name: "inputs"}
	hash, err := p.parseHash(in.TxID)
	switch {
	case err != nil:
		return nil, err
	case in.Tree != wire.TxTreeRegular && in.Tree != wire.TxTreeStake:
		return nil, fail(api.CodeInvalid, "tree is %d, not 0 or 1", in.Tree)
	case in.Amount < 0 || in.Amount > dcrutil.MaxAmount:
		return nil, fail(api.CodeInvalid, "an input has the amount %v", api.Amount(in.Amount))
	}
	amount := int64(in.Amount)
	if amount == 0 {
		amount = wire.NullValueIn
	}
	out := wire.NewTxIn(wire.NewOutPoint(&hash, in.Vout, in.Tree), amount, nil)
	if locked {
		out.Sequence = wire.MaxTxInSequenceNum - 1
	}
	return out, nil
}

// outputs returns the outputs that pay addresses.
func (c *Call) outputs(payments api.Payments) ([]*wire.TxOut, error) {
	var list []*wire.TxOut
	for i, p := range payments {
		addr, err := stdaddr.DecodeAddress(p.Address, c.Params.ChainParams)
		if err != nil {
			return nil, fail(api.CodeNotFound, "number %d of the addresses is not one of %s", i+1, c.Params.ChainParams.Name)
		}
		if p.Amount <= 0 || p.Amount > dcrutil.MaxAmount {
			return nil, fail(api.CodeInvalid, "%v is no amount to pay to %s", p.Amount, addr)
		}
		version, script := addr.PaymentScript()
		list = append(list, &wire.TxOut{Value: int64(p.Amount), Version: version, PkScript: script})
	}
	return list, nil
}

func fundRawTransaction() Method {
	return Method{
		Name:    "fundrawtransaction",
		Keys:    true,
		Summary: "Adds inputs, which pay the outputs and a fee, and change to an unsigned transaction.",
		Help: "The transaction may have no inputs. The options are dcrwallet's: changeaddress, feerate in coins per 1,000 bytes, and conf_target, " +
			"the least confirmations of the coins, 1 without it; and changeaccount. Without a fee rate it is that of estimatesmartfee. The coins are not " +
			"reserved, as in dcrwallet; buildtransaction reserves them, and says more.",
		Params: []param{
			{name: "hexstring", kind: kindString, text: "The transaction in hex."},
			{name: "fundaccount", kind: kindString, text: "The account whose coins are spent."},
			{name: "options", kind: kindFundOptions, optional: true, def: api.FundOptions{}, text: "An object with options."},
		},
		Result:  "an object with dcrwallet's fields",
		Returns: []any{api.FundedTransaction{}},
		Example: `["` + exampleUnfunded + `","` + exampleAccount + `"]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			raw, err := c.bytes("hexstring")
			if err != nil {
				return nil, err
			}
			tx, err := parse.Tx(raw)
			if err != nil {
				return nil, fail(api.CodeHex, "parameter hexstring is not a transaction")
			}
			if len(tx.TxIn) != 0 {
				return nil, fail(api.CodeInvalid, "the transaction has inputs already")
			}
			if len(tx.TxOut) == 0 {
				return nil, fail(api.CodeInvalid, "the transaction has no outputs")
			}
			opts := c.value("options").(api.FundOptions)
			req := wallet.BuildRequest{
				Outputs: tx.TxOut, Account: c.str("fundaccount"), MinConf: 1, Expiry: tx.Expiry, LockTime: tx.LockTime,
				ChangeAddress: opts.ChangeAddress, ChangeAccount: opts.ChangeAccount, ChangeLast: true,
			}
			if opts.ConfTarget != nil {
				req.MinConf = *opts.ConfTarget
			}
			if req.Account == "" {
				return nil, fail(api.CodeAccount, "parameter fundaccount is empty")
			}
			c.setFees(&req, opts.FeeRate)
			built, err := c.build(ctx, req)
			if err != nil {
				return nil, err
			}
			text, err := view.RawTx(built.Tx)
			return api.FundedTransaction{Hex: text, Fee: api.Amount(built.Fee)}, err
		},
	}
}

// setFees sets the fee rate of a request, that of estimatesmartfee if none is given, and its
// bound. It returns where the rate comes from.
func (c *Call) setFees(req *wallet.BuildRequest, given api.Coins) (source string) {
	usual := estimate(c.Params.ChainParams, c.Syncer.Fees(), false)
	rate := min(usual.FeeRate, api.Amount(txcheck.UsualFees*relayFee)) // full blocks may be an attack
	req.FeeRate, req.MaxFeeRate = dcrutil.Amount(rate), txcheck.UsualFees*dcrutil.Amount(rate)
	if given != 0 {
		req.FeeRate = dcrutil.Amount(given)
		return fmt.Sprintf("the request; usual are %v DCR", rate)
	}
	return "estimatesmartfee: " + usual.Source
}

// build builds a transaction of the wallet of the call.
func (c *Call) build(ctx context.Context, req wallet.BuildRequest) (*wallet.Built, error) {
	if req.MinConf < 0 || req.MinConf > math.MaxInt32 {
		return nil, fail(api.CodeInvalid, "%d confirmations of coins: not from 0 to %d", req.MinConf, math.MaxInt32)
	}
	w, err := c.open()
	if err != nil {
		return nil, err
	}
	return w.Build(ctx, req)
}

func buildTransaction() Method {
	return Method{
		Name:    "buildtransaction",
		Keys:    true,
		Summary: "Builds an unsigned transaction, with all that a signer elsewhere has to know, and reserves its coins.",
		Help: "Options: account, whose coins are spent, * or none for all; coins, exactly those that are spent, or sweep, an address that gets all; minconf, 1 " +
			"without it; feerate in coins per 1,000 bytes, or target, within how many blocks it shall be mined, for estimatesmartfee; " +
			"changeaddress, or changeaccount and changebranch, 1 without it; expiry; and reserve, for how many seconds the coins are locked, 3600 without it, 0 not at all. " +
			"Immature and locked outputs, tickets, coins worth less than their part of the fee and scripts that are not known are left out. A fee rate " +
			"below that of getwalletfee or above ten times the usual one is refused. The reservation outlives a restart; lockunspent takes it back. " +
			"left is how many coins a sweep leaves for further transactions: call again while these are reserved, until there is no left. " +
			"previous has all transactions that are spent from. Sign hex with the keys elsewhere, then see checktransaction and sendrawtransaction.",
		Params: []param{
			{name: "outputs", kind: kindPayments, text: "An object with the amount in coins for each address; empty with sweep."},
			{name: "options", kind: kindBuildOptions, optional: true, def: api.BuildOptions{}, text: "An object with options."},
		},
		Result:  "an object with the transaction in hex, its inputs with the paths of their keys, and its fee",
		Returns: []any{api.BuiltTransaction{}},
		Example: `[{"` + exampleAddress + `":0.5},{"account":"` + exampleAccount + `"}]`,
		Handle: func(ctx context.Context, c *Call) (any, error) {
			req, source, err := c.buildRequest()
			if err != nil {
				return nil, err
			}
			built, err := c.build(ctx, req)
			if err != nil {
				return nil, err
			}
			out, err := view.Built(c.Params.ChainParams, built)
			out.FeeRate, out.FeeSource = api.Amount(req.FeeRate), source
			return out, err
		},
	}
}

// buildRequest returns the request of a call of buildtransaction, and where its fee rate comes
// from.
func (c *Call) buildRequest() (wallet.BuildRequest, string, error) {
	opts := c.value("options").(api.BuildOptions)
	req := wallet.BuildRequest{
		Sweep: opts.Sweep, MinConf: 1, Expiry: opts.Expiry, Reserve: defaultReserve,
		ChangeAddress: opts.ChangeAddress, ChangeAccount: opts.ChangeAccount,
	}
	if opts.Account != anyAccount {
		req.Account = opts.Account
	}
	if opts.MinConf != nil {
		req.MinConf = *opts.MinConf
	}
	if opts.Reserve != nil {
		if *opts.Reserve < 0 || *opts.Reserve > int64(maxReserve/time.Second) {
			return req, "", fail(api.CodeInvalid, "reserve is %d seconds, not from 0 to %d", *opts.Reserve, int64(maxReserve/time.Second))
		}
		req.Reserve = time.Duration(*opts.Reserve) * time.Second
	}
	if b := opts.ChangeBranch; b != nil {
		if *b > wallet.Internal {
			return req, "", fail(api.CodeInvalid, "changebranch is %d, not 0 or 1", *b)
		}
		req.ChangeExternal = *b == wallet.External
	}
	for _, o := range opts.Coins {
		p := param{name: "coins"}
		hash, err := p.parseHash(o.TxID)
		if err != nil {
			return req, "", err
		}
		req.Coins = append(req.Coins, wire.OutPoint{Hash: hash, Index: o.Vout, Tree: o.Tree})
	}
	var err error
	if req.Outputs, err = c.outputs(c.value("outputs").(api.Payments)); err != nil {
		return req, "", err
	}
	switch {
	case len(req.Outputs) > 0 && opts.Sweep != "":
		return req, "", fail(api.CodeInvalid, "outputs and sweep exclude each other")
	case len(req.Outputs) == 0 && opts.Sweep == "":
		return req, "", fail(api.CodeInvalid, "nothing is to be paid: give outputs, or sweep")
	case opts.FeeRate != 0 && opts.Target != 0:
		return req, "", fail(api.CodeInvalid, "feerate and target exclude each other")
	case opts.Target < 0 || opts.Target > maxTarget:
		return req, "", fail(api.CodeInvalid, "target is %d, not from 1 to %d", opts.Target, maxTarget)
	}
	return req, c.setFees(&req, opts.FeeRate), nil
}

func decodeScript() Method {
	return Method{
		Name:    "decodescript",
		Keys:    true,
		Reads:   true,
		Summary: "Spells out a script.",
		Params: []param{
			{name: "hexscript", kind: kindString, text: "The script in hex."},
			{name: "version", kind: kindInt, optional: true, def: int64(0), text: "The version of the script."},
		},
		Result:  "an object with dcrd's fields; p2sh is the address of the hash of the script",
		Returns: []any{api.DecodedScript{}},
		Example: `["76a914000000000000000000000000000000000000000088ac"]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			script, err := c.bytes("hexscript")
			if err != nil {
				return nil, err
			}
			version := c.int("version")
			if version != 0 {
				return nil, fail(api.CodeInvalid, "version is %d, and only scripts of version 0 are known", version)
			}
			if len(script) > txscript.MaxScriptSize { // its words take up to twelve times its size
				return nil, fail(api.CodeInvalid, "the script has %d bytes, and nodes run none of more than %d", len(script), txscript.MaxScriptSize)
			}
			return c.decodedScript(script)
		},
	}
}

func (c *Call) decodedScript(script []byte) (any, error) {
	kind, addrs := stdscript.ExtractAddrs(0, script, c.Params.ChainParams)
	out := api.DecodedScript{Asm: disassemble(script), Type: kind.String(), ReqSigs: int32(stdscript.DetermineRequiredSigs(0, script))}
	for _, addr := range addrs {
		if hasher, ok := addr.(stdaddr.AddressPubKeyHasher); ok {
			addr = hasher.AddressPubKeyHash()
		}
		out.Addresses = append(out.Addresses, addr.String())
	}
	if kind != stdscript.STScriptHash {
		hashed, err := stdaddr.NewAddressScriptHashV0(script, c.Params.ChainParams)
		if err != nil {
			return nil, fail(api.CodeInvalid, "%v", err)
		}
		out.P2SH = hashed.String()
	}
	return out, nil
}
