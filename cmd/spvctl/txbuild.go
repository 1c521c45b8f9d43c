package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/usage"
)

// buildFlags are the flags of tx build.
type buildFlags struct {
	Sweep   string        `long:"sweep"`
	Account string        `long:"account"`
	Coins   []string      `long:"coin"`
	MinConf int64         `long:"minconf" default:"1"`
	FeeRate string        `long:"feerate"`
	Change  string        `long:"change"`
	Expiry  uint32        `long:"expiry"`
	Reserve time.Duration `long:"reserve" default:"1h"`
	Out     path          `long:"out"`
	jsonFlag
}

// runBuild builds a transaction, or as many as a sweep needs, and prints what they do.
func runBuild(ctx context.Context, in *invocation) (int, error) {
	var flags buildFlags
	words, err := in.parse(&flags)
	if err != nil {
		return exitUsage, err
	}
	in.opts.JSON = in.opts.JSON || flags.JSON
	payments, err := parsePayments(words[1:])
	if err != nil {
		return exitUsage, err
	}
	if (len(payments) > 0) == (flags.Sweep != "") {
		return exitUsage, usagef("tx build: give addresses with amounts, or --sweep=ADDRESS")
	}
	options, err := flags.options()
	if err != nil {
		return exitUsage, err
	}
	c, err := in.connect(ctx)
	if err != nil {
		return exitError, err
	}
	defer c.close()
	if options.ChangeAddress, options.ChangeAccount, err = changeTarget(ctx, c, flags.Change); err != nil {
		return exitError, err
	}
	for n := 1; ; n++ {
		built, err := in.buildOne(ctx, c, payments, &options, numbered(flags.Out, n))
		var refused *api.Error
		switch {
		case n > 1 && errors.As(err, &refused) && refused.Code == api.CodeFunds:
			fmt.Fprintln(in.err, "spvctl: the coins that are left are together worth less than an output and the fee: they stay")
			return exitOK, nil
		case n > 1 && err != nil:
			return exitError, fmt.Errorf("build transaction %d: %w (those before stay, with their coins locked)", n, err)
		case err != nil:
			return exitError, err
		case built.Left > 0 && built.ReservedUntil == 0:
			return exitError, fmt.Errorf("%s are left, and the next transaction would spend the same ones: leave out --reserve=0", usage.Count(built.Left, "coin"))
		case built.Left == 0:
			return exitOK, nil
		}
	}
}

// numbered returns the name of the file for a transaction of several: the first one has the name, and
// others have their number before the extension.
func numbered(out path, n int) path {
	if out == "" || n == 1 {
		return out
	}
	extension := filepath.Ext(string(out))
	return path(fmt.Sprintf("%s-%d%s", strings.TrimSuffix(string(out), extension), n, extension))
}

// buildOne builds a transaction, writes it to a file unless the name is empty, and prints what it does.
func (in *invocation) buildOne(ctx context.Context, c *client, payments api.Payments, options *api.BuildOptions, out path) (*api.BuiltTransaction, error) {
	var file *os.File
	if out != "" { // first, so that no coins are locked for nothing
		var err error
		if file, err = os.OpenFile(string(out), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
			return nil, fmt.Errorf("write the transaction: %w", err)
		}
	}
	var built api.BuiltTransaction
	if err := c.call(ctx, "buildtransaction", &built, payments, options); err != nil {
		if file != nil {
			_ = file.Close()
			_ = os.Remove(file.Name()) // it is empty
		}
		return nil, err
	}
	if file != nil {
		if err := writeFile(file, &built); err != nil {
			return nil, fmt.Errorf("write the transaction: %w", err)
		}
	}
	if in.opts.JSON {
		return &built, in.writeJSON(built)
	}
	return &built, writeBuilt(in.paper(), &built, string(out))
}

// writeFile writes a value as JSON to a file and closes it.
func writeFile(file *os.File, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err == nil {
		_, err = file.Write(append(raw, '\n'))
	}
	if closing := file.Close(); err == nil {
		err = closing
	}
	return err
}

// parsePayments reads addresses with amounts.
func parsePayments(words []string) (api.Payments, error) {
	if len(words)%2 != 0 {
		return nil, usagef("tx build: an amount belongs to each address")
	}
	payments := api.Payments{}
	for i := 0; i < len(words); i += 2 {
		amount, err := parseAmount(words[i+1])
		if err != nil {
			return nil, err
		}
		payments = append(payments, api.Payment{Address: words[i], Amount: amount})
	}
	return payments, nil
}

// parseAmount reads an amount in coins.
func parseAmount(word string) (api.Amount, error) {
	var amount api.Amount
	if err := amount.UnmarshalJSON([]byte(word)); err != nil || amount <= 0 || strings.Trim(word, "0123456789.") != "" {
		return 0, usagef("tx build: %q is no amount in coins, with 8 digits behind the point at most", word)
	}
	return amount, nil
}

// options returns the options of buildtransaction but for the change.
func (f *buildFlags) options() (api.BuildOptions, error) {
	seconds := int64(f.Reserve / time.Second)
	options := api.BuildOptions{Sweep: f.Sweep, Account: f.Account, MinConf: &f.MinConf, Expiry: f.Expiry, Reserve: &seconds}
	for _, word := range f.Coins {
		id, index, _ := strings.Cut(word, ":")
		n, err := strconv.ParseUint(index, 10, 32)
		if err != nil {
			return options, usagef("tx build: %q is no coin, as TXID:INDEX (run: spvctl utxo)", word)
		}
		options.Coins = append(options.Coins, api.OutPoint{TxID: id, Vout: uint32(n)})
	}
	if f.FeeRate != "" {
		rate, err := parseAmount(f.FeeRate)
		if err != nil {
			return options, err
		}
		options.FeeRate = api.Coins(rate)
	}
	return options, nil
}

// changeTarget tells whether a word is an address or the name of an account.
func changeTarget(ctx context.Context, c *client, word string) (address, account string, err error) {
	if word == "" {
		return "", "", nil
	}
	var info api.AddressInfo
	if err := c.call(ctx, "validateaddress", &info, word); err != nil {
		return "", "", err
	}
	if info.IsValid {
		return word, "", nil
	}
	return "", word, nil
}
