package wallet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spvd/spvd/wallet/internal/state"
)

// FileInfo is a wallet of the directory.
type FileInfo struct {
	Name string
	Open bool

	// Trouble is why its file could not be opened, or why it is not taken along the chain,
	// or what was found damaged; nil for a wallet that is well or was closed.
	Trouble error
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
