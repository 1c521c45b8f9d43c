package main

import (
	"log/slog"
	"os"
	"runtime"

	"github.com/spvd/spvd/internal/settings"
)

// warnOfReaders warns of files that other users of the machine can read: the data directory,
// whose files show all payments, and the configuration, which may hold passwords. The owner of
// a file that is not the daemon's has given it to the daemon's group. Windows has no such modes.
func warnOfReaders(cfg *settings.Config, log *slog.Logger) {
	if runtime.GOOS == "windows" {
		return
	}
	for _, place := range []struct{ what, name, mend string }{
		{"data directory", string(cfg.AppData), "chmod 700"},
		{"data of the network", cfg.NetDir(), "chmod 700"},
		{"configuration", cfg.File(), "chmod 600"},
	} {
		info, err := os.Stat(place.name)
		if err != nil {
			continue // there is no such file
		}
		others := os.FileMode(0o067)    // a group that can only enter a directory reads no name in it
		if cfg.CookieGroup.Owns(info) { // its members may use spvd, for which spvctl reads these
			others &^= 0o050
		}
		if !owned(info) {
			others &^= 0o070
		}
		if mode := info.Mode().Perm(); mode&others != 0 {
			log.Warn("Other users of this machine can read the "+place.what, "path", place.name, "mode", mode, "run", place.mend+" "+place.name)
		}
	}
}
