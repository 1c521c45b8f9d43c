package safetext

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/hdkeychain/v3"
)

// TestHideKeys hides the private keys of every network, whole, cut and damaged, in any
// surroundings, and nothing else.
func TestHideKeys(t *testing.T) {
	for _, net := range []*chaincfg.Params{chaincfg.MainNetParams(), chaincfg.TestNet3Params(), chaincfg.SimNetParams(), chaincfg.RegNetParams()} {
		key, err := hdkeychain.NewMaster(bytes.Repeat([]byte{7}, 32), net)
		if err != nil {
			t.Fatal(err)
		}
		wif, err := dcrutil.NewWIF(bytes.Repeat([]byte{7}, 32), net.PrivateKeyID, dcrec.STEcdsaSecp256k1)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{key.String(), wif.String()} {
			for _, s := range []string{secret, secret[:len(secret)-3], secret[:40], secret + "0", secret[:45] + "0OIl" + secret[45:]} {
				for _, around := range [][2]string{{"", ""}, {"no such account \"", "\""}, {"--account=main=", " is wrong"}, {"{\"a\":\"", "\"}"}, {"\n", "\n"}} {
					got := HideKeys(around[0] + s + around[1])
					if want := around[0] + Hidden + around[1]; got != want {
						t.Errorf("%s: got %q, want %q", net.Name, got, want)
					}
				}
			}
		}
		for _, public := range []string{key.Neuter().String(), "DsUZxxoHJSty8DCfwfartwTYbuhmVct7tJu", "sprvxx", strings.Repeat("ab", 32), "Printable text", "Pm", ""} {
			if got := HideKeys(public); got != public {
				t.Errorf("%q became %q", public, got)
			}
		}
	}
}

// TestEscape escapes every character that is not printable, of all of Unicode, and
// leaves JSON with the same meaning.
func TestEscape(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if r >= 0xd800 && r < 0xe000 {
			continue
		}
		s := "a" + string(r) + "b"
		if got := Escape(s, ""); strings.ContainsFunc(got, Harmful) || unicode.IsPrint(r) && got != s {
			t.Fatalf("%U became %q", r, got)
		}
		raw, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		safe := EscapeJSON(nil, raw)
		var back string
		if strings.ContainsFunc(string(safe), Harmful) || json.Unmarshal(safe, &back) != nil || back != s {
			t.Fatalf("%U: JSON became %q", r, safe)
		}
	}
	if got := Escape("a\nb\x1b[31m\u202e", "\n"); got != "a\nb\\x1b[31m\\u202e" {
		t.Errorf("got %q", got)
	}
}
