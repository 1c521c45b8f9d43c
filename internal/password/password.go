package password

import (
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A hash is written as
//
//	$pbkdf2-sha256$i=ROUNDS$SALT$KEY
//
// with salt and key in base64 without padding.
const (
	scheme  = "$pbkdf2-sha256$"
	rounds  = 600_000 // what OWASP recommends in 2023
	saltLen = 16
	keyLen  = sha256.Size

	// Bounds of what is accepted from a configuration.
	leastRounds = 1_000
	mostRounds  = 10_000_000
	leastSalt   = 8
)

// errForm means that a text begins like a hash and is none.
var errForm = errors.New("it is not a whole hash: make one with spvctl hashpassword")

// Hash returns a hash of a password, with a salt that no other one has.
func Hash(password string) (string, error) {
	salt := make([]byte, saltLen)
	rand.Read(salt) // never fails
	return hash(password, salt, rounds)
}

func hash(password string, salt []byte, n int) (string, error) {
	key, err := pbkdf2.Key(sha256.New, password, salt, n, keyLen)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("%si=%d$%s$%s", scheme, n, encode(salt), encode(key)), nil
}

// IsHash reports whether a text is meant as a hash, and not as a password. The error says that it
// is a hash that nothing can be compared with.
func IsHash(text string) (bool, error) {
	if !strings.HasPrefix(text, scheme) {
		return false, nil
	}
	_, _, _, err := parse(text)
	return true, err
}

// Matches reports whether a password is the one of a hash. It takes some tenths of a second, and the
// same time for every password.
func Matches(hash, password string) bool {
	n, salt, want, err := parse(hash)
	if err != nil {
		return false
	}
	key, err := pbkdf2.Key(sha256.New, password, salt, n, len(want))
	return err == nil && subtle.ConstantTimeCompare(key, want) == 1
}

// parse returns the parts of a hash.
func parse(text string) (n int, salt, key []byte, err error) {
	parts := strings.Split(strings.TrimPrefix(text, scheme), "$")
	if len(parts) != 3 || !strings.HasPrefix(parts[0], "i=") {
		return 0, nil, nil, errForm
	}
	n, err = strconv.Atoi(parts[0][2:])
	if err != nil || n < leastRounds || n > mostRounds {
		return 0, nil, nil, errForm
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[1]); err != nil || len(salt) < leastSalt {
		return 0, nil, nil, errForm
	}
	if key, err = base64.RawStdEncoding.DecodeString(parts[2]); err != nil || len(key) != keyLen {
		return 0, nil, nil, errForm
	}
	return n, salt, key, nil
}
