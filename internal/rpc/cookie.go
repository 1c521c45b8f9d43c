package rpc

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spvd/spvd/internal/regular"
	"github.com/spvd/spvd/internal/rpc/api"
)

// cookieSecretSize is the size of the secret in a cookie in bytes.
const cookieSecretSize = 32

// cookie authenticates clients that can read its file.
type cookie struct {
	path   string
	secret string // hex
	group  *int   // whose members may read the file; nil for none
}

// newCookie returns a cookie with a fresh secret. It writes nothing.
func newCookie(path string, group *int) *cookie {
	var secret [cookieSecretSize]byte
	rand.Read(secret[:]) // never fails
	return &cookie{path: path, secret: hex.EncodeToString(secret[:]), group: group}
}

// content returns the content of the file, in the form of Basic authentication.
func (c *cookie) content() []byte {
	return []byte(api.CookieUser + ":" + c.secret)
}

// write writes the file, which no user can read at any time but the owner and the members of the
// group.
func (c *cookie) write() error {
	mode := os.FileMode(0o600)
	if c.group != nil {
		mode = 0o640
	}
	err := regular.Replace(c.path, c.content(), mode, c.group)
	if c.group != nil && errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("write cookie: %w: the user that spvd runs as has to be a member of group %d", err, *c.group)
	}
	if err != nil {
		return fmt.Errorf("write cookie: %w", err)
	}
	return nil
}

// remove deletes the file unless another process has written it since.
func (c *cookie) remove() error {
	held, err := regular.Read(c.path)
	if err != nil {
		return fmt.Errorf("remove cookie: %w", err)
	}
	if !bytes.Equal(held, c.content()) {
		return nil
	}
	if err := os.Remove(c.path); err != nil {
		return fmt.Errorf("remove cookie: %w", err)
	}
	return nil
}
