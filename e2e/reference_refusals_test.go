package e2e

import (
	"fmt"
	"math"
	"slices"
)

// wrongValues returns values of every kind that JSON has: one or the other is wrong wherever it
// stands as a parameter. Null is not among them: dcrwallet panics over it.
func wrongValues() []any {
	return []any{
		true, "", "*", "one", "00", -1, 0, 1.5, math.MaxInt32 + 1, 1e300,
		[]any{}, []any{"one"}, []any{[]any{1}}, []any{map[string]any{}}, map[string]any{}, map[string]any{"one": "two"},
	}
}

// refusals asks what both wallets answer with wrong parameters: each parameter in turn has a value
// of every kind, one is lacking, or there are too many; methods that change something have too many
// only. What one refuses the other refuses, with the same code. What they answer to such parameters is compared elsewhere.
func (c *contest) refusals(questions []question) {
	c.Helper()
	const tooMany = 16
	c.wrong = true
	tried := make(map[string]bool)
	for _, q := range questions {
		if tried[q.method] {
			continue
		}
		tried[q.method] = true
		c.refusal(question{q.method, slices.Concat(q.params, slices.Repeat([]any{""}, tooMany))})
		for i := range q.params {
			c.refusal(question{q.method, q.params[:i]})
			for _, wrong := range wrongValues() {
				params := slices.Clone(q.params)
				params[i] = wrong
				c.refusal(question{q.method, params})
			}
		}
	}
	for method := range c.methods { // those that change something were asked before
		if !tried[method] {
			c.refusal(question{method, slices.Repeat([]any{""}, tooMany)})
		}
	}
}

// refusal compares whether both wallets refuse a call, and the codes.
func (c *contest) refusal(q question) {
	c.Helper()
	c.asked++
	errWant := c.reference.Call(c.Context(), q.method, nil, q.params...)
	errGot := c.daemon.Call(c.Context(), q.method, nil, ourParams(q.params)...)
	d := difference{field: "/code", want: float64(errorCode(errWant)), got: float64(errorCode(errGot))}
	if (errWant == nil) != (errGot == nil) {
		d.field = "/refused"
	}
	if d.want != d.got || d.field == "/refused" {
		d.text = fmt.Sprintf("dcrwallet: %v (%v), spvd: %v (%v)", errWant, d.want, errGot, d.got)
		c.report("wrong parameters", q, &d)
	}
}
