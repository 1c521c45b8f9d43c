package sim_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv"
)

var update = flag.Bool("update", false, "rewrite the transcripts")

// TestTranscripts runs the phase machine through stories and compares what it
// did with testdata. A line that begins with ">" is what happened to it, the
// others are what it did: the phases it entered, and what it told the user.
func TestTranscripts(t *testing.T) {
	for name, story := range map[string]func(w *world, tell func(string)){
		"first-sync":      firstSync,
		"reorganisations": reorganisations,
		"falling-behind":  fallingBehind,
		"alone":           alone,
		"restart":         restart,
		"one-liar":        oneLiar,
	} {
		t.Run(name, func(t *testing.T) {
			script := &transcript{}
			inWorld(t, trunk().Fork(2100, 40, 40), func(w *world) {
				w.log = slog.New(script)
				story(w, script.tell)
				script.tell("the client is stopped")
				w.stopClient()
			})
			script.compare(t, filepath.Join("testdata", name+".txt"))
		})
	}
}

func firstSync(w *world, tell func(string)) {
	tell("the client starts, two nodes are there")
	w.honestNodes(2, far)
	w.startClient()
	w.mustSync(10 * time.Minute)
	tell("three blocks come")
	for range 3 {
		w.extend(1)
		w.mustSync(time.Minute)
	}
}

func reorganisations(w *world, tell func(string)) {
	w.honestNodes(1, far)
	w.startClient()
	w.mustSync(10 * time.Minute)
	for i, depth := range []int{1, 5, 20} {
		tell(fmt.Sprintf("the newest %d blocks are replaced", depth))
		w.reorganise(depth, uint64(41+i))
		w.mustSync(10 * time.Minute)
	}
}

func fallingBehind(w *world, tell func(string)) {
	w.honestNodes(1, far)
	w.startClient()
	w.mustSync(10 * time.Minute)
	tell("the only node goes away, and comes back with 200 more blocks")
	w.honest[0].Stop()
	w.until("alone", func(st spv.Status) bool { return st.Peers == 0 })
	w.become(w.best.Extend(200))
	w.disturbed()
	w.honest[0].Start()
	w.mustSync(10 * time.Minute)
}

func alone(w *world, tell func(string)) {
	tell("the client starts, no node is there")
	w.honestNodes(1, far)
	w.honest[0].Stop()
	w.startClient()
	<-time.After(10 * time.Minute)
	tell("a node comes")
	w.disturbed()
	w.honest[0].Start()
	w.mustSync(10 * time.Minute)
	tell("it goes")
	w.honest[0].Stop()
	w.until("alone", func(st spv.Status) bool { return st.Peers == 0 })
}

func restart(w *world, tell func(string)) {
	w.honestNodes(1, link.Shape{Latency: 50 * time.Millisecond, Bandwidth: 200_000})
	w.startClient()
	w.until("on the way", func(st spv.Status) bool { return st.Filters.Current > 500 })
	tell("the client is stopped on its way, and starts again")
	w.stopClient()
	w.startClient()
	w.mustSync(10 * time.Minute)
	tell("it is stopped when synced, the chain is reorganised, and it starts again")
	w.stopClient()
	w.reorganise(8, 44)
	w.startClient()
	w.mustSync(10 * time.Minute)
}

func oneLiar(w *world, tell func(string)) {
	tell("the client starts, and the node that lies about filters is nearer than the honest one")
	liar := w.liar(fault(w.T, "wrong filter"), 1, near)
	w.honestNodes(1, far)
	w.startClient()
	w.mustSync(10 * time.Minute)
	w.mustJudge(liar, testnet.Guilty)
}

// transcript writes down what the syncer logs about its phases. It is the
// handler of all loggers.
type transcript struct {
	mu    sync.Mutex
	lines []string
}

// told are the beginnings of the messages that are written down besides the
// phases.
func told() []string {
	return []string{"Synced at", "No longer synced", "New block", "Chain reorganised", "Peer is banned"}
}

func (s *transcript) Enabled(context.Context, slog.Level) bool { return true }
func (s *transcript) WithAttrs([]slog.Attr) slog.Handler       { return s }
func (s *transcript) WithGroup(string) slog.Handler            { return s }

func (s *transcript) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "Entering phase" {
		s.add(attr(r, "phase"))
		return nil
	}
	if !slices.ContainsFunc(told(), func(begin string) bool { return strings.HasPrefix(r.Message, begin) }) {
		return nil
	}
	line := "  " + r.Message
	for _, key := range []string{"height", "depth"} {
		if v := attr(r, key); v != "" {
			line += " " + key + "=" + v
		}
	}
	s.add(line)
	return nil
}

// attr returns an attribute of a record, or nothing.
func attr(r slog.Record, key string) (v string) {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == key {
			v = a.Value.String()
		}
		return v == ""
	})
	return v
}

// tell writes down what happens to the syncer, once it has done all that came
// of what happened before.
func (s *transcript) tell(what string) {
	synctest.Wait()
	s.add("> " + what)
}

func (s *transcript) add(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
}

// compare compares the transcript with the one that is kept.
func (s *transcript) compare(t *testing.T, path string) {
	t.Helper()
	got := strings.Join(s.lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant, from %s,\n%s", got, path, want)
	}
}
