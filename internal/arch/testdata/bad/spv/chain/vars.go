package chain

import (
	"errors"
	"net/http" // want arrows
	"sync"
	"sync/atomic"
)

// Variables that never change are no finding.
var (
	// ErrGone has a comment and a row.
	ErrGone = errors.New("gone")

	ErrMute = errors.New("mute") // want errors

	// ErrUnlisted has no row.
	ErrUnlisted = errors.New("unlisted") // want errors

	// ErrHelpless has a row that does not say what to do.
	ErrHelpless = errors.New("helpless") // want errors

	table = map[int]string{1: "one"}
	zero  [32]byte
	fixed counter
)

var (
	lock    sync.Mutex          // want vars
	pool    = &sync.Pool{}      // want vars
	total   atomic.Int64        // want vars
	current atomic.Pointer[int] // want vars
	news    = make(chan int, 1) // want vars
	seen    = map[int]bool{}
	list    []int
	tally   counter
	last    struct{ height int }
)

type counter struct{ n int }

func (c *counter) add()    { c.n++ }
func (c counter) get() int { return c.n }

func change(table []int) int {
	seen[1] = true      // want vars
	delete(seen, 1)     // want vars
	list = append(list) // want vars
	last.height++       // want vars
	p := &last          // want vars
	p.height = 2
	tally.add()             // want vars
	news <- 1               // want vars
	for list[0] = range 3 { // want vars
	}
	http.DefaultClient = nil // want vars
	table[0] = 1             // a parameter that shadows
	local := counter{}
	local.add()
	return fixed.get() + len(zero)
}
