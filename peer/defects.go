package peer

import "github.com/spvd/spvd/peer/internal/fault"

// contain is fault.Contain for goroutines of the pool.
func (p *Pool) contain(addr string, work func() error) error {
	return fault.Contain(p.cfg.Log, addr, p.failed, work)
}

// failed counts a defect and pokes the reader of Defects.
func (p *Pool) failed() {
	p.defects.Add(1)
	poke(p.changed)
}

// Defects returns how often this program has panicked over data from a peer or a seeder,
// since the pool was made. The log has the details.
func (p *Pool) Defects() int { return int(p.defects.Load()) }
