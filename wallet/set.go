package wallet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/decred/dcrd/dcrutil/v4"

	"github.com/spvd/spvd/spv/consensus"
)

// fileSuffix ends the names of wallet files.
const fileSuffix = ".db"

// DefaultName is the name of the wallet that is meant when none is named.
const DefaultName = "default"

// Set is the wallets of a directory, which share one chain. A wallet is a file
// named after it. The set is what a syncer scans for; see setscan.go.
//
// All methods may be called from any goroutine, except that Locator and Apply
// have one caller at a time, the syncer.
type Set struct {
	cfg     SetConfig
	shared  allowance     // what relayed transactions of all wallets take
	changed chan struct{} // see Changed
	imports atomic.Uint64 // see Imports

	lookedFrom atomic.Int32 // the newest height that Unsearched was asked for

	// files is held while a wallet is opened or closed: one at a time is. The
	// syncer never waits for it.
	files sync.Mutex

	mu       sync.Mutex // guards what follows, held for a moment
	open     []named    // by name
	byName   map[string]*Wallet
	failed   map[string]error // open wallets that are not taken along the chain
	refused  map[string]error // why a file could not be opened, by the name of its wallet
	step     setScan
	watchers map[chan struct{}]struct{} // see Watch
}

// SetConfig is what a set is made of.
type SetConfig struct {
	// Dir is the directory of the files. It is created with the first wallet.
	Dir string

	// Params, Log and Now are those of every wallet, Birthday that of new ones.
	Params   *consensus.Params
	Log      *slog.Logger
	Birthday Birthday
	Now      func() time.Time

	// RelayFee is that of every wallet, see Config.
	RelayFee dcrutil.Amount

	// SearchIssued is that of every wallet, see Config.
	SearchIssued bool

	// FiltersOnDemand makes FiltersFrom leave out what is imported without a birthday: filters
	// for it are fetched when it is.
	FiltersOnDemand bool

	// ImportsBorn is the birthday of what is imported without one. Nil leaves it to
	// the wallet, which has that it was created with.
	ImportsBorn *Birthday
}

// logger returns the log, which may drop everything.
func (c *SetConfig) logger() *slog.Logger {
	if c.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return c.Log
}

// named is an open wallet and its name.
type named struct {
	name string
	*Wallet
}

// NewSet returns a set in which no wallet is open.
func NewSet(cfg SetConfig) *Set {
	return &Set{cfg: cfg, changed: make(chan struct{}, 1), byName: make(map[string]*Wallet), failed: make(map[string]error), refused: make(map[string]error)}
}

// OpenAll opens all wallets of the directory, several at a time. Those that cannot be
// opened are logged, named by Troubles and List, and left as they are; Open tries again. The
// error is one of reading the directory.
func (s *Set) OpenAll() error {
	s.files.Lock()
	defer s.files.Unlock()
	list, err := s.List()
	if err != nil {
		return err
	}
	list = slices.DeleteFunc(list, func(l FileInfo) bool { return l.Open })
	opened, errs := make([]*Wallet, len(list)), make([]error, len(list))
	sideBySide(len(list), func(i int) { opened[i], errs[i] = s.read(list[i].Name, s.cfg.Birthday) })
	for i, w := range opened {
		if errs[i] == nil {
			s.add(list[i].Name, w)
			continue
		}
		_ = s.refuse(list[i].Name, errs[i]) // List says why
	}
	return nil
}

