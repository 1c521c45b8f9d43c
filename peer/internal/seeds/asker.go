package seeds

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/dialing"
	"github.com/spvd/spvd/peer/internal/fault"
)

// tick is how often it is decided whether to ask seeders.
const tick = 5 * time.Second

// Deps are what an Asker needs.
type Deps struct {
	Log     *slog.Logger
	Now     func() time.Time
	Rand    func() uint64
	Seeders []string
	Roots   *x509.CertPool // see Client
	Dial    func(ctx context.Context, addr string) (net.Conn, error)

	Pause    func(ctx context.Context, d time.Duration) bool          // waits; false if ctx ended
	Need     func(now time.Time) dialing.Need                         // the state by which to decide
	Answered func()                                                   // is called when a seeder has answered: there is a network
	Learn    func(source string, list []addrbook.Announced) (new int) // adds addresses to the book
	Defect   func()                                                   // is called when a panic over an answer was contained
}

// Asker asks seeders for addresses when package dialing decides so.
type Asker struct {
	deps   Deps
	client *Client
}

// NewAsker returns an Asker that has not asked yet.
func NewAsker(deps Deps) *Asker {
	return &Asker{deps: deps, client: &Client{Dial: deps.Dial, Roots: deps.Roots, Now: deps.Now}}
}

// Run asks seeders whenever that is due, until ctx ends. It waits for the answers, or their
// deadline, before it returns.
func (a *Asker) Run(ctx context.Context) {
	if len(a.deps.Seeders) == 0 {
		return
	}
	var seeding dialing.Seeding
	for {
		if now := time.Now(); seeding.Due(a.deps.Need(a.deps.Now()), now) {
			answered := a.askAll(ctx)
			if answered {
				a.deps.Answered()
			}
			seeding.Asked(time.Now(), answered, func(d time.Duration) time.Duration {
				return dialing.Jitter(d, a.deps.Rand())
			})
		}
		if !a.deps.Pause(ctx, tick) {
			return
		}
	}
}

// askAll asks all seeders concurrently, and reports whether any has answered.
func (a *Asker) askAll(ctx context.Context) (answered bool) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for _, seeder := range a.deps.Seeders {
		wg.Go(func() {
			if a.ask(ctx, seeder) {
				mu.Lock()
				defer mu.Unlock()
				answered = true
			}
		})
	}
	wg.Wait()
	return answered
}

// ask asks one seeder, adds the addresses of its answer to the book, and reports whether it has
// answered.
func (a *Asker) ask(ctx context.Context, seeder string) bool {
	var list []addrbook.Announced
	err := fault.Contain(a.deps.Log, seeder, a.deps.Defect, func() (err error) {
		list, err = a.client.Ask(ctx, seeder)
		return err
	})
	if err != nil {
		a.deps.Log.Debug("Seeder does not answer", "seeder", seeder, "err", err)
		return false
	}
	n := a.deps.Learn(seeder, list)
	a.deps.Log.Info("Asked seeder for peers", "seeder", seeder, "addresses", len(list), "new", n)
	return true
}
