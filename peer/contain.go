package peer

import (
	"fmt"
	"log/slog"
	"runtime/debug"
)

// contain calls work, which processes data from a peer, and returns its error. A panic is a
// defect of this program, by which a peer must not be able to end it: contain returns it as
// an error of reason Defect, which ends the connection, logs it with its stack, and calls
// counted.
func contain(log *slog.Logger, addr string, counted func(), work func() error) (err error) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		log.Error("Defect of this program: it failed over data from a peer, and disconnects the peer",
			"addr", addr, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		counted()
		err = fault(Defect, fmt.Errorf("%v", r))
	}()
	return work()
}

// contain is contain for goroutines of the pool.
func (p *Pool) contain(addr string, work func() error) error {
	return contain(p.cfg.Log, addr, p.failed, work)
}

// failed counts a defect and pokes the reader of Defects.
func (p *Pool) failed() {
	p.defects.Add(1)
	poke(p.changed)
}

// Defects returns how often this program has panicked over data from a peer or a seeder,
// since the pool was made. The log has the details.
func (p *Pool) Defects() int { return int(p.defects.Load()) }
