package logging

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"testing/synctest"
	"time"
)

func TestLineFormat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := New(&out, Text, "SYNC", "PEER").Logger("SYNC")
		log.With("peer", 7).WithGroup("rate").Warn("Peer is slow",
			"height", 12, "took", 1500*time.Millisecond, "agent", `dcrd "x"`, "empty", "", "err", errors.New("no route"))

		want := time.Now().Format("2006-01-02 15:04:05.000") +
			` [WRN] SYNC: Peer is slow peer=7 rate.height=12 rate.took=1.5s rate.agent="dcrd \"x\"" rate.empty="" rate.err="no route"` + "\n"
		if got := out.String(); got != want {
			t.Errorf("logged\n%swant\n%s", got, want)
		}
	})
}

func TestRecordsStayOnOneLine(t *testing.T) {
	var out bytes.Buffer
	log := New(&out, Text, "PEER").Logger("PEER")
	log.Info("a\nb\x1b[31m", "k\n", "v\n2026-01-01 [INF] PEER: forged")
	if got := out.String(); strings.Count(got, "\n") != 1 || strings.Contains(got, "\x1b") {
		t.Errorf("logged %q, want one printable line", got)
	}
}

func TestLevels(t *testing.T) {
	enabled := func(spec string) string {
		t.Helper()
		var out bytes.Buffer
		l := New(&out, Text, "SYNC", "PEER")
		if err := l.SetLevels(spec); err != nil {
			t.Fatalf("SetLevels(%q): %v", spec, err)
		}
		for _, sub := range l.Subsystems() {
			log := l.Logger(sub)
			for _, level := range []slog.Level{LevelTrace, slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError, LevelCritical} {
				log.Log(t.Context(), level, "m")
			}
		}
		var tags []string
		for line := range strings.Lines(out.String()) {
			_, line, _ = strings.Cut(line, "[")
			tags = append(tags, strings.TrimSuffix(line, ": m\n"))
		}
		return strings.Join(tags, ", ")
	}
	tests := []struct{ spec, want string }{
		{"critical", "CRT] SYNC, CRT] PEER"},
		{"off,peer=Error", "ERR] PEER, CRT] PEER"},
		{"SYNC=off,PEER=warn", "WRN] PEER, ERR] PEER, CRT] PEER"},
		{"off, SYNC=trace", "TRC] SYNC, DBG] SYNC, INF] SYNC, WRN] SYNC, ERR] SYNC, CRT] SYNC"},
	}
	for _, tt := range tests {
		if got := enabled(tt.spec); got != tt.want {
			t.Errorf("with levels %q logged %s, want %s", tt.spec, got, tt.want)
		}
	}
}

func TestWrongLevelsChangeNothing(t *testing.T) {
	var out bytes.Buffer
	l := New(&out, Text, "SYNC", "PEER")
	for _, spec := range []string{"", "loud", "SYNC=debug,PEER=loud", "SYNC=debug,MAIL=info", "debug,"} {
		err := l.SetLevels(spec)
		if err == nil {
			t.Errorf("SetLevels(%q) succeeded", spec)
		}
		if CheckLevels(spec, l.Subsystems()...) == nil {
			t.Errorf("CheckLevels(%q) found nothing wrong", spec)
		}
	}
	l.Logger("SYNC").Debug("hidden")
	if out.Len() != 0 {
		t.Errorf("a refused specification changed a level: %s", out.String())
	}
}

// TestHandlerContract holds the handler to what log/slog demands of one.
func TestHandlerContract(t *testing.T) {
	var out bytes.Buffer
	h := New(&out, Text, "TEST").Logger("TEST").Handler()
	results := func() []map[string]any {
		var all []map[string]any
		for line := range strings.Lines(out.String()) {
			all = append(all, parseLine(strings.TrimSuffix(line, "\n")))
		}
		return all
	}
	if err := slogtest.TestHandler(h, results); err != nil {
		t.Error(err)
	}
}

// TestJSON holds both formats to the same contract and the same levels.
func TestJSON(t *testing.T) {
	var out bytes.Buffer
	l := New(&out, JSON, "SYNC", "PEER")
	if err := l.SetLevels("SYNC=trace,PEER=error"); err != nil {
		t.Fatal(err)
	}
	l.Logger("PEER").Warn("hidden")
	l.Logger("SYNC").With("peer", 7).WithGroup("rate").Log(t.Context(), LevelTrace, "Peer is\nslow",
		"took", 1500*time.Millisecond, "err", errors.New("no route"), "level", 3)
	l.Logger("PEER").Log(t.Context(), LevelCritical, "m")
	var got []map[string]any
	for line := range strings.Lines(out.String()) {
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if _, err := time.Parse(time.RFC3339Nano, m["time"].(string)); err != nil {
			t.Error(err)
		}
		delete(m, "time")
		got = append(got, m)
	}
	want := []map[string]any{
		{"level": "trace", "msg": "Peer is\nslow", "subsystem": "SYNC", "peer": 7.0,
			"rate": map[string]any{"took": 1.5, "err": "no route", "level": 3.0}},
		{"level": "critical", "msg": "m", "subsystem": "PEER"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("logged\n%v, want\n%v", got, want)
	}
}

func TestJSONHandlerContract(t *testing.T) {
	var out bytes.Buffer
	h := New(&out, JSON, "TEST").Logger("TEST").Handler()
	err := slogtest.TestHandler(h, func() (all []map[string]any) {
		for line := range strings.Lines(out.String()) {
			m := map[string]any{}
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatal(err)
			}
			all = append(all, m)
		}
		return all
	})
	if err != nil {
		t.Error(err)
	}
}

