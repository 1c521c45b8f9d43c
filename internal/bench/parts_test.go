package bench

import (
	"testing"

	"github.com/spvd/spvd/internal/bench/meter/metertest"
)

func TestPartsNameFunctions(t *testing.T) {
	metertest.NamesFunctions(t, "./cmd/syncbench", parts())
}
