package rpc

import (
	"sync"

	"github.com/spvd/spvd/internal/rpc/api"
)

// keptReadings is how many lists are kept for others at most, keptFrames how many
// notifications, of one to eventItems transactions each.
const (
	keptReadings = 16
	keptFrames   = 32
)

// readings are what was read and encoded for one client and is the same for others
// at the same place, as long as the news are the newest.
type readings struct {
	lists  kept[[]happening]
	jobs   kept[[]api.Job] // by wallet
	frames kept[[]byte]
}

// list returns the list of a key, which is read if nobody has read it yet.
func (s *readings) list(key string, read func() ([]happening, error)) ([]happening, error) {
	return s.lists.get(key, keptReadings, read)
}

// jobList does the same for the jobs of a wallet.
func (s *readings) jobList(wallet string, read func() ([]api.Job, error)) ([]api.Job, error) {
	return s.jobs.get(wallet, keptReadings, read)
}

// frame returns the notification of a key, which is encoded if nobody has encoded
// it yet. The key has to tell apart all that was read at one place.
func (s *readings) frame(key string, encode func() ([]byte, error)) ([]byte, error) {
	return s.frames.get(key, keptFrames, encode)
}

// kept are values by key. The zero value is ready.
type kept[T any] struct {
	mu   sync.Mutex // guards made
	made map[string]func() (T, error)
}

// get returns the value of a key. It is made once, while others who want it wait.
// Where that failed, as when the client it was made for has left, and beyond a
// number of values, each client makes its own.
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

// find returns the function that makes the value or has made it.
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
