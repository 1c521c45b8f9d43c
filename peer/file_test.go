package peer

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// TestFileKeepsTheBook checks that everything survives being written and read.
func TestFileKeepsTheBook(t *testing.T) {
	b, now := bookAt(1)
	all := heard(0, 30, *now)
	b.Learn("9.9.9.9:9108", all)
	b.Worked(all[0].Addr, 5)
	b.Failed(all[1].Addr, true)
	ban := Ban{"44.0.0.1:9108", Malformed, "bytes", now.Add(-time.Hour), now.Add(time.Hour)}
	over := Ban{"44.0.0.2:9108", Malformed, "bytes", now.Add(-time.Hour), *now}
	name := filepath.Join(t.TempDir(), "peers.json")
	s := fileState{fileVersion, "mainnet", b.dump(), []string{all[0].Addr}, dumpBans([]Ban{ban, over})}
	for range 2 { // the second replaces the first
		if err := saveFile(name, s); err != nil {
			t.Fatal(err)
		}
	}
	if left, _ := filepath.Glob(name + "*"); len(left) != 1 {
		t.Errorf("files %q", left)
	}
	got, err := loadFile(name, "mainnet")
	if err != nil || !reflect.DeepEqual(got, s) {
		t.Fatalf("read %+v, %v, want %+v", got, err, s)
	}
	again, _ := bookAt(2)
	again.restore(got.Addresses)
	if !reflect.DeepEqual(again.dump(), s.Addresses) {
		t.Errorf("restored %+v, want %+v", again.dump(), s.Addresses)
	}
	if bans := restoreBans(got.Bans, *now); len(bans) != 1 || bans[0] != ban {
		t.Errorf("bans %+v, want %+v", bans, ban)
	}
}

// TestUnusableFile checks that a file that cannot be used is moved aside with a
// sentence that says so, and stops nothing.
func TestUnusableFile(t *testing.T) {
	for _, test := range []struct{ name, content, want string }{
		{"empty", "", "EOF"},
		{"cut off", `{"version":1,"network":"mainnet","addresses":[{"ad`, "EOF"},
		{"no JSON", "peers", "invalid character"},
		{"newer", `{"version":2,"network":"mainnet"}`, errNewerFile.Error()},
		{"no version", `{}`, "format 0"},
		{"other network", `{"version":1,"network":"testnet3"}`, errOtherNetwork.Error()},
		{"more behind", `{"version":1,"network":"mainnet"}{}`, "behind its end"},
		{"too large", strings.Repeat(" ", maxFileSize+1), "more than"},
	} {
		t.Run(test.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "peers.json")
			if err := os.WriteFile(name, []byte(test.content), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := loadFile(name, "mainnet")
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), name+".unusable") {
				t.Errorf("error %v, want it to say %q and where the file is", err, test.want)
			}
			if !reflect.DeepEqual(got, fileState{}) {
				t.Errorf("read %+v", got)
			}
			kept, err := os.ReadFile(name + ".unusable")
			if err != nil || string(kept) != test.content {
				t.Errorf("moved aside: %v", err)
			}
			if _, err := loadFile(name, "mainnet"); err != nil {
				t.Errorf("without a file: %v", err)
			}
		})
	}
}

// TestRestoreDistrusts checks that an edited file cannot break the book's limits.
func TestRestoreDistrusts(t *testing.T) {
	b, now := bookAt(1)
	var entries []fileEntry
	for _, a := range heard(0, 3*maxTested, *now) {
		entries = append(entries, fileEntry{Addr: a.Addr, Source: "x", Added: now.Unix() + 1e6, Worked: now.Unix() + 1e6, Failures: -5})
	}
	for _, a := range heard(5000, 2*maxOfSource, *now) {
		entries = append(entries, fileEntry{Addr: a.Addr, Source: "x", Added: now.Unix()})
	}
	entries = append(entries, entries[0], fileEntry{Addr: "nonsense", Added: now.Unix()}, fileEntry{Addr: "1.2.3.4:5"})
	b.restore(entries)
	if tested, untested := b.Len(); tested != maxTested || untested != maxOfSource {
		t.Errorf("restored %d tested and %d untested", tested, untested)
	}
	for _, e := range b.order {
		if e.worked.After(*now) || e.added.After(*now) || e.failures < 0 {
			t.Fatalf("restored %+v", e)
		}
	}
}

// FuzzFile checks that no content of the file leads to a state that a book does
// not take, or that is not written as it was read.
func FuzzFile(f *testing.F) {
	b, now := bookAt(1)
	b.Learn("9.9.9.9:9108", heard(0, 2, *now))
	name := filepath.Join(f.TempDir(), "peers.json")
	ban := Ban{"44.0.0.1:9108", Malformed, "bytes", *now, now.Add(time.Hour)}
	if err := saveFile(name, fileState{fileVersion, "mainnet", b.dump(), []string{"a"}, dumpBans([]Ban{ban})}); err != nil {
		f.Fatal(err)
	}
	raw, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Add([]byte(`{"version":1,"network":"mainnet","addresses":[{"addr":"[::1%eth0]:1","worked":-1}]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := decodeFile(raw, "mainnet")
		if err != nil {
			if errors.Is(err, errNewerFile) && s.Version != 0 {
				t.Error("a newer file was read")
			}
			return
		}
		b, now := bookAt(1)
		b.restore(s.Addresses)
		again, _ := bookAt(1)
		again.restore(b.dump())
		if !reflect.DeepEqual(again.dump(), b.dump()) {
			t.Errorf("%+v became %+v", b.dump(), again.dump())
		}
		for _, ban := range restoreBans(s.Bans, *now) {
			if !now.Before(ban.Until) {
				t.Errorf("ban %+v is over", ban)
			}
		}
	})
}
