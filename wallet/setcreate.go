package wallet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spvd/spvd/spv/consensus"
)

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
