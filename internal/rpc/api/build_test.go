package api_test

import (
	"encoding/json"
	"testing"

	"github.com/spvd/spvd/internal/rpc/api"
)

// TestPayments reads amounts in every form that clients write them, and refuses what would lose
// one.
func TestPayments(t *testing.T) {
	for text, want := range map[string]string{
		`{}`:                      `{}`,
		`{"b":1,"a":0.5}`:         `{"b":1,"a":0.5}`,
		`{"a":1e-8}`:              `{"a":0.00000001}`,
		`{"a":1.5E2}`:             `{"a":150}`,
		`{"a":21000000}`:          `{"a":21000000}`,
		`{"a":0.123456789}`:       "",
		`{"a":1e-9}`:              "",
		`{"a":1e300}`:             "",
		`{"a":99999999999999999}`: "",
		`{"a":"1"}`:               "",
		`{"a":1,"a":1}`:           "",
		`{"a":{}}`:                "",
		`[1]`:                     "",
		`7`:                       "",
	} {
		var p api.Payments
		err := json.Unmarshal([]byte(text), &p)
		if want == "" {
			if err == nil {
				t.Errorf("%s is read as %v", text, p)
			}
			continue
		}
		got, other := json.Marshal(p)
		if err != nil || other != nil || string(got) != want {
			t.Errorf("%s is read as %s: %v, %v", text, got, err, other)
		}
	}
}
