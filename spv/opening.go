package spv

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/spvd/spvd/spv/chain"
)

// maxHeals is how often a run repairs its store.
const maxHeals = 3

// open is the phase Opening: it opens the chain store. A store that is corrupt
// is moved aside and begun again, because everything in it can be fetched
// again; no other trouble is hidden.
func (l *loop) open() (Phase, error) {
	l.display.status.Err = nil
	store, err := chain.Open(l.storeConfig())
	if errors.Is(err, chain.ErrCorrupt) {
		if err := l.beginAgain(err); err != nil {
			return Failed, err
		}
		store, err = chain.Open(l.storeConfig())
	}
	if err != nil {
		return Failed, err
	}
	l.store = store
	return Repairing, nil
}

// storeConfig is what the chain store is opened with.
func (l *loop) storeConfig() chain.Config {
	return chain.Config{Path: l.cfg.ChainFile, Params: l.cfg.Params, Log: l.cfg.Log}
}

// heal repairs a store that turned out to be damaged while it was used: it keeps
// what can be proven, and the rest is fetched again. A run heals its store a few
// times at most: a disk that damages it again and again has to be seen to.
func (l *loop) heal(damage error) (Phase, error) {
	if l.healed++; l.healed > maxHeals {
		return Failed, fmt.Errorf("chain store was repaired %d times and is damaged again: %w: check the disk", maxHeals, damage)
	}
	if err := l.reopen(); err != nil {
		return Failed, errors.Join(damage, err)
	}
	state, err := chain.Repair(l.storeConfig())
	switch {
	case errors.Is(err, chain.ErrCorrupt):
		if err := l.beginAgain(err); err != nil {
			return Failed, err
		}
	case err != nil:
		return Failed, errors.Join(damage, err)
	default:
		text := fmt.Sprintf("The chain store was damaged. What could be proven was kept, headers to block %d and filters to %d; the rest is fetched again.",
			state.Tip.Height, state.Filters.Height)
		l.cfg.Log.Error(text, "err", damage)
		l.display.warn(codeRepaired, text, "Check the disk.")
	}
	return l.open()
}

// reopen closes the store and enters the phase Opening, so that the status does not go on
// saying what was true before. What was staged is lost: all peers are asked again.
func (l *loop) reopen() error {
	l.headers.Restart(time.Now())
	l.syncer.chain.Store(nil)
	l.display.status.Initialised = false
	store := l.store
	l.store = nil
	l.enter(Opening)
	return store.Close()
}

// beginAgain moves a store aside of which nothing can be kept.
func (l *loop) beginAgain(damage error) error {
	aside, err := moveAside(l.cfg.ChainFile)
	if err != nil {
		return errors.Join(damage, err)
	}
	text := fmt.Sprintf("The chain store was corrupt. It was moved to %s and is being synced again; wallets are untouched.", aside)
	l.cfg.Log.Error(text, "err", damage)
	l.display.warn(codeCorrupt, text, "Check the disk. The file that was moved aside may be deleted.")
	return nil
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
