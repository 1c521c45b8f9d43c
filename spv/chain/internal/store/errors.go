package store

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/spvd/spvd/internal/bboltcheck"
)

// What can be wrong with a file, or with what is asked of it. Package chain exports these, and says
// what they mean.
var (
	ErrCorrupt      = errors.New("chain store is corrupt")
	ErrNewerFormat  = errors.New("chain store is of a newer format")
	ErrOtherNetwork = errors.New("chain store is of another network")
	ErrInUse        = errors.New("chain store is in use")
	ErrDiskFull     = errors.New("disk full: make room on the disk of the chain store, and start again")
	ErrClosed       = errors.New("chain store is closed")
	ErrNotFound     = errors.New("not found in the chain")
	ErrBelowFloor   = fmt.Errorf("the filter is below the floor of the chain store: %w", ErrNotFound)
)

// Corrupt makes the error for damage that was found.
func Corrupt(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(format, args...))
}

// asCorrupt turns damage of the file's pages into ErrCorrupt. Other errors stay.
func asCorrupt(err error) error {
	var damage *bboltcheck.Damage
	if errors.As(err, &damage) {
		return Corrupt("%v", err)
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

// Missing turns the absence of what must be there into damage.
func Missing(err error, format string, args ...any) error {
	if errors.Is(err, ErrNotFound) {
		return Corrupt("%s is missing", fmt.Sprintf(format, args...))
	}
	return err
}
