package peer

import (
	"fmt"
	"log/slog"
	"runtime/debug"
)

// contain calls work, which handles what a peer has sent, and returns its error. A panic
// is a defect of this program that the peer must not be able to end it by: it becomes an
// error of the reason Defect, which ends the connection, is logged with its stack, and is
// passed to counted.
func contain(log *slog.Logger, addr string, counted func(), work func() error) (err error) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		log.Error("Defect of this program: it has failed over what a peer sent, and leaves the peer",
			"addr", addr, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		counted()
		err = fault(Defect, fmt.Errorf("%v", r))
	}()
	return work()
}

// contain is contain for what the pool does.
func (p *Pool) contain(addr string, work func() error) error {
	return contain(p.cfg.Log, addr, p.failed, work)
}

// failed counts a defect and pokes the reader of Defects.
func (p *Pool) failed() {
	p.defects.Add(1)
	poke(p.changed)
}

// Defects returns how often this program has failed over what a peer or a seeder sent,
// since the pool was made. The log has the details.
func (p *Pool) Defects() int { return int(p.defects.Load()) }
