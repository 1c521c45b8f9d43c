package main

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
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
		times, err := times(r.all)
		if err != nil {
			return nil, fmt.Errorf("list the tests of %s: %w", r.pkg, err)
		}
		for _, test := range slices.Sorted(maps.Keys(times)) {
			tests[r.pkg] = append(tests[r.pkg], program{
				test: test,
				args: []string{"-test.run=^" + test + "$", fmt.Sprintf("-test.count=%d", max(1, o.each/times[test]))},
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

// times returns how long each test took that ran by what a verbose run printed, [quickest] at least.
// The time of a test does not include that of its parallel parts, so that the longer of its own and
// of its parts' counts.
func times(output string) (map[string]time.Duration, error) {
	own, parts := make(map[string]time.Duration), make(map[string]time.Duration)
	for _, m := range ranLine().FindAllStringSubmatch(output, -1) {
		seconds, err := strconv.ParseFloat(m[3], 64)
		if err != nil {
			return nil, fmt.Errorf("time of %s: %w", m[1]+m[2], err)
		}
		took := time.Duration(seconds * float64(time.Second))
		if m[2] == "" {
			own[m[1]] = max(quickest, took)
		} else {
			parts[m[1]] += took
		}
	}
	for test, took := range own {
		own[test] = max(took, parts[test])
	}
	return own, nil
}

// ranLine is how the testing package says that a test, or a part of one, has run, and how long it took.
// Parts of parts are left out.
func ranLine() *regexp.Regexp {
	return regexp.MustCompile(`(?m)^ *--- (?:PASS|FAIL): ([^\s/]+)(/[^\s/]+)? \(([0-9.]+)s\)`)
}
