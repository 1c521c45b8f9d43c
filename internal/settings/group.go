package settings

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"runtime"
	"strconv"
)

// Group is a group of users of the machine.
type Group struct {
	Name   string // as the user has written it
	Number *int   // nil when unset
}

// UnmarshalFlag implements flags.Unmarshaler.
func (g *Group) UnmarshalFlag(value string) error {
	if runtime.GOOS == "windows" {
		return refused("group of the cookie: not supported on Windows, where files have no groups: use --username and --password")
	}
	number, err := groupNumber(value)
	if err != nil {
		return refused("group of the cookie: %v", err)
	}
	*g = Group{value, &number}
	return nil
}

// String returns the flag as it is written.
func (g Group) String() string { return g.Name }

// Owns reports whether the flag is set to the group of a file.
func (g Group) Owns(info os.FileInfo) bool {
	number, known := groupOf(info)
	return g.Number != nil && known && number == *g.Number
}

// MayEnter reports whether the members of the group may use what is in a directory.
func (g Group) MayEnter(dir os.FileInfo) bool {
	if g.Owns(dir) {
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
