package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/usage"
)

// maxTxFile is the most bytes that are read of a file with a transaction: one of 100,000 bytes
// with 600 previous ones of that size.
const maxTxFile = 200 << 20

// txFile is a transaction in a file.
type txFile struct {
	hex      string
	previous []string // in hex, as far as the file has them
}

// readTx reads a transaction in hex, or what tx build wrote, from a file; - is standard input.
func (in *invocation) readTx(name string) (txFile, error) {
	var source io.Reader = in.in
	if name != stdinWord {
		file, err := os.Open(name)
		if err != nil {
			return txFile{}, fmt.Errorf("read the transaction: %w", err)
		}
		defer file.Close()
		source = file
	}
	raw, err := io.ReadAll(io.LimitReader(source, maxTxFile))
	if err != nil {
		return txFile{}, fmt.Errorf("read the transaction: %w", err)
	}
	text := strings.TrimSpace(string(raw))
	if !strings.HasPrefix(text, "{") {
		return txFile{hex: text}, nil
	}
	var built api.BuiltTransaction
	if err := json.Unmarshal(raw, &built); err != nil || built.Hex == "" {
		return txFile{}, fmt.Errorf("read the transaction: %s is neither hex nor what spvctl tx build wrote", name)
	}
	out := txFile{hex: built.Hex}
	for _, p := range built.Previous {
		out.previous = append(out.previous, p.Hex)
	}
	return out, nil
}

// runReview says what a transaction in a file does. To check it also means that the exit code is
// 1 unless it can be sent.
func runReview(ctx context.Context, in *invocation, check bool) (int, error) {
	var flags struct {
		With string `long:"with"`
		jsonFlag
	}
	words, err := in.parse(&flags)
	switch {
	case err != nil:
		return exitUsage, err
	case len(words) != 2:
		return exitUsage, usagef("tx %s: give one file with a transaction, or - to read it from standard input", words[0])
	}
	in.opts.JSON = in.opts.JSON || flags.JSON
	tx, err := in.readTx(words[1])
	if err != nil {
		return exitError, err
	}
	if flags.With != "" {
		other, err := in.readTx(flags.With)
		if err != nil {
			return exitError, err
		}
		tx.previous = append(tx.previous, other.previous...)
	}
	c, err := in.connect(ctx)
	if err != nil {
		return exitError, err
	}
	defer c.close()
	var checked api.CheckedTransaction
	if err := c.call(ctx, "checktransaction", &checked, tx.hex, tx.previous); err != nil {
		return exitError, err
	}
	if in.opts.JSON {
		err = in.writeJSON(checked)
	} else {
		err = writeChecked(in.paper(), &checked)
	}
	if err == nil && check && !checked.Ready {
		return exitError, nil
	}
	return exitOK, err
}

// rows prints lines with a name each.
type rows struct{ b strings.Builder }

func (r *rows) add(name, format string, operands ...any) {
	fmt.Fprintf(&r.b, "%-12s %s\n", name, fmt.Sprintf(format, operands...))
}

// whose returns an address with the account that it is of, if that is known.
func whose(address, account string) string {
	if address == "" {
		address = "a script without an address"
	}
	if account == "" {
		return address
	}
	return address + " of account " + account
}

// writeBuilt says what a transaction that was built does.
func writeBuilt(w io.Writer, built *api.BuiltTransaction, file string) error {
	var r rows
	r.add("transaction", "%s", built.TxID)
	for _, out := range built.Outputs {
		name, account := "pays", ""
		if out.Change {
			name = "change"
		}
		if out.Key != nil {
			account = out.Key.Account
		}
		r.add(name, "%v DCR to %s", out.Amount, whose(out.Address, account))
	}
	for _, in := range built.Inputs {
		r.add("from", "%v DCR at %s, %s:%d", in.Amount, whose(in.Address, in.Account), in.TxID, in.Vout)
	}
	r.add("fee", "%v DCR, %v DCR for 1,000 bytes (%s)", built.Fee, built.FeeRate, built.FeeSource)
	r.add("size", "%d bytes at most once it is signed", built.Size)
	if built.Expiry != 0 {
		r.add("expires", "at height %s", grouped(int64(built.Expiry)))
	}
	if built.Uneconomic > 0 {
		r.add("left out", "%s worth less than the fee for spending", usage.Count(built.Uneconomic, "coin"))
	}
	if built.Unsignable > 0 {
		r.add("left out", "%s of unknown scripts", usage.Count(built.Unsignable, "coin"))
	}
	if built.ReservedUntil != 0 {
		r.add("locked", "the coins, until %s UTC", utc(built.ReservedUntil))
	}
	if file != "" {
		r.add("written to", "%s (sign it, then run: spvctl tx check SIGNED)", file)
	} else {
		r.add("unsigned", "%s", built.Hex)
	}
	_, err := io.WriteString(w, r.b.String())
	return err
}

// writeChecked says what a transaction does, and what speaks against sending it.
func writeChecked(w io.Writer, checked *api.CheckedTransaction) error {
	var r rows
	r.add("transaction", "%s", checked.TxID)
	for _, out := range checked.Outputs {
		name := "pays"
		if out.Change {
			name = "change"
		}
		r.add(name, "%v DCR to %s", out.Amount, whose(out.Address, out.Account))
	}
	for _, in := range checked.Inputs {
		amount := "an unknown amount"
		if in.Amount != nil {
			amount = fmt.Sprintf("%v DCR at %s", *in.Amount, whose(in.Address, in.Account))
		}
		r.add("from", "%s, %s:%d, signature %s", amount, in.TxID, in.Vout, in.Signature)
	}
	if checked.Fee != nil {
		r.add("fee", "%v DCR, %v DCR for 1,000 bytes", *checked.Fee, *checked.FeeRate)
	} else {
		r.add("fee", "not known")
	}
	r.add("size", "%d bytes", checked.Size)
	if checked.Expiry != 0 {
		r.add("expires", "at height %s", grouped(int64(checked.Expiry)))
	}
	for _, problem := range checked.Problems {
		r.add("problem", "%s", problem)
	}
	if checked.Ready {
		r.add("ready", "every input is rightly signed (run: spvctl send HEX)")
	}
	_, err := io.WriteString(w, r.b.String())
	return err
}
