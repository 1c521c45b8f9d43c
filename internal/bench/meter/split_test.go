package meter

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/pprof/profile"
)

// stack adds a sample that was taken in the first of some functions, each called
// by the next.
func stack(p *profile.Profile, nanoseconds int64, functions ...string) {
	s := &profile.Sample{Value: []int64{1, nanoseconds}}
	for _, name := range functions {
		f := &profile.Function{ID: uint64(len(p.Function) + 1), Name: name}
		l := &profile.Location{ID: uint64(len(p.Location) + 1), Line: []profile.Line{{Function: f}}}
		p.Function, p.Location = append(p.Function, f), append(p.Location, l)
		s.Location = append(s.Location, l)
	}
	p.Sample = append(p.Sample, s)
}

func TestASampleBelongsToTheInnermostFunctionThatIsNamed(t *testing.T) {
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}}}
	stack(p, 1, "hash", "a.prove", "b.read")
	stack(p, 10, "hash", "b.read", "a.prove")
	stack(p, 100, "b.write", "c.main")
	stack(p, 1000, "hash", "c.main")
	stack(p, 10_000, "clear", "runtime.mallocgc", "c.main")
	var b bytes.Buffer
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	got, err := Split(&b, []Rule{{"a.prove", "proof"}, {"b.read", "input"}, {"b.", "rest"}})
	if err != nil {
		t.Fatal(err)
	}
	for part, want := range map[string]time.Duration{"proof": 1, "input": 10, "rest": 100, Runtime: 10_000, Other: 1000} {
		if got[part] != want {
			t.Errorf("part %s has %v, want %v", part, got[part], want)
		}
	}
}
