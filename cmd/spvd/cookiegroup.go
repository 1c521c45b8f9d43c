package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
)

// groupFlag is a group of users of the machine.
type groupFlag struct {
	name   string // as the user has written it
	number *int   // nil when unset
}

// UnmarshalFlag implements flags.Unmarshaler.
func (g *groupFlag) UnmarshalFlag(value string) error {
	if runtime.GOOS == "windows" {
		return refused("group of the cookie: not supported on Windows, where files have no groups: use --username and --password")
	}
	number, err := groupNumber(value)
	if err != nil {
		return refused("group of the cookie: %v", err)
	}
	*g = groupFlag{value, &number}
	return nil
}

// String returns the flag as it is written.
func (g groupFlag) String() string { return g.name }

// owns reports whether the flag is set to the group of a file.
func (g groupFlag) owns(info os.FileInfo) bool {
	number, known := groupOf(info)
	return g.number != nil && known && number == *g.number
}

// mayEnter reports whether the members of the group may use what is in a directory.
func (g groupFlag) mayEnter(dir os.FileInfo) bool {
	if g.owns(dir) {
		return dir.Mode()&0o010 != 0
	}
	return dir.Mode()&0o001 != 0
}

// groupNumber returns the number of a group, which need not have a name. The error is for the user.
func groupNumber(group string) (int, error) {
	if n, err := strconv.ParseUint(group, 10, 31); err == nil {
		return int(n), nil
	}
	found, err := user.LookupGroup(group)
	var unknown user.UnknownGroupError
	if errors.As(err, &unknown) {
		return 0, fmt.Errorf("this machine has no group %q", group)
	}
	if err != nil {
		return 0, fmt.Errorf("look up group %q: %w", group, err)
	}
	return strconv.Atoi(found.Gid)
}

// makeNetDir makes the directory of the network with all that lead to it, unless they exist. The
// owner alone can enter those that it makes, and with --cookiegroup its members too, who then can
// open the files in them that they may read, and list none.
func makeNetDir(cfg *config) error {
	dir, err := filepath.Abs(cfg.netDir())
	if err != nil {
		return err
	}
	var made []string
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		made = append(made, at)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if cfg.CookieGroup.number == nil {
		return nil
	}
	for _, name := range made {
		err := errors.Join(os.Chown(name, -1, *cfg.CookieGroup.number), os.Chmod(name, 0o710)) //nolint:gosec // its members pass through
		if errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("%w: the user that spvd runs as has to be a member of group %s", err, cfg.CookieGroup.name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// warnOfWall warns of directories that keep the group of the cookie from reaching it.
func warnOfWall(cfg *config, log *slog.Logger) {
	if cfg.CookieGroup.number == nil {
		return
	}
	cookie, err := filepath.Abs(cfg.cookieFile())
	if err != nil {
		log.Warn("The directory of the cookie is not known", "err", err)
		return
	}
	for dir := filepath.Dir(cookie); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err == nil && !cfg.CookieGroup.mayEnter(info) {
			log.Warn("The group of --cookiegroup cannot reach the cookie through this directory", "path", dir,
				"run", fmt.Sprintf("chgrp %s %s && chmod g+x %s", cfg.CookieGroup.name, dir, dir))
		}
		if dir == filepath.Dir(dir) {
			return
		}
	}
}
