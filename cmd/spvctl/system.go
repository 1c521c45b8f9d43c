package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/decred/dcrd/dcrutil/v4"

	"github.com/spvd/spvd/internal/rpc/api"
)

// systemData is the data directory of the daemon that packages install, as its unit has it.
const systemData = "/var/lib/spvd"

// systemFiles returns where the configuration of an installed daemon may be, the first one first.
func systemFiles() []path {
	if runtime.GOOS == "windows" {
		return nil
	}
	return []path{"/etc/spvd/spvd.conf", "/usr/local/etc/spvd/spvd.conf"}
}

// place is where the files of a daemon are.
type place struct {
	data   path
	config path
	system bool   // it is the installed daemon
	start  string // the command that starts it
}

// place returns where the files are of the daemon that the options are about: what they name, else
// the directory of the user, else those of the installed daemon if there is one, else the directory
// that the user has not yet.
func (o *options) place() place {
	own := place{data: o.AppData.or(path(dcrutil.AppDataDir("spvd", false))), start: o.startCommand()}
	own.config = o.ConfigFile.or(own.data.join(api.ConfigFile))
	if o.ConfigFile != "" || o.AppData != "" {
		return own
	}
	for _, name := range o.system {
		if !exists(name) {
			continue
		}
		if exists(own.data) {
			own.start += "; reach the service with --configfile " + string(name)
			return own
		}
		return place{systemData, name, true, startSystem(name)}
	}
	return own
}

// startSystem returns the command that starts the installed daemon.
func startSystem(config path) string {
	if runtime.GOOS == "linux" {
		return "systemctl start spvd"
	}
	return "spvd --configfile " + shellWord(string(config))
}

func exists(name path) bool {
	_, err := os.Stat(string(name))
	return err == nil
}

// access explains, where err is that this user may not read a file of the daemon, which group has to be
// joined, or what the daemon has to be started with. Another error is returned as it is.
func access(name string, err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	if runtime.GOOS == "windows" {
		return fmt.Errorf("%w: run spvctl as the user that runs spvd, or give --username and --password", err)
	}
	group := groupLet(name)
	if group == "" {
		return fmt.Errorf("%w: it is for the user that runs spvd alone: run spvctl as that user, or start spvd with --cookiegroup GROUP and be a member of that group", err)
	}
	join := "join the group " + group
	if runtime.GOOS == "linux" {
		join += fmt.Sprintf(" (as root: usermod -aG %s %s)", shellWord(group), shellWord(userName()))
	}
	return fmt.Errorf("%w: %s, log in again, and see that spvd runs with --cookiegroup %s", err, join, group)
}

// groupLet returns the group whose members the modes let further on the way to a file than this user:
// that of the file, or of the directory that this user cannot enter. It is empty if there is none.
func groupLet(name string) string {
	bit := os.FileMode(0o040)
	for {
		info, err := os.Stat(name)
		if err == nil {
			number, known := groupOf(info)
			if !known || number == 0 || info.Mode()&bit == 0 {
				return ""
			}
			found, err := user.LookupGroupId(strconv.Itoa(number))
			if err != nil {
				return strconv.Itoa(number)
			}
			return found.Name
		}
		if !errors.Is(err, fs.ErrPermission) || name == filepath.Dir(name) {
			return ""
		}
		name, bit = filepath.Dir(name), 0o010
	}
}

// userName returns the name of this user.
func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "NAME"
}
