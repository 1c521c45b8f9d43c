package interrupt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
)

// ErrInjected is the error of what fails at a point.
var ErrInjected = errors.New("injected by the test")

// Way is how a worker is struck.
type Way uint8

// The ways.
const (
	None   Way = iota
	Cancel     // its context ends, and what it does goes on
	Fail       // what it does fails with ErrInjected, once
	Kill       // the process ends
)

// String names the way as the past of its verb.
func (w Way) String() string {
	switch w {
	case Cancel:
		return "canceled"
	case Fail:
		return "failed"
	case Kill:
		return "killed"
	}
	return "untouched"
}

// Points are the blocking points of one life. Any goroutine may call its methods.
type Points struct {
	way   Way
	at    int  // the point to strike at, from one
	again bool // an earlier life was struck

	mu     sync.Mutex // guards what follows, held for a moment
	passed []string   // what was done at each point
	struck string     // what was done at the struck one
	cancel func()
}

// Way returns how this life is struck.
func (p *Points) Way() Way { return p.way }

// Again reports whether this life follows one that was struck.
func (p *Points) Again() bool { return p.again }

// OnCancel sets what ends the context of the worker. It is called before the worker starts.
func (p *Points) OnCancel(cancel func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cancel = cancel
}

// Pass counts a point, and strikes if it is the one. What names what is done there, in a word or two.
// The error wraps ErrInjected, or is the cause of ctx if that has ended.
func (p *Points) Pass(ctx context.Context, what string) error {
	cancel, err := p.pass(what)
	if cancel != nil {
		cancel()
	}
	if err == nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// Do is Pass for what has no context: only an injected failure is an error.
func (p *Points) Do(what string) error { return p.Pass(context.Background(), what) }

func (p *Points) pass(what string) (cancel func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.passed = append(p.passed, what)
	if p.way == None || len(p.passed) != p.at {
		return nil, nil
	}
	p.struck = what
	switch p.way {
	case Cancel:
		return p.cancel, nil
	case Fail:
		return nil, fmt.Errorf("%s: %w", what, ErrInjected)
	}
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = self.Kill()
	}
	if err != nil {
		panic(fmt.Sprintf("kill this process: %v", err))
	}
	select {} // the lock is held: nothing passes another point
}

// Struck returns what was done at the point that was struck; empty if none was yet.
func (p *Points) Struck() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.struck
}

// names returns what was done at the points.
func (p *Points) names() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.passed
}
