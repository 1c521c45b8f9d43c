package meter

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/google/pprof/profile"
)

// Rule says that a function belongs to a part. Its name is matched by prefix, so
// that a package or a type can be named as a whole.
type Rule struct {
	Function string
	Part     string
}

// Parts is processor time by part.
type Parts map[string]time.Duration

// Parts that every split has.
const (
	Runtime = "runtime" // the collector, allocation and the scheduler
	Other   = "other"   // what no rule is about
)

// runtimeRules say what the runtime does.
func runtimeRules() []Rule {
	return []Rule{
		{"runtime.gcBgMarkWorker", Runtime},
		{"runtime.gcAssistAlloc", Runtime},
		{"runtime.mallocgc", Runtime},
		{"runtime.bgsweep", Runtime},
		{"runtime.bgscavenge", Runtime},
		{"runtime.mcall", Runtime},
		{"runtime.mstart", Runtime},
		{"runtime.schedule", Runtime},
	}
}

// Add adds what other parts took.
func (p Parts) Add(o Parts) {
	for part, t := range o {
		p[part] += t
	}
}

// Split divides the processor time of a profile. A sample belongs to the part of
// the first function on its stack, from where it was taken outwards, that a rule
// names, or the runtime. Of several rules for a function the first counts.
func Split(r io.Reader, rules []Rule) (Parts, error) {
	p, err := profile.Parse(r)
	if err != nil {
		return nil, fmt.Errorf("read profile: %w", err)
	}
	rules = slices.Concat(rules, runtimeRules())
	parts := Parts{}
	for _, s := range p.Sample {
		parts[partOf(s, rules)] += time.Duration(s.Value[len(s.Value)-1])
	}
	return parts, nil
}

// partOf returns the part that a sample belongs to.
func partOf(s *profile.Sample, rules []Rule) string {
	for _, location := range s.Location {
		for _, line := range location.Line {
			for _, r := range rules {
				if line.Function != nil && strings.HasPrefix(line.Function.Name, r.Function) {
					return r.Part
				}
			}
		}
	}
	return Other
}
