package store

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// Errors of the file. Their texts are fit for users.
var (
	// ErrBackup means that no copy was written.
	ErrBackup = errors.New("copy not written")

	// ErrBackupExists means that no copy was written because there is a file of that name, which
	// stays as it is. It is an ErrBackup.
	ErrBackupExists = fmt.Errorf("%w: there is such a file already", ErrBackup)

	// ErrDiskFull means that there is no room for what was to be written. Nothing of
	// it has changed the wallet.
	ErrDiskFull = errors.New("disk full: make room, and try again")

	// ErrClosed means that a wallet was closed meanwhile.
	ErrClosed = errors.New("wallet is not open any more")

	// ErrInUse means that another process has the wallet open.
	ErrInUse = errors.New("wallet is open in another process")
)

// orDiskFull names the cause of an error of a file that could not grow.
func orDiskFull(err error) error {
	for _, full := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT} {
		// Some of bbolt's errors only repeat the text of their cause.
		if err != nil && (errors.Is(err, full) || strings.HasSuffix(err.Error(), " error: "+full.Error())) {
			return fmt.Errorf("%w (%w)", ErrDiskFull, err)
		}
	}
	return err
}
