package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestNoErrorRepeatsAKey gives every parameter of every method a private key, also as
// one of a wrong type, and looks for it in what is answered and logged.
func TestNoErrorRepeatsAKey(t *testing.T) {
	ns, o := serveNodes(t, 1), newOwner(t, 1)
	d, c := ns.startSynced(t, t.TempDir(), "--debuglevel=trace", "--account=savings="+o.xpub())
	key := o.account.String()
	var doc struct {
		Methods []struct {
			Name   string
			Params []struct{ Name string }
		}
	}
	c.mustCall(t, "rpc.discover", "[]", &doc)
	if len(doc.Methods) < 30 {
		t.Fatalf("%d methods", len(doc.Methods))
	}
	ask := func(method, params string) {
		t.Helper()
		var result json.RawMessage
		refused, err := c.try(t.Context(), method, params, &result)
		if err != nil {
			t.Fatalf("%s %s: %v", method, params, err)
		}
		if refused != nil && strings.Contains(refused.Message, key[:20]) {
			t.Errorf("%s %s: %s", method, params, refused.Message)
		}
	}
	ask(key, "[]")
	for _, m := range doc.Methods {
		if m.Name == "stop" {
			continue
		}
		ask(m.Name, fmt.Sprintf(`{%q:1}`, key))
		for i := range m.Params {
			for _, value := range []string{fmt.Sprintf("%q", key), fmt.Sprintf(`[%q]`, key), fmt.Sprintf(`{%q:%q}`, key, key)} {
				for _, other := range []string{`"1"`, `1`, `true`, fmt.Sprintf("%q", key)} {
					values := strings.Split(strings.Repeat(other+"|", len(m.Params)), "|")[:len(m.Params)]
					values[i] = value
					ask(m.Name, "["+strings.Join(values, ",")+"]")
				}
			}
		}
	}
	d.stop()
	d.end()
	if strings.Contains(d.out.String(), key[:20]) {
		t.Error("the log holds the key")
	}
}
