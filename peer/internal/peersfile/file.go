package peersfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spvd/spvd/internal/regular"
	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/misbehavior"
)

// fileVersion is the version of the format of peers.json. A file of a later version is
// refused; one of version 1 is upgraded, see file_upgrade.go.
const fileVersion = 2

// maxFileSize bounds the size of peers.json that is read: it is more than a full book needs.
const maxFileSize = 8 << 20

// State is what a pool keeps across restarts.
type State struct {
	Addresses []addrbook.Entry
	Anchors   []string // at most two that are dialled first
	Bans      []misbehavior.Ban
}

// Load reads peers.json of a network. Times after now become now, and expired bans are left
// out. A file that does not exist is an empty one. A file that cannot be used is moved aside,
// and the error says so with the new name: its content can be learned again.
func Load(name, network string, now time.Time) (State, error) {
	s, err := loadFile(name, network)
	return State{Addresses: restoreBook(s.Addresses, now), Anchors: s.Anchors, Bans: restoreBans(s.Bans, now)}, err
}

// Save replaces peers.json atomically: if it is interrupted, the old or the new file is there.
func Save(name, network string, s State) error {
	return saveFile(name, fileState{
		Version:   fileVersion,
		Network:   network,
		Addresses: dumpBook(s.Addresses),
		Anchors:   s.Anchors,
		Bans:      dumpBans(s.Bans),
	})
}

// fileState is the content of peers.json:
//
//	{
//	  "version":   2,                      of the format
//	  "network":   "mainnet",
//	  "addresses": [{
//	    "addr":     "192.0.2.1:9108",
//	    "sources":  ["198.51.0.0"],        of an address not tried: the network groups of the
//	                                       peers that announced it, and "name:" with the
//	                                       names of seeders
//	    "services": 1,                     claimed
//	    "added":    1700000000,            Unix times in seconds, 0 for never
//	    "heard":    1700000000,            last announced
//	    "tried":    1700000100,            last dialled
//	    "worked":   1700000100,            last known to work
//	    "failures": 0                      in a row
//	  }],
//	  "anchors": ["192.0.2.1:9108"],       at most two that are dialled first
//	  "bans": [{
//	    "addr":     "192.0.2.9",           a host, or host:port for a ban of the user
//	    "peer":     "192.0.2.9:9108",      the peer whose fault was proven
//	    "reason":   "invalid data",
//	    "evidence": "header 7 has ...",
//	    "at":       1700000000,
//	    "until":    1700086400
//	  }]
//	}
type fileState struct {
	Version   int         `json:"version"`
	Network   string      `json:"network"`
	Addresses []fileEntry `json:"addresses"`
	Anchors   []string    `json:"anchors"`
	Bans      []fileBan   `json:"bans"`
}

type fileEntry struct {
	Addr     string   `json:"addr"`
	Sources  []string `json:"sources,omitempty"`
	Source   string   `json:"source,omitempty"` // of version 1
	Services uint64   `json:"services"`
	Added    int64    `json:"added"`
	Heard    int64    `json:"heard"`
	Tried    int64    `json:"tried"`
	Worked   int64    `json:"worked"`
	Failures int      `json:"failures"`
}

type fileBan struct {
	Addr     string `json:"addr"`
	Peer     string `json:"peer,omitempty"`
	Reason   string `json:"reason"`
	Evidence string `json:"evidence"`
	At       int64  `json:"at"`
	Until    int64  `json:"until"`
}

// Errors of reading peers.json.
var (
	errNewerFile    = errors.New("it was written by a newer version")
	errOtherNetwork = errors.New("it belongs to another network")
)

