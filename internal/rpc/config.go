package rpc

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/spvd/spvd/internal/password"
	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/rpc/method"
)

// Config is the configuration of a Server. Fields are required unless their comment says what
// the zero value means.
type Config struct {
	// Methods are the methods that clients can call.
	Methods *method.Registry

	Log *slog.Logger

	// Listeners accept the clients, see Listen. Run closes them.
	Listeners []net.Listener

	// Username and Password authenticate clients. Both are empty when only the cookie does.
	Username string
	Password string

	// ReadOnlyUsername and ReadOnlyPassword authenticate clients that may only call methods
	// that read. Both are empty when there are none.
	ReadOnlyUsername string
	ReadOnlyPassword string

	// WalletUsers are clients that may use some wallets only, and nothing of the daemon that
	// concerns others.
	WalletUsers []WalletUser

	// CookiePath is the file that is written with a fresh secret for local
	// tools while the server runs. Empty means no cookie.
	CookiePath string

	// CookieGroup is the number of the group whose members may read that file; nil for none.
	CookieGroup *int

	// Limits bounds the resources of clients; each zero field means its default.
	Limits Limits
}

// WalletUser is a client that may use some wallets only.
type WalletUser struct {
	Name string

	// Password is the password, or a hash of it, see package password. So may the other
	// passwords of a Config be.
	Password string

	// Wallets are the names of the wallets, at least one. A client that names none in the path
	// of its request uses the first one.
	Wallets []string

	// ReadOnly clients may only call methods that read.
	ReadOnly bool
}

// Limits bounds the resources that clients can occupy.
type Limits struct {
	// Requests is the number of concurrent POST requests, Websockets the number of websocket
	// connections. Beyond them clients get status 429, and those that may not make all calls
	// beyond half of them.
	Requests   int
	Websockets int

	// Preauth is the number of connections from this machine that have not
	// authenticated yet, and that of those from all others together; PreauthEach
	// how many of the latter come from one address, or one /64 network of IPv6.
	// Beyond them the oldest one of the source that has the most is closed.
	Preauth     int
	PreauthEach int

	// Idle is the number of authenticated connections that wait for a further POST request.
	// Beyond it the one that has waited longest is closed.
	Idle int

	// Concurrent is the number of messages of one websocket connection that are answered at
	// the same time. Beyond it no further message is read from it.
	Concurrent int

	// Bytes is the size of the largest request body or websocket message,
	// Batch the number of calls in it.
	Bytes int64
	Batch int

	// ReplyBytes is the size of the replies to a batch from which on its
	// further calls are refused.
	ReplyBytes int

	// CallTime bounds the time of all calls of one message together.
	CallTime time.Duration

	// MoveTime bounds the time for a request, or a message of a websocket, to arrive, and for
	// the reply to a request to be sent once the calls are done.
	MoveTime time.Duration

	// AuthTime bounds the time a websocket connection may be open before it
	// has authenticated, and the time request headers may take to arrive.
	AuthTime time.Duration

	// IdleTime is how long an unused POST connection is kept open.
	IdleTime time.Duration

	// Grace is how long running calls may take to return when the server stops; then
	// connections are cut.
	Grace time.Duration
}

// withDefaults returns the limits with their defaults filled in.
func (l Limits) withDefaults() Limits {
	setDefault(&l.Requests, 32)
	setDefault(&l.Websockets, 64)
	setDefault(&l.Preauth, 128)
	setDefault(&l.PreauthEach, 16)
	setDefault(&l.Idle, 256)
	setDefault(&l.Concurrent, 20)
	setDefault(&l.Bytes, 4<<20)
	setDefault(&l.Batch, 1000)
	setDefault(&l.ReplyBytes, 16<<20)
	setDefault(&l.CallTime, 30*time.Second)
	setDefault(&l.MoveTime, 30*time.Second)
	setDefault(&l.AuthTime, 10*time.Second)
	setDefault(&l.IdleTime, 2*time.Minute)
	setDefault(&l.Grace, time.Second)
	return l
}

func setDefault[T int | int64 | time.Duration](v *T, d T) {
	if *v == 0 {
		*v = d
	}
}

// validate returns an error for the first field that makes the configuration unusable.
func (c *Config) validate() error {
	switch {
	case c.Methods == nil || c.Log == nil:
		return errors.New("methods and log are required")
	case len(c.Listeners) == 0:
		return errors.New("there is nothing to listen on")
	case (c.Username == "") != (c.Password == ""):
		return errors.New("username and password must be set together")
	case (c.ReadOnlyUsername == "") != (c.ReadOnlyPassword == ""):
		return errors.New("username and password of the read-only user must be set together")
	case c.Username == "" && c.CookiePath == "":
		return errors.New("there is neither a password nor a cookie file")
	case c.Username != "" && c.Username == c.ReadOnlyUsername:
		return fmt.Errorf("username %q cannot be that of the read-only user too", c.Username)
	}
	names := []string{c.Username, c.ReadOnlyUsername}
	secrets := []string{c.Password, c.ReadOnlyPassword}
	for _, u := range c.WalletUsers {
		switch {
		case u.Name == "" || u.Password == "" || len(u.Wallets) == 0:
			return fmt.Errorf("the user %q of wallets has no name, no password or no wallet", u.Name)
		case slices.Contains(names, u.Name):
			return fmt.Errorf("two users are named %q", u.Name)
		}
		names, secrets = append(names, u.Name), append(secrets, u.Password)
	}
	for i, secret := range secrets {
		if _, err := password.IsHash(secret); err != nil {
			return fmt.Errorf("password of the user %q: %w", names[i], err)
		}
	}
	for _, name := range names {
		switch {
		case strings.Contains(name, ":"):
			return fmt.Errorf("username %q holds a colon", name)
		case name == api.CookieUser:
			return fmt.Errorf("username %q is reserved", name)
		}
	}
	return nil
}
