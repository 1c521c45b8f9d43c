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

// cookie lets in who may read the file it is kept in.
type cookie struct {
	path   string
	secret string // hex
}

// newCookie returns a cookie with a fresh secret. Nothing is written yet.
func newCookie(path string) *cookie {
	var secret [cookieSecretSize]byte
	rand.Read(secret[:]) // never fails
	return &cookie{path: path, secret: hex.EncodeToString(secret[:])}
}

// content is what the file holds, in the form of Basic authentication.
func (c *cookie) content() []byte {
	return []byte(api.CookieUser + ":" + c.secret)
}

// write puts the cookie in its file, which no other user can read at any time.
func (c *cookie) write() error {
	if err := writeFile(c.path, c.content(), 0o600); err != nil {
		return fmt.Errorf("write cookie: %w", err)
	}
	return nil
}

// remove deletes the file unless somebody else has written it since.
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

// writeFile puts a whole file in place at once: readers see the old content or
// the new one, and nobody the new one without the mode.
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