// refuse records that a file could not be opened, and returns why: one of Unusable or
// ErrDiskFull.
func (s *Set) refuse(name string, err error) error {
	if !slices.ContainsFunc(append(Unusable(), ErrDiskFull), func(known error) bool { return errors.Is(err, known) }) {
		err = fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	s.cfg.logger().Error("Wallet not opened", "wallet", name, "err", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused[name] = err
	s.pokeLocked()
	return err
}

// Wallet returns an open wallet. The error is ErrNoWallet, or why the file of the wallet
// could not be opened.
func (s *Set) Wallet(name string) (*Wallet, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.findLocked(name)
}

func (s *Set) findLocked(name string) (*Wallet, error) {
	if w := s.byName[name]; w != nil {
		return w, nil
	}
	if checkFileName(name) != nil {
		return nil, ErrNoWallet // it may be anything, and is not repeated
	}
	if err := s.refused[name]; err != nil {
		return nil, err
	}
	return nil, fmt.Errorf("wallet %q: %w", name, ErrNoWallet)
}

// Open opens a wallet whose file exists, unless it is open. The error is
// ErrWalletName or ErrNoWallet, or one of opening it.
func (s *Set) Open(name string) (*Wallet, error) {
	s.files.Lock()
	defer s.files.Unlock()
	if w, err := s.Wallet(name); err == nil {
		return w, nil
	}
	if err := checkFileName(name); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(s.path(name)); errors.Is(err, fs.ErrNotExist) {
		s.forget(name)
		return nil, fmt.Errorf("wallet %q: %w", name, ErrNoWallet)
	}
	w, err := s.start(name, s.cfg.Birthday)
	if err != nil {
		return nil, s.refuse(name, err)
	}
	return w, nil
}

// forget forgets that a file could not be opened.
func (s *Set) forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused[name] != nil {
		delete(s.refused, name)
		s.pokeLocked()
	}
}

// add adds an open wallet. The caller holds the lock of the files.
func (s *Set) add(name string, w *Wallet) {
	w.pokes.add(s.changed)
	s.mu.Lock()
	defer s.mu.Unlock()
	for reader := range s.watchers {
		w.pokes.add(reader)
	}
	i, _ := s.indexLocked(name)
	s.open = slices.Insert(s.open, i, named{name, w})
	s.byName[name] = w
	delete(s.refused, name)
	if w.store.Now().Count() > 0 {
		s.imports.Add(1)
	}
	s.pokeLocked()
}

// indexLocked returns where a wallet is among the open ones, or would be. The caller holds
// the lock.
func (s *Set) indexLocked(name string) (int, bool) {
	return slices.BinarySearchFunc(s.open, name, func(n named, name string) int { return strings.Compare(n.name, name) })
}

// pokeLocked pokes all readers: a wallet has come or gone. The caller holds the lock.
func (s *Set) pokeLocked() {
	poke(s.changed)
	for reader := range s.watchers {
		poke(reader)
	}
}

// CloseWallet closes a wallet, or forgets that its file could not be opened. The file stays
// where it is, and can be copied or removed. The error is ErrNoWallet.
func (s *Set) CloseWallet(name string) error {
	s.files.Lock()
	defer s.files.Unlock()
	return s.close(name)
}

// close closes a wallet. The caller holds the lock of the files.
func (s *Set) close(name string) error {
	s.mu.Lock()
	if s.refused[name] != nil {
		delete(s.refused, name)
		s.pokeLocked()
		s.mu.Unlock()
		return nil
	}
	w, err := s.findLocked(name)
	if i, ok := s.indexLocked(name); ok {
		s.open = slices.Delete(s.open, i, i+1)
		delete(s.byName, name)
		delete(s.failed, name)
	}
	s.pokeLocked()
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return w.Close()
}

// Close closes all wallets.
func (s *Set) Close() error {
	s.files.Lock()
	defer s.files.Unlock()
	s.mu.Lock()
	open := s.open
	s.open = nil
	clear(s.byName)
	s.mu.Unlock()
	errs := make([]error, len(open))
	sideBySide(len(open), func(i int) { errs[i] = open[i].Close() })
	return errors.Join(errs...)
}

// Changed is poked (capacity one) after everything that changed a wallet, and
// when one comes or goes. It has one reader, the syncer.
func (s *Set) Changed() <-chan struct{} { return s.changed }

// Watch returns a channel that is poked (capacity one) like that of Changed, and when
// Synced is called, until ctx ends; it is never closed. There may be any number of readers.
func (s *Set) Watch(ctx context.Context) <-chan struct{} {
	reader := make(chan struct{}, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.watchers == nil {
		s.watchers = make(map[chan struct{}]struct{})
	}
	s.watchers[reader] = struct{}{}
	for _, n := range s.open {
		n.pokes.add(reader)
	}
	context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.watchers, reader)
		for _, n := range s.open {
			n.pokes.remove(reader)
		}
	})
	return reader
}

// Synced pokes the readers of Watch, and those of each wallet. The syncer calls it when its
// status has become synced.
func (s *Set) Synced() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.open {
		n.pokes.poke()
	}
}

// Run keeps the wallets open until ctx ends.
func (s *Set) Run(ctx context.Context) error {
	<-ctx.Done()
	return s.Close()
}

// most is how many wallets are opened, written or closed side by side: each waits for
// the disk.
const most = 16

// sideBySide calls a function for all numbers below n, and returns when all calls
// have. They are made in order.
func sideBySide(n int, do func(i int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(n, most) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	workers.Wait()
}
