package fault

import (
	"fmt"
	"log/slog"
	"runtime/debug"
)

// Contain calls work, which processes data from a peer, and returns its error. A panic is a
// defect of this program, by which a peer must not be able to end it: Contain returns it as
// an error of reason Defect, which ends the connection, logs it with its stack, and calls
// counted.
func Contain(log *slog.Logger, addr string, counted func(), work func() error) (err error) {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		log.Error("Defect of this program: it failed over data from a peer, and disconnects the peer",
			"addr", addr, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		counted()
		err = New(Defect, fmt.Errorf("%v", r))
	}()
	return work()
}
