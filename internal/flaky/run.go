package main

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// shownOutput is how much of the end of the output of a failed run is printed, in bytes, and
// shownReasons how many lines in front of it that say what a test found wrong, of shownReason
// bytes each.
const (
	shownOutput  = 8 << 10
	shownReasons = 20
	shownReason  = 1 << 10
)

// condition is what a run is made under.
type condition struct {
	name string
	env  []string
	busy bool // a processor computes beside it
}

func conditions() []condition {
	return []condition{
		{name: "plain"},
		{name: "one core busy", busy: true},
		{name: "GOMAXPROCS=1", env: []string{"GOMAXPROCS=1"}},
		{name: "GOMAXPROCS=8", env: []string{"GOMAXPROCS=8"}},
		{name: laterDays + " days later", env: []string{laterVariable + "=" + laterDays}},
	}
}

// result is one run of one package.
type result struct {
	pkg       string
	name      string // of the package, and of the test if it ran alone
	condition string
	took      time.Duration
	failed    []string // tests, as often as each did, or what ended the program
	all       string   // what it printed
	output    string   // what is shown of that
}

func (r *result) verdict() string {
	if len(r.failed) == 0 {
		return "ok"
	}
	times := make(map[string]int)
	for _, test := range r.failed {
		times[test]++
	}
	var list []string
	for _, test := range slices.Sorted(maps.Keys(times)) {
		if times[test] > 1 {
			test = fmt.Sprintf("%s (%d times)", test, times[test])
		}
		list = append(list, test)
	}
	return "FAIL " + strings.Join(list, ", ")
}

// round runs each program once with the options, parallel of them side by side, and yields the
// results in the order in which they end. All that it has started has ended when the loop ends.
func round(ctx context.Context, programs []program, c condition, parallel int, options []string) iter.Seq[result] {
	return func(yield func(result) bool) {
		ctx, cancel := context.WithCancel(ctx)
		var wg sync.WaitGroup
		defer wg.Wait()
		defer cancel()
		if c.busy {
			wg.Go(func() { compute(ctx) })
		}
		next, results := make(chan *program, len(programs)), make(chan result, len(programs))
		for i := range programs {
			next <- &programs[i]
		}
		close(next)
		for range parallel {
			wg.Go(func() {
				for p := range next {
					results <- p.run(ctx, c, options)
				}
			})
		}
		for range programs {
			if !yield(<-results) {
				return
			}
		}
	}
}

// run runs the program once.
func (p *program) run(ctx context.Context, c condition, options []string) result {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, p.path, slices.Concat([]string{"-test.paniconexit0"}, options, p.args)...)
	cmd.Dir, cmd.Env = p.dir, append(append(os.Environ(), c.env...), "GOFLAGS=-overlay="+p.overlay)
	cmd.Stdout, cmd.Stderr = &out, &out
	begin := time.Now()
	err := cmd.Run()
	return result{
		pkg:       p.pkg,
		name:      strings.TrimSpace(p.pkg + " " + p.test),
		condition: c.name,
		took:      time.Since(begin),
		failed:    failures(out.String(), err),
		all:       out.String(),
		output:    shown(out.String()),
	}
}

// shown returns what is printed of the output of a failed run: the log of a daemon at its end may
// be longer than all that is printed.
func shown(output string) string {
	rest, end := output[:max(0, len(output)-shownOutput)], output[max(0, len(output)-shownOutput):]
	var b strings.Builder
	for _, line := range reasonLine().FindAllString(rest, shownReasons) {
		fmt.Fprintln(&b, strings.ToValidUTF8(line[:min(len(line), shownReason)], ""))
	}
	if b.Len() > 0 {
		b.WriteString("...\n")
	}
	return b.String() + end
}

// reasonLine is how the testing package shows what a test logs.
func reasonLine() *regexp.Regexp { return regexp.MustCompile(`(?m)^\s*\w+_test\.go:\d+: .*$`) }

// compute keeps one processor busy until ctx ends.
func compute(ctx context.Context) {
	for x := uint64(1); ctx.Err() == nil; {
		for range 1 << 16 {
			x = x*6364136223846793005 + 1
		}
	}
}

// failures returns the tests that an output says have failed, each as often as it did: the innermost ones.
// Where it names none, but the program failed, that is how it ended.
func failures(output string, err error) []string {
	var list []string
	for _, m := range failLine().FindAllStringSubmatch(output, -1) {
		list = append(list, m[1])
	}
	list = slices.DeleteFunc(list, func(test string) bool {
		return slices.ContainsFunc(list, func(other string) bool { return strings.HasPrefix(other, test+"/") })
	})
	slices.Sort(list)
	if len(list) == 0 && err != nil {
		return []string{fmt.Sprintf("(%v: %s)", err, crash(output))}
	}
	return list
}

// failLine is how the testing package says that a test has failed.
func failLine() *regexp.Regexp { return regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)`) }

// crash returns the first line of an output that says why a program ended.
func crash(output string) string {
	for line := range strings.Lines(output) {
		for _, start := range []string{"panic:", "fatal error:", "SIG", "ThreadSanitizer", "WARNING: DATA RACE"} {
			if strings.HasPrefix(line, start) {
				return strings.TrimSpace(line)
			}
		}
	}
	return "no reason in its output"
}
