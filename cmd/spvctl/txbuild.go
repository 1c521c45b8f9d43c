package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
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

// runBuild builds a transaction and prints what it does.
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
	var file *os.File
	if flags.Out != "" { // first, so that no coins are locked for nothing
		if file, err = os.OpenFile(string(flags.Out), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600); err != nil {
			return exitError, fmt.Errorf("write the transaction: %w", err)
		}
	}
	var built api.BuiltTransaction
	if err := c.call(ctx, "buildtransaction", &built, payments, options); err != nil {
		if file != nil {
			_ = file.Close()
			_ = os.Remove(file.Name()) // it is empty
		}
		return exitError, err
	}
	if file != nil {
		if err := writeFile(file, &built); err != nil {
			return exitError, fmt.Errorf("write the transaction: %w", err)
		}
	}
	if in.opts.JSON {
		return exitOK, in.writeJSON(built)
	}
	return exitOK, writeBuilt(in.paper(), &built, string(flags.Out))
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
