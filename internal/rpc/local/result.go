package local

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/method"
	"github.com/spvd/spvd/internal/rpc/view"
	"github.com/spvd/spvd/internal/safetext"
)

// callTime is how long a call may take, and listTime a list of which the first element came in
// that time. They are the times of calls over a socket.
const (
	callTime = 30 * time.Second
	listTime = 10 * callTime
)

// answer runs a call and returns its result as JSON.
func (c *Client) answer(ctx context.Context, from *method.Caller, m *method.Method, params json.RawMessage) (json.RawMessage, error) {
	params, err := checkParams(params)
	if err != nil {
		return nil, err
	}
	ctx, expire := context.WithCancelCause(ctx)
	defer expire(nil)
	timer := time.AfterFunc(callTime, func() { expire(context.DeadlineExceeded) })
	defer timer.Stop()
	value, err := c.methods.Call(ctx, from, m, params)
	var result json.RawMessage
	if list, ok := value.(*method.Stream); ok && err == nil {
		result, err = encodeList(list, func() { timer.Reset(listTime) })
	} else if err == nil {
		if result, err = view.JSON(value); err != nil {
			err = fmt.Errorf("encode result of %s: %w", m.Name, err)
		}
	}
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return result, err
}

// checkParams returns the parameters without space around them, nil for null. The error is for
// the client: they are neither a JSON array nor an object.
func checkParams(params json.RawMessage) (json.RawMessage, error) {
	params = bytes.TrimSpace(params)
	switch {
	case len(params) == 0 || string(params) == "null":
		return nil, nil
	case !json.Valid(params):
		return nil, &api.Error{Code: api.CodeParse, Message: "the parameters are not JSON"}
	case params[0] != '[' && params[0] != '{':
		return nil, &api.Error{Code: api.CodeInvalidRequest, Message: "the parameters must be a JSON array or an object"}
	}
	return params, nil
}

// encodeList returns a list as JSON. It calls begun at the first element.
func encodeList(s *method.Stream, begun func()) (json.RawMessage, error) {
	var b bytes.Buffer
	if s.Name != "" {
		fmt.Fprintf(&b, "{%q:", s.Name)
	}
	b.WriteByte('[')
	var failed error
	first := true
	err := s.Each(func(element any) bool {
		var raw json.RawMessage
		if raw, failed = view.JSON(element); failed != nil {
			return false
		}
		if first {
			begun()
		} else {
			b.WriteByte(',')
		}
		first = false
		b.Write(raw)
		return true
	})
	if failed != nil {
		return nil, failed
	}
	if err != nil {
		return nil, err
	}
	b.WriteByte(']')
	if s.Name == "" {
		return b.Bytes(), nil
	}
	members, err := s.Rest()
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		value, err := view.JSON(members[name])
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, ",%q:%s", name, value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// hideKeys returns an error without the keys that its text may repeat.
func hideKeys(e *api.Error) *api.Error {
	return &api.Error{Code: e.Code, Message: safetext.HideKeys(e.Message)}
}
