package main

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// quickest is what a test is taken to need at least: the testing package prints hundredths of a second.
const quickest = 5 * time.Millisecond

// alone runs each program once, and returns one program for each test that ran, which repeats
// it as often as fits into the time that each one gets, once at least. It returns an error if a program
// ended without naming a test.
func (o *options) alone(ctx context.Context, programs []program) ([]program, error) {
	tests := make(map[string][]program) // by the package
	for r := range round(ctx, programs, condition{}, o.parallel, append(o.args[:len(o.args):len(o.args)], "-test.v")) {
		for _, m := range ranLine().FindAllStringSubmatch(r.all, -1) {
			seconds, err := strconv.ParseFloat(m[2], 64)
			if err != nil {
				return nil, fmt.Errorf("list the tests of %s: %w", r.pkg, err)
			}
			took := max(quickest, time.Duration(seconds*float64(time.Second)))
			tests[r.pkg] = append(tests[r.pkg], program{
				test: m[1],
				args: []string{"-test.run=^" + m[1] + "$", fmt.Sprintf("-test.count=%d", max(1, o.each/took))},
			})
		}
		if len(tests[r.pkg]) == 0 && len(r.failed) > 0 {
			return nil, fmt.Errorf("list the tests of %s: %s", r.pkg, r.verdict())
		}
	}
	var all []program
	for _, p := range programs {
		for _, one := range tests[p.pkg] {
			one.pkg, one.dir, one.path, one.overlay = p.pkg, p.dir, p.path, p.overlay
			all = append(all, one)
		}
	}
	return all, ctx.Err()
}

// ranLine is how the testing package says that a test has run, which is not part of another one,
// and how long it took.
func ranLine() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^--- (?:PASS|FAIL): (\S+) \(([0-9.]+)s\)`)
}
