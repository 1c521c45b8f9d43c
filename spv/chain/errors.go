package chain

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/spvd/spvd/internal/bboltcheck"
)

// What can be wrong with a store, or with what is asked of it. Errors wrap
// these together with the path and what was found.
var (
	// ErrCorrupt says that the store is damaged: something in it is not what
	// was written, or was never written. What it holds can be fetched again.
	ErrCorrupt = errors.New("chain store is corrupt")

	// ErrNewerFormat says that a newer version has written the store.
	ErrNewerFormat = errors.New("chain store is of a newer format")

	// ErrOtherNetwork says that the store holds the chain of another network.
	ErrOtherNetwork = errors.New("chain store is of another network")

	// ErrInUse says that another process, or another Chain of this one, has
	// the store open.
	ErrInUse = errors.New("chain store is in use")

	// ErrDiskFull says that there is no room for what was to be written, on the disk or
	// within the user's quota. The store and its write-ahead log hold what they held.
	ErrDiskFull = errors.New("disk full: make room on the disk of the chain store, and start again")

	// ErrClosed is returned by everything after Close.
	ErrClosed = errors.New("chain store is closed")

	// ErrNotFound says that the main chain has no such block, or no such filter
	// yet.
	ErrNotFound = errors.New("not found in the chain")

	// ErrBelowFloor says that a filter is not there because the store keeps those from its
	// floor on only. It wraps ErrNotFound.
	ErrBelowFloor = fmt.Errorf("the filter is below the floor of the chain store: %w", ErrNotFound)

	// ErrOrphan says that the parent of the first header is not known. That is
	// no fault: the headers in between are missing.
	ErrOrphan = errors.New("parent of the headers is unknown")

	// ErrStale says that the chain was reorganised under what was asked or
	// brought: it has to be asked again.
	ErrStale = errors.New("chain was reorganised meanwhile")
)

// corrupt makes the error for damage that was found.
func corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// asCorrupt turns damage of the file's pages into ErrCorrupt. Other errors stay.
func asCorrupt(err error) error {
	var damage *bboltcheck.Damage
	if errors.As(err, &damage) {
		return corrupt("%v", err)
	}
	return err
}

// asDiskFull turns the errors of a disk without room into ErrDiskFull, which wraps them.
// Other errors stay. Of bbolt's some only repeat the text of their cause.
func asDiskFull(err error) error {
	for _, full := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT} {
		switch {
		case err == nil:
			return nil
		case errors.Is(err, full):
			return fmt.Errorf("%w (%w)", ErrDiskFull, err)
		case strings.HasSuffix(err.Error(), " error: "+full.Error()):
			return fmt.Errorf("%w (%w: %w)", ErrDiskFull, err, full)
		}
	}
	return err
}

// missing turns the absence of what must be there into damage.
func missing(err error, format string, args ...any) error {
	if errors.Is(err, ErrNotFound) {
		return corrupt("%s is missing", fmt.Sprintf(format, args...))
	}
	return err
}