// loadFile reads and decodes peers.json.
func loadFile(name, network string) (fileState, error) {
	err := regular.Check(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fileState{}, nil
	}
	if err != nil {
		return fileState{}, fmt.Errorf("read known peers: %w: starting without them", err)
	}
	f, err := os.Open(name)
	if err != nil {
		return fileState{}, fmt.Errorf("read known peers: %w: starting without them", err)
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	f.Close()
	if err != nil {
		return fileState{}, fmt.Errorf("read known peers: %w: starting without them", err)
	}
	s, err := decodeFile(raw, network)
	if err == nil {
		return s, nil
	}
	aside := name + ".unusable"
	if moved := os.Rename(name, aside); moved != nil {
		return fileState{}, fmt.Errorf("read known peers from %s: %w: starting without them: %w", name, err, moved)
	}
	return fileState{}, fmt.Errorf("read known peers from %s: %w: moved to %s, starting without them", name, err, aside)
}

// decodeFile decodes the content of peers.json.
func decodeFile(raw []byte, network string) (fileState, error) {
	var s fileState
	if len(raw) > maxFileSize {
		return s, fmt.Errorf("more than %d bytes", maxFileSize)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	if err := d.Decode(&s); err != nil {
		return fileState{}, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fileState{}, errors.New("there are bytes behind its end")
	}
	switch {
	case s.Version > fileVersion:
		return fileState{}, fmt.Errorf("%w: format %d, this one reads up to %d", errNewerFile, s.Version, fileVersion)
	case s.Version < 1:
		return fileState{}, fmt.Errorf("format %d does not exist", s.Version)
	case s.Network != network:
		return fileState{}, fmt.Errorf("%w: %q", errOtherNetwork, s.Network)
	case s.Version == 1:
		s = upgradeFile(s)
	}
	return s, nil
}

// saveFile encodes and replaces peers.json.
func saveFile(name string, s fileState) error {
	raw, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return fmt.Errorf("write known peers: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".new-*") // readable by the owner only
	if err != nil {
		return fmt.Errorf("write known peers: %w", err)
	}
	_, err = tmp.Write(append(raw, '\n'))
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), name)
	}
	if err != nil {
		return fmt.Errorf("write known peers: %w", errors.Join(err, os.Remove(tmp.Name())))
	}
	return nil
}

// dumpBook returns the entries of a book in the form of the file.
func dumpBook(entries []addrbook.Entry) []fileEntry {
	out := make([]fileEntry, len(entries))
	for i, e := range entries {
		out[i] = fileEntry{
			Addr: e.Addr, Sources: e.Sources, Services: e.Services, Added: toUnix(e.Added), Heard: toUnix(e.Heard),
			Tried: toUnix(e.Attempted), Worked: toUnix(e.Worked), Failures: e.Failures,
		}
	}
	return out
}

// restoreBook is the inverse of dumpBook.
func restoreBook(saved []fileEntry, now time.Time) []addrbook.Entry {
	out := make([]addrbook.Entry, len(saved))
	for i, f := range saved {
		out[i] = addrbook.Entry{
			Addr: f.Addr, Sources: f.Sources, Services: f.Services, Added: earlier(f.Added, now), Heard: earlier(f.Heard, now),
			Attempted: earlier(f.Tried, now), Worked: earlier(f.Worked, now), Failures: f.Failures,
		}
	}
	return out
}

// toUnix returns a time in seconds, zero for none.
func toUnix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// earlier is the inverse of toUnix for times that have passed.
func earlier(seconds int64, now time.Time) time.Time {
	switch {
	case seconds <= 0:
		return time.Time{}
	case seconds > now.Unix():
		return now
	}
	return time.Unix(seconds, 0)
}

// dumpBans returns bans in the form of the file.
func dumpBans(bans []misbehavior.Ban) []fileBan {
	out := make([]fileBan, len(bans))
	for i, b := range bans {
		out[i] = fileBan{Addr: b.Addr, Peer: b.Peer, Reason: b.Reason.String(), Evidence: b.Evidence, At: toUnix(b.At), Until: toUnix(b.Until)}
	}
	return out
}

// restoreBans is the inverse of dumpBans; expired bans are left out.
func restoreBans(saved []fileBan, now time.Time) []misbehavior.Ban {
	var out []misbehavior.Ban
	for _, f := range saved {
		b := misbehavior.Ban{Addr: f.Addr, Peer: f.Peer, Reason: fault.Named(f.Reason), Evidence: f.Evidence, At: earlier(f.At, now), Until: time.Unix(f.Until, 0)}
		if now.Before(b.Until) {
			out = append(out, b)
		}
	}
	return out
}
