package scan

import (
	"testing"

	"github.com/spvd/spvd/internal/bench/meter/metertest"
)

func TestRulesNameFunctions(t *testing.T) {
	metertest.NamesFunctions(t, "../cmd/scanbench", rules())
}
