package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"text/tabwriter"
	"time"
)

func main() {
	n := flag.Int("n", 20, "how many `times` each package is run")
	race := flag.Bool("race", false, "with the race detector")
	dir := flag.String("C", ".", "`directory` of the module")
	limit := flag.Duration("timeout", 15*time.Minute, "how long one run may take")
	run := flag.String("run", "", "only tests that match the `pattern`, as for go test")
	each := flag.Duration("each", 0, "run each test alone, as often as the `time` allows, instead of packages as a whole")
	parallel := flag.Int("p", runtime.GOMAXPROCS(0), "how many `packages` run side by side, as for go test")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	o := options{
		module: *dir, race: *race, n: *n, each: *each, parallel: max(1, *parallel),
		args: []string{"-test.run=" + *run, "-test.timeout=" + limit.String()},
	}
	failed, err := o.check(ctx, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "flaky:", err)
	}
	if failed || err != nil {
		stop()
		os.Exit(1)
	}
}

// options are what the command was told.
type options struct {
	module   string // directory
	race     bool
	n        int // rounds
	each     time.Duration
	parallel int
	args     []string // of each test program
}

// check runs the packages that match the patterns, or each of their tests, n times each. It prints
// the table, and reports whether anything failed. It returns an error if a package cannot be built,
// or its tests are to be run alone and cannot be listed.
func (o *options) check(ctx context.Context, patterns []string) (failed bool, err error) {
	tmp, err := os.MkdirTemp("", "flaky")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(tmp)
	programs, err := build(ctx, o.module, o.race, tmp, patterns)
	if err != nil {
		return false, err
	}
	if o.each > 0 {
		if programs, err = o.alone(ctx, programs); err != nil {
			return false, err
		}
	}
	var all table
	for i := 0; i < o.n && ctx.Err() == nil; i++ {
		c := conditions()[i%len(conditions())]
		for r := range round(ctx, programs, c, o.parallel, o.args) {
			if ctx.Err() != nil {
				break // what was killed has not failed
			}
			all.add(r)
			fmt.Fprintf(os.Stdout, "%3d of %d  %-40s %-14s %8.1f s  %s\n", i+1, o.n, r.name, r.condition, r.took.Seconds(), r.verdict())
			if len(r.failed) > 0 {
				fmt.Fprintln(os.Stdout, indent(r.output))
			}
		}
	}
	return len(all.failures) > 0, errors.Join(all.write(os.Stdout), ctx.Err())
}

// program is the test program of one package, or one test of it.
type program struct {
	pkg  string // import path
	dir  string // of the package
	path string
	test string   // empty: all of them
	args []string // that it is run with

	overlay string // what it was built with, and what the programs that it builds are
}

// build makes the test programs of the packages that have tests.
func build(ctx context.Context, module string, race bool, tmp string, patterns []string) ([]program, error) {
	list := exec.CommandContext(ctx, "go", append([]string{"list", "-f", "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}\t{{.Dir}}{{end}}"}, patterns...)...)
	list.Dir, list.Stderr = module, os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("list packages: %w", err)
	}
	changed, err := overlay(ctx, tmp)
	if err != nil {
		return nil, err
	}
	var programs []program
	for line := range strings.Lines(string(out)) {
		pkg, dir, _ := strings.Cut(strings.TrimSpace(line), "\t")
		p := program{pkg: pkg, dir: dir, path: filepath.Join(tmp, fmt.Sprintf("%d.test", len(programs))), overlay: changed}
		args := []string{"test", "-c", "-overlay", changed, "-o", p.path}
		if race {
			args = append(args, "-race")
		}
		compile := exec.CommandContext(ctx, "go", append(args, pkg)...)
		compile.Dir, compile.Stdout, compile.Stderr = module, os.Stderr, os.Stderr
		if err := compile.Run(); err != nil {
			return nil, fmt.Errorf("build the tests of %s: %w", pkg, err)
		}
		programs = append(programs, p)
	}
	if len(programs) == 0 {
		return nil, fmt.Errorf("no package with tests matches %v", patterns)
	}
	return programs, nil
}

// table counts runs and failures.
type table struct {
	runs     int
	failures map[string]map[string]int // package and test, then condition
}

func (t *table) add(r result) {
	t.runs++
	for _, test := range r.failed {
		key := r.pkg + " " + test
		if t.failures == nil {
			t.failures = make(map[string]map[string]int)
		}
		if t.failures[key] == nil {
			t.failures[key] = make(map[string]int)
		}
		t.failures[key][r.condition]++
	}
}

// write prints a line for each test that failed, with one column per condition.
func (t *table) write(w io.Writer) error {
	fmt.Fprintf(w, "\n%d runs, %d tests failed\n", t.runs, len(t.failures))
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	head := "test"
	for _, c := range conditions() {
		head += "\t" + c.name
	}
	fmt.Fprintln(tw, head)
	var tests []string
	for test := range t.failures {
		tests = append(tests, test)
	}
	sort.Strings(tests)
	for _, test := range tests {
		row := test
		for _, c := range conditions() {
			row += fmt.Sprintf("\t%d", t.failures[test][c.name])
		}
		fmt.Fprintln(tw, row)
	}
	return tw.Flush()
}

func indent(s string) string {
	return "      " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n      ")
}
