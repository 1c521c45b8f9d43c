package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spvd/spvd/internal/password"
)

// newSecretSize is the size of a password that is made, in bytes.
const newSecretSize = 16

func hashPasswordCommand() command {
	return command{
		name:     "hashpassword",
		synopsis: "hashpassword [-]",
		summary:  "Make a password, or hash one, for the daemon's configuration.",
		help: `
  hashpassword       make a password, and print it and its hash
  hashpassword -     read a password, a line of standard input, and print its hash

The hash stands in spvd.conf in the place of the password: for username, readonlyuser
and walletuser. It does not tell the password. The daemon need not run.
`,
		args: []string{"-"},
		run: func(_ context.Context, in *invocation) (int, error) {
			words, err := in.words(1)
			switch {
			case err != nil:
				return exitUsage, err
			case len(words) == 0:
				return exitOK, in.makePassword()
			case words[0] != stdinWord:
				return exitUsage, usagef("hashpassword: a password on the command line is visible to others: use - and standard input")
			}
			line, err := in.in.ReadString('\n')
			secret := strings.TrimRight(line, "\r\n")
			switch {
			case err != nil && !errors.Is(err, io.EOF):
				return exitError, fmt.Errorf("read a password: %w", err)
			case secret == "":
				return exitUsage, usagef("hashpassword: the password is empty")
			}
			if is, _ := password.IsHash(secret); is {
				return exitUsage, usagef("hashpassword: this is a hash already")
			}
			hash, err := password.Hash(secret)
			if err != nil {
				return exitError, err
			}
			return exitOK, writeLine(in.out, hash)
		},
	}
}

// makePassword prints a new password and its hash.
func (in *invocation) makePassword() error {
	random := make([]byte, newSecretSize)
	rand.Read(random) // never fails
	secret := hex.EncodeToString(random)
	hash, err := password.Hash(secret)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(in.out, "password %s\nhash     %s\n", secret, hash)
	return err
}
