package rpc

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spvd/spvd/internal/regular"
	"github.com/spvd/spvd/internal/rpc/api"
)

// cookieSecretSize is the size of the secret in a cookie in bytes.
const cookieSecretSize = 32

// cookie authenticates clients that can read its file.
type cookie struct {
	path   string
	secret string // hex
}

// newCookie returns a cookie with a fresh secret. It writes nothing.
func newCookie(path string) *cookie {
	var secret [cookieSecretSize]byte
	rand.Read(secret[:]) // never fails
	return &cookie{path: path, secret: hex.EncodeToString(secret[:])}
}

// content returns the content of the file, in the form of Basic authentication.
func (c *cookie) content() []byte {
	return []byte(api.CookieUser + ":" + c.secret)
}

// write writes the file, which no other user can read at any time.
func (c *cookie) write() error {
	if err := writeFile(c.path, c.content(), 0o600); err != nil {
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

// writeFile replaces a file atomically: a reader sees the old content or the new one, and
// never the new one with another mode.
func writeFile(path string, content []byte, mode os.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // fails once renamed
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
