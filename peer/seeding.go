package peer

import (
	"context"
	"time"
)

const (
	// enoughAddresses is how many addresses are worth dialling without asking a
	// seeder.
	enoughAddresses = 32

	firstSeeding = 2 * time.Second // for peers of the book to answer first
	seedAgain    = 10 * time.Minute
	seedRetry    = 30 * time.Second
)

// seedBook asks seeders for addresses while the book has too few of them.
func (p *Pool) seedBook(ctx context.Context) {
	if len(p.cfg.Seeders) == 0 {
		return
	}
	client := &seederClient{dial: p.cfg.Dial, roots: p.cfg.SeederRoots, now: p.cfg.Now}
	next := firstSeeding
	if tested, untested := p.book.Len(); tested+untested == 0 {
		next = 0
	}
	for p.pause(ctx, next) {
		next = seedAgain
		if !p.needsSeeds() {
			continue
		}
		if p.askSeeders(ctx, client) == 0 {
			next = seedRetry
		}
		next = jitter(next, p.cfg.Rand())
	}
}

// needsSeeds reports whether connections are missing and the book has too little
// for them, apart from what is banned.
func (p *Pool) needsSeeds() bool {
	if len(p.conns()) >= p.cfg.Outbound {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.book.Count(func(addr string) bool { return p.banLeft(addr) <= 0 }) < enoughAddresses
}

// askSeeders asks all seeders, in turn from a random one on, until the book has
// enough. It returns how many addresses were new.
func (p *Pool) askSeeders(ctx context.Context, client *seederClient) (added int) {
	seeders := p.cfg.Seeders
	first := p.cfg.Rand() % uint64(len(seeders))
	for i := range seeders {
		if !p.needsSeeds() || ctx.Err() != nil {
			break
		}
		seeder := seeders[(int(first)+i)%len(seeders)]
		told, err := client.ask(ctx, seeder)
		if err != nil {
			p.cfg.Log.Debug("Seeder does not answer", "seeder", seeder, "err", err)
			continue
		}
		n := p.book.Learn(seeder, told)
		p.cfg.Log.Info("Asked seeder for peers", "seeder", seeder, "told", len(told), "new", n)
		added += n
	}
	if added > 0 {
		p.mu.Lock()
		p.wake()
		p.mu.Unlock()
	}
	return added
}
