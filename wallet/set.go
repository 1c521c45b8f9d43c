package wallet

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/decred/dcrd/dcrutil/v4"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/state"
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

// FileInfo is a wallet of the directory.
type FileInfo struct {
	Name string
	Open bool

	// Trouble is why its file could not be opened, or why it is not taken along the chain,
	// or what was found damaged; nil for a wallet that is well or was closed.
	Trouble error
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
		s.refuse(list[i].Name, errs[i])
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

// List returns the wallets of the directory by name.
func (s *Set) List() ([]FileInfo, error) {
	files, err := os.ReadDir(s.cfg.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list wallets: %w", err)
	}
	var list []FileInfo
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), fileSuffix)
		if !ok || f.IsDir() || checkFileName(name) != nil {
			continue
		}
		list = append(list, FileInfo{Name: name})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range list {
		_, list[i].Open = s.byName[list[i].Name]
		list[i].Trouble = s.troubleLocked(list[i].Name)
	}
	return list, nil
}

// Trouble returns what is wrong with a wallet, see FileInfo.
func (s *Set) Trouble(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.troubleLocked(name)
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

// Make returns a wallet, and creates it if there is none.
func (s *Set) Make(name string) (*Wallet, error) {
	w, err := s.Open(name)
	if !errors.Is(err, ErrNoWallet) {
		return w, err
	}
	if w, err = s.Create(name, nil); errors.Is(err, ErrWalletExists) { // since
		return s.Open(name)
	}
	return w, err
}

// makeFor runs use on a wallet, and creates it if there is none. A wallet that was
// created is gone again if use fails.
func (s *Set) makeFor(name string, use func(*Wallet) error) error {
	_, err := s.Open(name)
	made := errors.Is(err, ErrNoWallet)
	w, err := s.Make(name)
	if err != nil {
		return err
	}
	if err = use(w); err != nil && made {
		err = errors.Join(err, s.discard(name, w))
	}
	return err
}

// Import runs use on the wallet of a name, to import what it is to watch. The wallet
// DefaultName is created for it, as by makeFor; for others that are not open the
// error is ErrNoWallet.
func (s *Set) Import(name string, use func(*Wallet) error) error {
	if name == DefaultName {
		return s.makeFor(name, use)
	}
	w, err := s.Wallet(name)
	if err != nil {
		return err
	}
	return use(w)
}

// Born returns the birthday that a text names, see ParseBirthday, and for an empty
// text SetConfig.ImportsBorn. Tip is the height of the chain, consensus.Never while that
// is not known. The errors are those of ParseBirthday and ErrBirthdayAboveTip.
func (s *Set) Born(text string, tip consensus.Height) (*Birthday, error) {
	if text == "" {
		return s.cfg.ImportsBorn, nil
	}
	born, err := ParseBirthday(text, time.Now())
	if err != nil {
		return nil, err
	}
	return &born, checkTip(born, tip)
}

// discard closes a wallet and removes its file, unless it has come to watch
// something.
func (s *Set) discard(name string, w *Wallet) error {
	s.files.Lock()
	defer s.files.Unlock()
	if err := s.close(name); err != nil {
		return err
	}
	if w.store.Now().Count() > 0 { // and what is closed comes to watch nothing more
		_, err := s.start(name, s.cfg.Birthday)
		return err
	}
	return os.Remove(s.path(name))
}

// Create creates a wallet. A nil birthday is the set's. The error is
// ErrWalletName or ErrWalletExists, or one of creating the file.
func (s *Set) Create(name string, birthday *Birthday) (*Wallet, error) {
	s.files.Lock()
	defer s.files.Unlock()
	if err := checkFileName(name); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(s.path(name)); !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(fmt.Errorf("wallet %q: %w", name, ErrWalletExists), err)
	}
	if err := os.MkdirAll(s.cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make wallet directory: %w", err)
	}
	if birthday == nil {
		birthday = &s.cfg.Birthday
	}
	w, err := s.start(name, *birthday)
	if err != nil { // there was no file: what there is now is no wallet
		if gone := os.Remove(s.path(name)); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
		return nil, err
	}
	return w, nil
}

// start opens a file and adds its wallet. The caller holds the lock of the files.
func (s *Set) start(name string, birthday Birthday) (*Wallet, error) {
	w, err := s.read(name, birthday)
	if err == nil {
		s.add(name, w)
	}
	return w, err
}

// read opens a file.
func (s *Set) read(name string, birthday Birthday) (*Wallet, error) {
	return Open(Config{Path: s.path(name), Params: s.cfg.Params, Log: s.cfg.Log, Birthday: birthday, Now: s.cfg.Now,
		RelayFee: s.cfg.RelayFee, SearchIssued: s.cfg.SearchIssued, shared: &s.shared, imports: &s.imports})
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

func (s *Set) path(name string) string { return filepath.Join(s.cfg.Dir, name+fileSuffix) }

// CheckWalletName returns ErrWalletName for a text that cannot be the name of a wallet.
func CheckWalletName(name string) error { return checkFileName(name) }

// checkFileName refuses names that are not fit for a file on every system, or
// for a path of a URL.
func checkFileName(name string) error {
	for i, r := range name {
		letter := 'a' <= r && r <= 'z' || '0' <= r && r <= '9'
		if !letter && (i == 0 || r != '-' && r != '_') {
			return ErrWalletName
		}
	}
	if name == "" || len(name) > state.MaxName {
		return ErrWalletName
	}
	if reserved(name) {
		return fmt.Errorf("%w: Windows reserves %q", ErrWalletName, name)
	}
	return nil
}

// reserved reports whether Windows keeps a name for a device, with any ending.
func reserved(name string) bool {
	switch name {
	case "con", "prn", "aux", "nul":
		return true
	}
	return len(name) == 4 && (name[:3] == "com" || name[:3] == "lpt") && name[3] >= '0' && name[3] <= '9'
}