func TestFormats(t *testing.T) {
	for f, good := range map[Format]bool{Text: true, JSON: true, "": false, "xml": false} {
		if err := CheckFormat(f); (err == nil) != good {
			t.Errorf("format %q: %v", f, err)
		}
	}
}

// parseLine is the inverse of the handler for values without quotes.
func parseLine(line string) map[string]any {
	m := map[string]any{}
	head, rest, _ := strings.Cut(line, "] TEST: ")
	time, level, _ := strings.Cut(head, "[")
	m[slog.LevelKey] = level
	if time != "" {
		m[slog.TimeKey] = time
	}
	var message []string
	for word := range strings.FieldsSeq(rest) {
		key, value, ok := strings.Cut(word, "=")
		if !ok {
			message = append(message, word)
			continue
		}
		at := m
		for {
			group, inner, nested := strings.Cut(key, ".")
			if !nested {
				break
			}
			if at[group] == nil {
				at[group] = map[string]any{}
			}
			at, key = at[group].(map[string]any), inner
		}
		at[key] = value
	}
	m[slog.MessageKey] = strings.Join(message, " ")
	return m
}

func TestOneWritePerLineFromManyGoroutines(t *testing.T) {
	var out lineWriter
	l := New(&out, Text, "A", "B")
	var wg sync.WaitGroup
	for _, sub := range l.Subsystems() {
		wg.Go(func() {
			for range 200 { // fewer than the limit
				l.Logger(sub).Info("message", "sub", sub)
			}
		})
	}
	wg.Wait()
	if out.lines != 400 || out.broken != 0 {
		t.Errorf("got %d whole lines and %d broken writes, want 400 and 0", out.lines, out.broken)
	}
}

// lineWriter counts writes that are one line. It has no lock on purpose.
type lineWriter struct{ lines, broken int }

func (w *lineWriter) Write(p []byte) (int, error) {
	if bytes.Count(p, []byte("\n")) == 1 && bytes.HasSuffix(p, []byte("\n")) {
		w.lines++
	} else {
		w.broken++
	}
	return len(p), nil
}

func TestFileIsAppendedToAndRotated(t *testing.T) {
	path := filepath.Join(t.TempDir(), "logs", "simnet", "spvd.log")
	line := []byte(strings.Repeat("x", 1023) + "\n")
	for range 2 {
		f, err := OpenFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(line); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(path, 0o644); err != nil { // as earlier versions left it
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 2*int64(len(line)) {
		t.Fatalf("after two runs: %v, %v; want %d bytes", info, err, 2*len(line))
	}

	f, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for range fileKilobytes {
		if _, err := f.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + ".1.gz"); err != nil {
		t.Errorf("no rotated file: %v", err)
	}
	for _, name := range []string{path, path + ".1.gz"} {
		if info, err := os.Stat(name); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("others can read %s: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestUnwritableFileIsNamed(t *testing.T) {
	dir := t.TempDir()
	blocker := filepath.Join(dir, "logs")
	if err := os.WriteFile(blocker, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := OpenFile(filepath.Join(blocker, "spvd.log"))
	if err == nil || !strings.Contains(err.Error(), blocker) {
		t.Errorf("OpenFile = %v, want an error that names %s", err, blocker)
	}
}

func TestTeeWritesPastAFailure(t *testing.T) {
	var good bytes.Buffer
	_, err := Tee(failingWriter{}, &good).Write([]byte("line\n"))
	if err == nil || good.String() != "line\n" {
		t.Errorf("second writer got %q, error %v; want the line and the first writer's error", good.String(), err)
	}
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// TestLinksAreRefused: a log file that is a link or no file at all is not written to.
func TestLinksAreRefused(t *testing.T) {
	dir := t.TempDir()
	path, target := filepath.Join(dir, "spvd.log"), filepath.Join(dir, "precious")
	if err := os.WriteFile(target, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, path); err != nil {
		t.Skip(err)
	}
	if _, err := OpenFile(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("opened a link: %v", err)
	}
	if raw, err := os.ReadFile(target); err != nil || string(raw) != "precious" {
		t.Errorf("the target holds %q, %v", raw, err)
	}
}

// TestFloodOfLines: many lines with one message do not fill the log, and what was left
// out is counted in the next line. Other messages are not affected.
func TestFloodOfLines(t *testing.T) {
	for _, format := range []Format{Text, JSON} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			l := New(&out, format, "PEER")
			for n := range 10 * burst {
				l.Logger("PEER").Warn("Peer misbehaves", "n", n)
			}
			l.Logger("PEER").Warn("Something else")
			if n := strings.Count(out.String(), "\n"); n != burst+1 || !strings.Contains(out.String(), "Something else") {
				t.Errorf("%s: %d lines", format, n)
			}
			<-time.After(refill + time.Second)
			out.Reset()
			l.Logger("PEER").Warn("Peer misbehaves")
			if s := out.String(); !strings.Contains(s, "left_out") || !strings.Contains(s, strconv.Itoa(9*burst)) {
				t.Errorf("%s: after a while: %q", format, s)
			}
		})
	}
}

// TestKeysAndTricksStayOut: no line repeats a private key, or has a character that fools
// a terminal.
func TestKeysAndTricksStayOut(t *testing.T) {
	key := "dprv" + strings.Repeat("3a", 50)
	for _, format := range []Format{Text, JSON} {
		var out bytes.Buffer
		log := New(&out, format, "PEER").Logger("PEER")
		log.Info("refused "+key, "err", errors.New("no "+key), "agent", "/evil\u202e\u200b\u009b31m/", "key", key)
		if s := out.String(); strings.Contains(s, "dprv") || strings.ContainsAny(s, "\u202e\u200b\u009b") {
			t.Errorf("%s: %q", format, s)
		}
	}
}
