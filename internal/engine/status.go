package engine

import (
	"errors"
	"strings"

	"github.com/spvd/spvd"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/safetext"
)

// The numbers of errors that no JSON-RPC method returns. They are part of the C interface:
// none ever changes its meaning.
const (
	CodeOK         api.Code = 0
	CodeFailed     api.Code = 1 // the disk, a file or the system: the text says which
	CodeConfig     api.Code = 2 // the configuration is wrong
	CodeInUse      api.Code = 3 // another process or client uses the directory
	CodeRunning    api.Code = 4 // the client runs
	CodeNotRunning api.Code = 5 // the client does not run
	CodeClosed     api.Code = 6 // the client is closed
	CodeNoEvent    api.Code = 7 // no event has come in time
)

// Explain returns an error as programs get it: a number and one sentence. It returns nil for
// nil. Negative numbers are those of JSON-RPC.
func Explain(err error) *api.Error {
	if err == nil {
		return nil
	}
	var answer *api.Error
	if errors.As(err, &answer) {
		return answer
	}
	text := strings.ReplaceAll(safetext.HideKeys(err.Error()), "\n", "; ")
	return &api.Error{Code: codeOf(err), Message: safetext.Escape(text, "")}
}

// codeOf returns the number of an error that is not one of a method.
func codeOf(err error) api.Code {
	switch {
	case errors.As(err, new(*spvd.ConfigError)):
		return CodeConfig
	case errors.As(err, new(*spvd.InUseError)):
		return CodeInUse
	case errors.Is(err, ErrRunning):
		return CodeRunning
	case errors.Is(err, ErrNotRunning):
		return CodeNotRunning
	case errors.Is(err, ErrClosed):
		return CodeClosed
	case errors.Is(err, ErrNoEvent):
		return CodeNoEvent
	}
	return CodeFailed
}
