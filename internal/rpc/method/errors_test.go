package method

import (
	"errors"
	"testing"

	"github.com/spvd/spvd/wallet"
)

// TestEveryRefusalHasACode: the wallet refuses nothing that clients see as an internal error.
func TestEveryRefusalHasACode(t *testing.T) {
	all := append(wallet.Refusals(), wallet.Unusable()...)
	for _, reason := range all {
		if answer := refusal(reason); answer == nil || answer.Code == 0 {
			t.Errorf("%v has no code", reason)
		}
	}
	for _, known := range refusals() {
		found := false
		for _, reason := range all {
			found = found || errors.Is(known.reason, reason)
		}
		if !found {
			t.Errorf("%v is no refusal of the wallet", known.reason)
		}
	}
}
