package webhook

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spvd/spvd/internal/regular"
)

// MinSecret is the least length of a secret in bytes: a shorter one could be found by trying.
const MinSecret = 16

// LoadSecret returns the secret in a file, without white space around it. A file that does not
// exist is made, readable by its owner only, with 64 random hexadecimal digits.
func LoadSecret(file string) ([]byte, error) {
	content, err := regular.Read(file)
	if errors.Is(err, fs.ErrNotExist) {
		return makeSecret(file)
	}
	if err != nil {
		return nil, fmt.Errorf("read the secret of notifyurl: %w", err)
	}
	secret := strings.TrimSpace(string(content))
	if len(secret) < MinSecret {
		return nil, fmt.Errorf("the secret of notifyurl in %s has fewer than %d characters: remove the file, and a new one is made", file, MinSecret)
	}
	return []byte(secret), nil
}

func makeSecret(file string) ([]byte, error) {
	var random [32]byte
	rand.Read(random[:]) // never fails
	secret := []byte(hex.EncodeToString(random[:]))
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_, err = f.Write(append(secret, '\n'))
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err != nil {
		return nil, fmt.Errorf("make the secret of notifyurl: %w", err)
	}
	return secret, nil
}
