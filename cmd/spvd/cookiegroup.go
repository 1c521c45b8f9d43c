package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spvd/spvd/internal/settings"
)

// makeNetDir makes the directory of the network with all that lead to it, unless they exist. The
// owner alone can enter those that it makes, and with --cookiegroup its members too, who then can
// open the files in them that they may read, and list none.
func makeNetDir(cfg *settings.Config) error {
	dir, err := filepath.Abs(cfg.NetDir())
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
	if cfg.CookieGroup.Number == nil {
		return nil
	}
	for _, name := range made {
		err := errors.Join(os.Chown(name, -1, *cfg.CookieGroup.Number), os.Chmod(name, 0o710)) //nolint:gosec // its members pass through
		if errors.Is(err, fs.ErrPermission) {
			return fmt.Errorf("%w: the user that spvd runs as has to be a member of group %s", err, cfg.CookieGroup.Name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// warnOfWall warns of directories that keep the group of the cookie from reaching it.
func warnOfWall(cfg *settings.Config, log *slog.Logger) {
	if cfg.CookieGroup.Number == nil {
		return
	}
	cookie, err := filepath.Abs(cfg.CookieFile())
	if err != nil {
		log.Warn("The directory of the cookie is not known", "err", err)
		return
	}
	for dir := filepath.Dir(cookie); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err == nil && !cfg.CookieGroup.MayEnter(info) {
			log.Warn("The group of --cookiegroup cannot reach the cookie through this directory", "path", dir,
				"run", fmt.Sprintf("chgrp %s %s && chmod g+x %s", cfg.CookieGroup.Name, dir, dir))
		}
		if dir == filepath.Dir(dir) {
			return
		}
	}
}
