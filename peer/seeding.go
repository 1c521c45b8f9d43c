package peer

import (
	"context"
	"sync"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/dialing"
	"github.com/spvd/spvd/peer/internal/seeds"
)

const (
	// seedTick is how often it is decided whether to ask seeders.
	seedTick = 5 * time.Second

	// metLately is how recently a node must have answered at an address for seeders to be
	// probably unnecessary.
	metLately = 7 * 24 * time.Hour
)

// seedBook asks seeders for addresses when package dialing decides so, until ctx ends.
func (p *Pool) seedBook(ctx context.Context) {
	if len(p.cfg.Seeders) == 0 {
		return
	}
	client := &seeds.Client{Dial: p.connect, Roots: p.cfg.SeederRoots, Now: p.cfg.Now}
	var seeding dialing.Seeding
	for {
		if now := time.Now(); seeding.Due(p.seedNeed(), now) {
			answered := p.askSeeders(ctx, client)
			seeding.Asked(time.Now(), answered, len(p.live()) > 0, func(d time.Duration) time.Duration {
				return dialing.Jitter(d, p.cfg.Rand())
			})
		}
		if !p.connectivity.Pause(ctx, seedTick) {
			return
		}
	}
}

// seedNeed returns the state by which package dialing decides whether to ask seeders.
func (p *Pool) seedNeed() dialing.Need {
	now := p.cfg.Now()
	need := dialing.Need{Recent: p.book.AnyRecent(now.Add(-metLately))}
	p.mu.Lock()
	defer p.mu.Unlock()
	live := 0
	for _, m := range p.members {
		if m.Live() {
			need.Connected = true
			if m.role == Outbound {
				live++
			}
		}
	}
	need.Missing = live < p.cfg.Outbound
	need.Searching = p.search.reason != ""
	need.Dialable = len(p.out.slots) > live || p.book.AnyDue(func(c addrbook.Candidate) bool { return p.freeLocked(c.Addr, c.Host) })
	return need
}

// askSeeders asks all seeders concurrently, and reports whether any has answered.
func (p *Pool) askSeeders(ctx context.Context, client *seeds.Client) (answered bool) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	for _, seeder := range p.cfg.Seeders {
		wg.Go(func() {
			var list []addrbook.Announced
			err := p.contain(seeder, func() (err error) {
				list, err = client.Ask(ctx, seeder)
				return err
			})
			if err != nil {
				p.cfg.Log.Debug("Seeder does not answer", "seeder", seeder, "err", err)
				return
			}
			n := p.learn(seeder, list)
			p.cfg.Log.Info("Asked seeder for peers", "seeder", seeder, "addresses", len(list), "new", n)
			mu.Lock()
			defer mu.Unlock()
			answered = true
		})
	}
	wg.Wait()
	return answered
}
