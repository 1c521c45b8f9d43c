package fault

import (
	"errors"
	"io"
	"log/slog"
	"testing"
)

// TestReasonFacts checks what must hold for every reason.
func TestReasonFacts(t *testing.T) {
	seen := make(map[string]bool)
	for r := range NumReasons {
		switch s := r.String(); {
		case s == "", seen[s]:
			t.Errorf("reason %d: text %q is empty or taken", r, s)
		default:
			seen[s] = true
		}
		if r.Proven() && r.Transient() {
			t.Errorf("%v: proven and still worth another try", r)
		}
		if r.Score() < 0 || r.Score() > MaxScore {
			t.Errorf("%v: score %d", r, r.Score())
		}
	}
	if got := Reason(200).String(); got != Unknown.String() {
		t.Errorf("reason off the list: %q", got)
	}
	for _, silent := range []Reason{Timeout, Idle, Straggler, NotFound, WriteStall} {
		if silent.Proven() {
			t.Errorf("%v bans", silent)
		}
	}
}

// TestErrorIs checks that errors.Is finds reason and cause, and errors.As the
// error.
func TestErrorIs(t *testing.T) {
	var err error = Of("a:1", New(Malformed, io.EOF), ConnLost)
	var e *Error
	switch {
	case !errors.Is(err, Malformed), !errors.Is(err, io.EOF), errors.Is(err, ConnLost):
		t.Errorf("%v: wrong reason or cause", err)
	case !errors.As(err, &e) || e.Peer != "a:1":
		t.Errorf("%v: no address", err)
	}
	if err := Of("a:1", io.EOF, ClosedByPeer); !errors.Is(err, ClosedByPeer) || !errors.Is(err, io.EOF) {
		t.Errorf("%v: wrong reason or cause", err)
	}
}

// TestNamed checks that each reason is found by its text, and that an unknown text, of a file
// that another version has written, stands for a proven fault.
func TestNamed(t *testing.T) {
	for r := range NumReasons {
		if got := Named(r.String()); got != r {
			t.Errorf("%q is the reason %v", r, got)
		}
	}
	if got := Named("of another version"); got != Invalid {
		t.Errorf("an unknown text is the reason %v", got)
	}
}

// TestContain checks that a panic becomes an error of reason Defect and is counted, and that
// errors pass as they are.
func TestContain(t *testing.T) {
	log, counted := slog.New(slog.DiscardHandler), 0
	count := func() { counted++ }
	if err := Contain(log, "a:1", count, func() error { return io.EOF }); err != io.EOF || counted != 0 {
		t.Errorf("an error became %v, %d defects", err, counted)
	}
	if err := Contain(log, "a:1", count, func() error { panic("broken") }); !errors.Is(err, Defect) || counted != 1 {
		t.Errorf("a panic became %v, %d defects", err, counted)
	}
}
