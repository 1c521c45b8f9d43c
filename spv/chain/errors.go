package chain

import (
	"errors"

	"github.com/spvd/spvd/spv/chain/internal/store"
)

// What can be wrong with a store, or with what is asked of it. Errors wrap
// these together with the path and what was found.
var (
	// ErrCorrupt says that the store is damaged: something in it is not what
	// was written, or was never written. What it holds can be fetched again.
	ErrCorrupt = store.ErrCorrupt

	// ErrNewerFormat says that a newer version has written the store.
	ErrNewerFormat = store.ErrNewerFormat

	// ErrOtherNetwork says that the store holds the chain of another network.
	ErrOtherNetwork = store.ErrOtherNetwork

	// ErrInUse says that another process, or another Chain of this one, has
	// the store open.
	ErrInUse = store.ErrInUse

	// ErrDiskFull says that there is no room for what was to be written, on the disk or
	// within the user's quota. The store and its write-ahead log hold what they held.
	ErrDiskFull = store.ErrDiskFull

	// ErrClosed is returned by everything after Close.
	ErrClosed = store.ErrClosed

	// ErrNotFound says that the main chain has no such block, or no such filter
	// yet.
	ErrNotFound = store.ErrNotFound

	// ErrBelowFloor says that a filter is not there because the store keeps those from its
	// floor on only. It wraps ErrNotFound.
	ErrBelowFloor = store.ErrBelowFloor

	// ErrOrphan says that the parent of the first header is not known. That is
	// no fault: the headers in between are missing.
	ErrOrphan = errors.New("parent of the headers is unknown")

	// ErrStale says that the chain was reorganised under what was asked or
	// brought: it has to be asked again.
	ErrStale = errors.New("chain was reorganised meanwhile")
)
