package rpc

import (
	"crypto/tls"
	"log/slog"
	"os"
	"sync"
	"time"
)

// reloader keeps a TLS configuration in step with its files, which are checked when a client
// connects.
type reloader struct {
	files TLSFiles
	log   *slog.Logger

	mu     sync.Mutex
	stamps [3]stamp // when the files were last read, well or not
	config *tls.Config
}

// stamp identifies one content of a file.
type stamp struct {
	modified time.Time
	size     int64
}

// current returns the configuration for a client that connects now.
func (r *reloader) current() *tls.Config {
	r.mu.Lock()
	defer r.mu.Unlock()
	stamps := r.files.stamps()
	if stamps == r.stamps {
		return r.config
	}
	r.stamps = stamps
	config, err := r.files.read()
	if err != nil { // for example between the writes of certificate and key
		r.log.Warn("RPC certificates have changed and cannot be read, the old ones stay", "err", err)
		return r.config
	}
	r.log.Info("RPC certificates read again")
	r.config = config
	return config
}

// stamps returns the stamps of the files, zero for one that cannot be read.
func (f *TLSFiles) stamps() (stamps [3]stamp) {
	for i, path := range []string{f.Cert, f.Key, f.ClientCAs} {
		if info, err := os.Stat(path); err == nil {
			stamps[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return stamps
}
