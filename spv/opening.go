package spv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spvd/spvd/spv/chain"
)

// open is the phase Opening: it opens the chain store. A store that is corrupt
// is moved aside and begun anew, because everything in it can be fetched
// again; no other trouble is hidden.
func (r *run) open() (Phase, error) {
	r.status.Err = nil
	store, err := r.openStore()
	if errors.Is(err, chain.ErrCorrupt) {
		aside, moveErr := moveAside(r.cfg.ChainFile)
		if moveErr != nil {
			return Failed, errors.Join(err, moveErr)
		}
		text := fmt.Sprintf("The chain store was corrupt. It was moved to %s and is being synced anew; wallets are untouched.", aside)
		r.cfg.Log.Error(text, "err", err)
		r.warn("chain-store-corrupt", text, "Check the disk. The file that was moved aside may be deleted.")
		store, err = r.openStore()
	}
	if err != nil {
		return Failed, err
	}
	r.store = store
	return Repairing, nil
}

// openStore opens or creates the chain store.
func (r *run) openStore() (*chain.Chain, error) {
	return chain.Open(chain.Config{Path: r.cfg.ChainFile, Params: r.cfg.Params, Log: r.cfg.Log})
}

// moveAside renames a file to the first free name of the form
// path.corrupt-N and returns that name.
func moveAside(path string) (string, error) {
	for n := 1; ; n++ {
		aside := fmt.Sprintf("%s.corrupt-%d", path, n)
		_, err := os.Lstat(aside)
		if err == nil {
			continue
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("move %s aside: %w", path, err)
		}
		return aside, os.Rename(path, aside)
	}
}

// warn adds a warning to the status, or renews it.
func (r *run) warn(code, text, hint string) {
	w := Warning{Code: code, Text: text, Hint: hint, Since: time.Now()}
	r.unwarn(code)
	r.status.Warnings = append(r.status.Warnings, w)
}

// unwarn takes a warning back. Warnings are replaced, never changed: shown
// statuses share them.
func (r *run) unwarn(code string) {
	var kept []Warning
	for _, w := range r.status.Warnings {
		if w.Code != code {
			kept = append(kept, w)
		}
	}
	r.status.Warnings = kept
}
