package rpc

import (
	"context"
	"errors"
	"fmt"

	"github.com/spvd/spvd/internal/rpc/api"
)

// fail returns an error for the client.
func fail(code api.Code, format string, operands ...any) error {
	return &api.Error{Code: code, Message: fmt.Sprintf(format, operands...)}
}

// explain turns what a method returned into what the client is told: a code,
// one sentence, the next step. The last result is true for a fault of the
// daemon, which the log has to explain.
func (b *backend) explain(err error) (answer *api.Error, fault bool) {
	var e *api.Error
	switch {
	case errors.As(err, &e):
	case errors.Is(err, ErrNotFound):
		e = &api.Error{Code: api.CodeNotFound, Message: "there is no such block on the main chain"}
	case errors.Is(err, ErrNoPeers):
		e = &api.Error{Code: api.CodeNoPeers, Message: "no peer is connected to ask; run: spvctl status"}
	case errors.Is(err, ErrNoWallet):
		e = &api.Error{Code: api.CodeWallet, Message: "there is no wallet yet; import an account, run: spvctl account import NAME XPUB"}
	case errors.Is(err, ErrSyncing):
		e = b.stillSyncing()
	case errors.Is(err, context.DeadlineExceeded):
		e = &api.Error{Code: api.CodeMisc, Message: "this took too long and was given up; try again, or run: spvctl status"}
	case errors.Is(err, context.Canceled):
		e = &api.Error{Code: api.CodeMisc, Message: "given up because the client went away or the daemon is stopping"}
	default:
		e = &api.Error{Code: api.CodeInternal, Message: "internal error; the daemon's log has the details"}
		fault = true
	}
	return e, fault
}

// stillSyncing is the answer for data that has not arrived yet.
func (b *backend) stillSyncing() *api.Error {
	st := b.Sync.Status()
	return &api.Error{Code: api.CodeSyncing, Message: fmt.Sprintf(
		"still syncing (%s, %.1f%% done); run: spvctl status --watch", st.Phase, 100*st.Ratio)}
}
