package feed

import (
	"sync"

	"github.com/spvd/spvd/internal/rpc/api"
)

// keptLists is how many lists are kept for other clients at most, keptFrames how many
// notifications, of one to eventItems transactions each.
const (
	keptLists  = 16
	keptFrames = 32
)

// cache holds data that was read and encoded for one client and is the same for others at the
// same place, until there is another update.
type cache struct {
	lists  kept[[]item]
	jobs   kept[[]api.Job] // by wallet
	frames kept[[]byte]
}

// list returns the list of a key, which is read on first use.
func (s *cache) list(key string, read func() ([]item, error)) ([]item, error) {
	return s.lists.get(key, keptLists, read)
}

// jobList is list for the jobs of a wallet.
func (s *cache) jobList(wallet string, read func() ([]api.Job, error)) ([]api.Job, error) {
	return s.jobs.get(wallet, keptLists, read)
}

// frame returns the notification of a key, which is encoded on first use. Different content
// read at one place needs different keys.
func (s *cache) frame(key string, encode func() ([]byte, error)) ([]byte, error) {
	return s.frames.get(key, keptFrames, encode)
}

// kept holds values by key. The zero value is ready.
type kept[T any] struct {
	mu   sync.Mutex // guards made
	made map[string]func() (T, error)
}

// get returns the value of a key. It is built once, while other callers wait. If that fails,
// for example because its client has disconnected, and beyond a number of values, each caller
// builds its own.
func (k *kept[T]) get(key string, most int, build func() (T, error)) (T, error) {
	v, err := k.find(key, most, build)()
	if err == nil {
		return v, nil
	}
	k.mu.Lock()
	delete(k.made, key)
	k.mu.Unlock()
	return build()
}

// find returns the function that builds the value or has built it.
func (k *kept[T]) find(key string, most int, build func() (T, error)) func() (T, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if once := k.made[key]; once != nil {
		return once
	}
	if len(k.made) >= most {
		return build
	}
	if k.made == nil {
		k.made = make(map[string]func() (T, error))
	}
	once := sync.OnceValues(build)
	k.made[key] = once
	return once
}
