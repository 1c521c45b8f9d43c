package spv

import (
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

// TestEveryWarningGoes: each warning that the loop shows is one of an event that is over, or is taken
// back somewhere.
func TestEveryWarningGoes(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var source strings.Builder
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(text)
	}
	all := source.String()
	_, events, _ := strings.Cut(all, "\nfunc ofEvent(")
	events, _, _ = strings.Cut(events, "\n}\n")
	warned := regexp.MustCompile(`display\.warn(?:Once)?\(([\w.]+|"[^"]*"),`).FindAllStringSubmatch(all, -1)
	if len(warned) < 15 {
		t.Fatalf("only %d warnings were found", len(warned))
	}
	for _, w := range warned {
		code := w[1]
		if !strings.Contains(events, code) && !strings.Contains(all, "display.unwarn("+code+")") {
			t.Errorf("nothing takes back the warning %s", code)
		}
	}
}

// TestWarningsOfEventsEnd a day after the event happened last; others stay.
func TestWarningsOfEventsEnd(t *testing.T) {
	d := newDisplay(displayDeps{board: newStatusBoard(), log: slog.New(slog.DiscardHandler), synced: func() {}, seek: func(string) {}})
	began := time.Now()
	d.warn(codeDeep, "deep", "")
	d.warn(codeWallet, "wallet", "")
	f := inStep()
	if d.show(f, began.Add(eventShown-time.Minute)); !d.warned(codeDeep) {
		t.Error("it went early")
	}
	if d.show(f, time.Now().Add(eventShown)); d.warned(codeDeep) || len(d.deps.board.status().Warnings) != 1 {
		t.Errorf("after a day: %+v", d.deps.board.status().Warnings)
	}
	if !d.warned(codeWallet) {
		t.Error("a warning whose cause may last is gone")
	}
}

// TestABlockAheadOfTheClockIsWarnedOf until the chain has a block at its height.
func TestABlockAheadOfTheClockIsWarnedOf(t *testing.T) {
	l := &loop{display: newDisplay(displayDeps{log: slog.New(slog.DiscardHandler)})}
	for _, step := range []struct {
		tip     consensus.Height
		refused []consensus.Height
		warned  bool
	}{
		{10, nil, false},
		{10, []consensus.Height{9, 10}, false}, // the chain has other blocks there
		{10, []consensus.Height{11}, true},
		{10, nil, true},
		{11, nil, false},
		{11, []consensus.Height{12, 20}, true},
		{19, nil, true},
		{21, nil, false},
	} {
		l.staged.Tip.Height = step.tip
		if l.warnOfFuture(step.refused); l.display.warned(codeFuture) != step.warned {
			t.Errorf("at %d after %v warned is %v", step.tip, step.refused, !step.warned)
		}
	}
}
