package peersfile

import (
	"context"
	"log/slog"
	"time"

	"github.com/spvd/spvd/internal/wait"
)

// saveEvery is how often state that changes all the time is written: the part that a crash
// loses is learned again.
const saveEvery = 10 * time.Minute

// Deps are what a Keeper needs.
type Deps struct {
	Log     *slog.Logger
	Now     func() time.Time
	Path    string // empty keeps nothing
	Network string // whose peers these are
}

// Keeper reads and writes one file. Save is called by one goroutine at a time.
type Keeper struct {
	deps    Deps
	unsaved chan struct{} // capacity one
}

// NewKeeper returns a Keeper; it reads nothing yet.
func NewKeeper(deps Deps) *Keeper { return &Keeper{deps: deps, unsaved: make(chan struct{}, 1)} }

// Load returns the state of the last process. What cannot be used is logged and left out.
func (k *Keeper) Load() State {
	if k.deps.Path == "" {
		return State{}
	}
	s, err := Load(k.deps.Path, k.deps.Network, k.deps.Now())
	if err != nil {
		k.deps.Log.Warn("Known peers are lost", "err", err)
	}
	return s
}

// Poke has the state written soon: a part has changed that must not be lost. It never blocks.
func (k *Keeper) Poke() {
	select {
	case k.unsaved <- struct{}{}:
	default:
	}
}

// Run writes the state periodically, and after each Poke, until ctx ends. The caller saves the
// state once more after that.
func (k *Keeper) Run(ctx context.Context, state func() State) {
	if k.deps.Path == "" {
		return
	}
	timer := wait.NewTimer(saveEvery)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C():
			timer.Reset(saveEvery)
		case <-k.unsaved:
		}
		k.Save(state())
	}
}

// Save writes the state. A failure is logged.
func (k *Keeper) Save(s State) {
	if k.deps.Path == "" {
		return
	}
	if err := Save(k.deps.Path, k.deps.Network, s); err != nil {
		k.deps.Log.Error("Known peers cannot be kept", "err", err)
	}
}
