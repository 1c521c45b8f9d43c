package apply

import (
	"errors"
	"log/slog"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/state"
	"github.com/spvd/spvd/wallet/internal/store"
)

// ErrNotConnected means that an update does not start at a block of the wallet.
var ErrNotConnected = errors.New("update does not start at the wallet's tip")

// Config is what an Applier needs.
type Config struct {
	Store *store.Store // the wallet's file and snapshots
	Log   *slog.Logger
	Now   func() time.Time

	// Edit returns what makes the changes to a snapshot that need keys, in a transaction.
	Edit func(tx *bolt.Tx) state.Edit

	// StepRows is how many rows of mined transactions one transaction of the file takes back or
	// forgets at most; zero means MaxStepRows.
	StepRows int
}

// Applier brings the books of a wallet in step with the chain.
type Applier struct {
	store    *store.Store
	steps    *Steps
	log      *slog.Logger
	now      func() time.Time
	edit     func(tx *bolt.Tx) state.Edit
	stepRows int
}

// New returns the applier of a wallet, and the steps that its updates belong to.
func New(cfg Config) (*Applier, *Steps) {
	if cfg.StepRows == 0 {
		cfg.StepRows = MaxStepRows
	}
	steps := &Steps{store: cfg.Store}
	return &Applier{store: cfg.Store, steps: steps, log: cfg.Log, now: cfg.Now, edit: cfg.Edit, stepRows: cfg.StepRows}, steps
}

// seconds returns the time as it is stored.
func (p *Applier) seconds() uint32 { return uint32(p.now().Unix()) }
