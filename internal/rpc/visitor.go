package rpc

import (
	"context"
	"encoding/json"
	"fmt"
)

// Visitor is a user who has authenticated elsewhere than on a connection of the server, for
// example on the status page. It may call what a client with the same name and password may.
type Visitor struct {
	server *Server
	may    grant
}

// Login returns the user with a name and password. The pair is judged as one from a request of
// the remote address HOST:PORT: wrong ones from an address are counted together, however they
// come. The error is for the user, and has a method RetryAfter if there were too many wrong
// ones; or it is that of ctx.
func (s *Server) Login(ctx context.Context, address, user, password string) (*Visitor, error) {
	may, err := s.auth.authenticatePair(ctx, address, user, password)
	if err != nil {
		return nil, err
	}
	return &Visitor{server: s, may: may}, nil
}

// Call calls a method for a wallet and decodes its result, unless result is nil; an empty name
// is the user's own wallet. The call has the time, the turn and the rights of a POST request.
// The error is an *api.Error as clients get it, or that of decoding the result.
func (v *Visitor) Call(ctx context.Context, wallet, name string, result any, params ...any) error {
	raw, err := json.Marshal(append([]any{}, params...)) // no parameters are an empty list
	if err != nil {
		return fmt.Errorf("encode parameters of %s: %w", name, err)
	}
	d := v.server.dispatcher
	ctx, cancel := context.WithTimeout(ctx, d.callTime)
	defer cancel()
	from := &caller{Caller: v.may.caller(wallet)}
	answer, _, fault, err := d.run(ctx, from, &call{version: version2, method: name, params: raw}, nil)
	switch {
	case fault != nil:
		return fault
	case err != nil:
		return err
	case result == nil:
		return nil
	}
	if err := json.Unmarshal(answer, result); err != nil {
		return fmt.Errorf("decode result of %s: %w", name, err)
	}
	return nil
}
