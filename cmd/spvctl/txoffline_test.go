package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
)

// offlineFiles are a transaction that a daemon has built, what tx build wrote of it, and a directory.
type offlineFiles struct {
	dir, unsigned, signed string
	built                 api.BuiltTransaction
	payment, address      string // of its input
	foreign               string // whom it pays
	changes               int    // how many files changed has written
}

func newOfflineFiles(t *testing.T) *offlineFiles {
	t.Helper()
	d := newPaidDaemon(t)
	f := &offlineFiles{dir: t.TempDir(), payment: d.payment, address: d.address, foreign: rpctestAddress(t)}
	f.unsigned = filepath.Join(f.dir, "unsigned.json")
	if got := spvctl(t, "", append(daemon(t, d.Registry), "tx", "build", f.foreign, "0.5", "--expiry=100", "--out="+f.unsigned)...); got.code != exitOK {
		t.Fatalf("tx build gave %+v", got)
	}
	f.signed = f.write(t, "signed.hex", []byte(d.signed(t, f.unsigned)+"\n"))
	raw, err := os.ReadFile(f.unsigned)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &f.built); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *offlineFiles) write(t *testing.T, name string, content []byte) string {
	t.Helper()
	file := filepath.Join(f.dir, name)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// changed writes what tx build wrote with a change to it.
func (f *offlineFiles) changed(t *testing.T, change func(*api.BuiltTransaction)) string {
	t.Helper()
	raw, err := json.Marshal(f.built)
	if err != nil {
		t.Fatal(err)
	}
	var built api.BuiltTransaction
	if err := json.Unmarshal(raw, &built); err != nil {
		t.Fatal(err)
	}
	change(&built)
	if raw, err = json.Marshal(built); err != nil {
		t.Fatal(err)
	}
	f.changes++
	return f.write(t, fmt.Sprintf("changed-%d.json", f.changes), raw)
}

// offline runs spvctl where there is neither a daemon nor a configuration.
func offline(t *testing.T, stdin string, words ...string) outcome {
	t.Helper()
	nowhere := filepath.Join(t.TempDir(), "nowhere")
	return spvctl(t, stdin, append([]string{"--appdata", nowhere, "--configfile", filepath.Join(nowhere, "spvd.conf")}, words...)...)
}

// edited returns a transaction in hex after a change.
func edited(t *testing.T, text string, change func(*wire.MsgTx)) string {
	t.Helper()
	raw, err := hex.DecodeString(strings.TrimSpace(text))
	if err != nil {
		t.Fatal(err)
	}
	var tx wire.MsgTx
	if err := tx.Deserialize(bytes.NewReader(raw)); err != nil {
		t.Fatal(err)
	}
	change(&tx)
	if raw, err = tx.Bytes(); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(raw)
}

// TestReviewOffline shows and checks transactions with the file that tx build wrote, and nothing
// else.
func TestReviewOffline(t *testing.T) {
	f := newOfflineFiles(t)
	raw, err := os.ReadFile(f.signed)
	if err != nil {
		t.Fatal(err)
	}
	signed := string(raw)
	whole := []string{
		"transaction  " + f.built.TxID + "\n", "pays         0.5 DCR to " + f.foreign + "\n", "change       0.7499747 DCR to Ss", " of account default\n",
		"from         1.25 DCR at " + f.address + " of account default, " + f.payment + ":0, signature ", "fee          0.0000253 DCR, 0.0001", "expires      at height 100\n",
		"note         accounts and change are as ", "whether a coin was spent",
	}
	sent := f.changed(t, func(b *api.BuiltTransaction) { b.Hex = strings.TrimSpace(signed) })
	spoiled := f.write(t, "spoiled.hex", []byte(edited(t, signed, func(tx *wire.MsgTx) { tx.TxIn[0].SignatureScript[10] ^= 1 })))
	misstated := f.write(t, "misstated.hex", []byte(edited(t, signed, func(tx *wire.MsgTx) { tx.TxIn[0].ValueIn++ })))
	with := "--with=" + f.unsigned
	for _, tt := range []struct {
		name  string
		args  []string
		stdin string
		code  int
		want  []string
	}{
		{"show the file", []string{"tx", "show", f.unsigned}, "", exitOK, append(whole, "signature missing\n", "problem      input 0 is not signed\n")},
		{"check the file", []string{"tx", "check", f.unsigned}, "", exitError, append(whole, "problem      input 0 is not signed\n")},
		{"show what is signed", []string{"tx", "show", f.signed, with}, "", exitOK, append(whole, "signature valid\n", "ready        every input is rightly signed")},
		{"check what is signed", []string{"--simnet", "tx", "check", with, f.signed}, "", exitOK, append(whole, "signature valid\n", "ready        every")},
		{"standard input", []string{"tx", "check", "-", with}, signed, exitOK, []string{"ready"}},
		{"the file on standard input", []string{"tx", "check", "--with", "-", f.signed}, string(mustRead(t, f.unsigned)), exitOK, []string{"ready"}},
		{"signed in the file", []string{"tx", "check", sent}, "", exitOK, []string{"ready"}},
		{"JSON", []string{"tx", "check", "--json", f.signed, with}, "", exitOK, []string{`"ready": true`, `"change": true`, `"signature": "valid"`}},
		{"spoiled", []string{"tx", "check", spoiled, with}, "", exitError, []string{"input 0 is signed wrongly", "signature wrong"}},
		{"another amount", []string{"tx", "check", misstated, with}, "", exitError, []string{"input 0 is signed wrongly: it states another amount"}},
		{"no file", []string{"tx", "check", f.signed}, "", exitError, []string{"give --with the file that spvctl tx build wrote"}},
		{"not all previous", []string{"tx", "check", f.changed(t, func(b *api.BuiltTransaction) { b.Previous = nil })}, "", exitError, []string{"give --with"}},
		{"another network", []string{"--testnet", "tx", "check", f.signed, with}, "", exitError, []string{"is for simnet, and testnet3 was asked for"}},
		{"both networks", []string{"--testnet", "--simnet", "tx", "check", f.signed, with}, "", exitUsage, []string{"exclude each other"}},
		{"hex as the file", []string{"tx", "check", f.signed, "--with", f.signed}, "", exitError, []string{"has a transaction alone"}},
		{"another transaction", []string{"tx", "check", "-", with}, rawTx, exitError, []string{"has another transaction than"}},
		{"twice standard input", []string{"tx", "check", "-", "--with=-"}, signed, exitUsage, []string{"only one of the two"}},
		{"garbage", []string{"tx", "check", "-"}, "\x1b[2Jnothing", exitError, []string{"standard input is neither hex nor what spvctl tx build wrote"}},
		{"empty", []string{"tx", "show", "-"}, "", exitError, []string{"the hex in standard input is not a transaction"}},
		{"no transaction", []string{"tx", "show", "-"}, "00ff", exitError, []string{"the hex in standard input is not a transaction"}},
		{"JSON of something else", []string{"tx", "show", "-"}, `{"a":1}`, exitError, []string{"neither hex nor"}},
		{"half a file", []string{"tx", "show", "-"}, string(mustRead(t, f.unsigned)[:500]), exitError, []string{"neither hex nor"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := offline(t, tt.stdin, tt.args...)
			if got.code != tt.code {
				t.Errorf("code %d, want %d: %+v", got.code, tt.code, got)
			}
			for _, text := range tt.want {
				if !strings.Contains(got.out+got.err, text) {
					t.Errorf("gave %+v, want %q", got, text)
				}
			}
			if tt.code != exitOK && got.out == "" && strings.Count(got.err, "\n") != 1 {
				t.Errorf("the error is not one line: %q", got.err)
			}
		})
	}
}

func mustRead(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestReviewRefusesContradictions: what a file states about its transaction is what a signer is
// shown, so that a lie in it is an error, with the signed transaction or without.
func TestReviewRefusesContradictions(t *testing.T) {
	f := newOfflineFiles(t)
	for name, tt := range map[string]struct {
		change func(*api.BuiltTransaction)
		want   string
	}{
		"amount of an input":   {func(b *api.BuiltTransaction) { b.Inputs[0].Amount-- }, "what input 0 spends is listed with 1.24999999 DCR, and it has 1.25"},
		"script of an input":   {func(b *api.BuiltTransaction) { b.Inputs[0].ScriptPubKey = "51" }, "what input 0 spends is listed with the script 51"},
		"coin of an input":     {func(b *api.BuiltTransaction) { b.Inputs[0].Vout++ }, "input 0 is listed as"},
		"amount of an output":  {func(b *api.BuiltTransaction) { b.Outputs[0].Amount++ }, "output 0 is listed with"},
		"address of an output": {func(b *api.BuiltTransaction) { b.Outputs[0].Address = f.address }, "output 0 is listed with the address " + f.address},
		"script of an output":  {func(b *api.BuiltTransaction) { b.Outputs[0].ScriptPubKey = "" }, "output 0 is listed with the script none"},
		"an output left out":   {func(b *api.BuiltTransaction) { b.Outputs = b.Outputs[:1] }, "it lists 1 inputs and 1 outputs"},
		"the fee":              {func(b *api.BuiltTransaction) { b.Fee /= 2 }, "its fee is listed as 0.00001265 DCR, and it is 0.0000253"},
		"the expiry":           {func(b *api.BuiltTransaction) { b.Expiry = 0 }, "its expiry is 0, and that of its hex 100"},
		"the transaction id":   {func(b *api.BuiltTransaction) { b.TxID = f.payment }, "its txid is " + f.payment},
		"the network":          {func(b *api.BuiltTransaction) { b.Network = "mainnet" }, "is listed with the address S"},
		"an unknown network":   {func(b *api.BuiltTransaction) { b.Network = "mars" }, `for the network "mars", which`},
		"the transaction": {func(b *api.BuiltTransaction) {
			b.Hex = edited(t, b.Hex, func(tx *wire.MsgTx) { tx.TxOut[0].Value++ })
		}, "its txid is "},
		"a previous amount": {func(b *api.BuiltTransaction) {
			b.Previous[0].Hex = edited(t, b.Previous[0].Hex, func(tx *wire.MsgTx) { tx.TxOut[0].Value *= 2 })
		}, "its previous transaction 0 is listed as " + f.payment},
		"a previous one of garbage": {func(b *api.BuiltTransaction) { b.Previous[0].Hex = "zz" }, "number 1 of the previous transactions is not hex"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := f.changed(t, tt.change)
			for _, args := range [][]string{{"show", changed}, {"check", changed}, {"check", f.signed, "--with", changed}} {
				if got := offline(t, "", append([]string{"tx"}, args...)...); got.code != exitError || got.out != "" || !strings.Contains(got.err, tt.want) {
					t.Errorf("tx %q gave %+v, want %q", args, got, tt.want)
				}
			}
		})
	}
}
