package report

import (
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/bench/meter"
)

func TestATableHasTheSharesOfItsColumns(t *testing.T) {
	var b strings.Builder
	names := []string{"hash", "store", meter.Other}
	Columns(&b, names...)
	b.WriteString("|")
	Shares(&b, meter.Parts{"hash": 60, "store": 30, "else": 10}, names)
	want := "| hash | store | other |\n|---|---|---|\n| 60 % | 30 % | 0 % |\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
	if r := Ratio(3, 0); r != 0 {
		t.Errorf("a ratio to nothing is %v", r)
	}
}
