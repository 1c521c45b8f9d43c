package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/txcheck"
	"github.com/spvd/spvd/internal/usage"
)

// review is a transaction in a file, with the files that tell what it spends.
type review struct {
	*txFile
	from []*builtFile
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
	case words[1] == stdinWord && flags.With == stdinWord:
		return exitUsage, usagef("tx %s: only one of the two files can be standard input", words[0])
	}
	in.opts.JSON = in.opts.JSON || flags.JSON
	r, err := in.readReview(words[1], flags.With)
	if err != nil {
		return exitError, err
	}
	checked, notes, err := r.check(ctx, in)
	if err != nil {
		return exitError, err
	}
	if in.opts.JSON {
		err = in.writeJSON(checked)
	} else {
		err = writeChecked(in.paper(), checked, notes)
	}
	if err == nil && check && !checked.Ready {
		return exitError, nil
	}
	return exitOK, err
}

// readReview reads a transaction, and what tx build wrote unless with is empty.
func (in *invocation) readReview(name, with string) (*review, error) {
	file, err := in.readTx(name)
	if err != nil {
		return nil, err
	}
	r := &review{txFile: file}
	if file.built != nil {
		r.from = append(r.from, file.built)
	}
	if with != "" {
		other, err := in.readTx(with)
		switch {
		case err != nil:
			return nil, err
		case other.built == nil:
			return nil, fmt.Errorf("--with takes the file that spvctl tx build wrote, and %s has a transaction alone", other.name)
		case other.tx.TxHash() != file.tx.TxHash():
			return nil, fmt.Errorf("%s has another transaction than %s: %v, not %v", file.name, other.name, file.tx.TxHash(), other.tx.TxHash())
		}
		r.from = append(r.from, other.built)
	}
	asked, err := in.opts.params()
	if err != nil {
		return nil, err
	}
	for _, f := range r.from {
		if (in.opts.TestNet || in.opts.SimNet) && f.params.Net != asked.Net {
			return nil, fmt.Errorf("the transaction in %s is for %s, and %s was asked for", f.name, f.params.Name, asked.Name)
		}
		if f.params.Net != r.from[0].params.Net {
			return nil, fmt.Errorf("the transaction in %s is for %s, and that in %s for %s", f.name, f.params.Name, r.from[0].name, r.from[0].params.Name)
		}
	}
	return r, nil
}

// check checks the transaction, here if a file has what it spends, else by the daemon. The notes
// say what is not known then.
func (r *review) check(ctx context.Context, in *invocation) (*api.CheckedTransaction, []string, error) {
	var previous []string
	for _, f := range r.from {
		if f.outputs.Complete(r.tx) {
			checked, err := txcheck.Check(ctx, &txcheck.Request{Params: f.params, Tx: r.tx, Previous: f.outputs, Next: f.Height + 1, Wallet: f})
			return checked, []string{
				"accounts and change are as " + f.name + " states them",
				"not checked without spvd: whether a coin was spent or the expiry has passed meanwhile",
			}, err
		}
		previous = append(previous, f.previous()...)
	}
	c, err := in.connect(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("not all that it spends is in a file given (give --with the file that spvctl tx build wrote), and spvd cannot be asked: %w", err)
	}
	defer c.close()
	var checked api.CheckedTransaction
	return &checked, nil, c.call(ctx, "checktransaction", &checked, r.hex, previous)
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
	if built.Left > 0 {
		r.add("left", "%s for further transactions", usage.Count(built.Left, "coin"))
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
func writeChecked(w io.Writer, checked *api.CheckedTransaction, notes []string) error {
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
	for _, note := range notes {
		r.add("note", "%s", note)
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
