package peersfile

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/misbehavior"
)

// plainBook returns an empty book of the main network with a seed, and a time.
func plainBook(seed uint64) (*addrbook.Book, time.Time) {
	return addrbook.New(addrbook.Config{Onion: true, Port: 9108}, rand.New(rand.NewPCG(seed, 0))), time.Unix(1_700_000_000, 0)
}

// addressesFrom returns n addresses in network groups of their own, from the first on.
func addressesFrom(first, n int, at time.Time) []addrbook.Announced {
	list := make([]addrbook.Announced, n)
	for i := range list {
		list[i] = addrbook.Announced{Addr: fmt.Sprintf("20.%d.0.9:9108", first+i), Services: 1, Seen: at}
	}
	return list
}

// TestFileKeepsTheBook checks that all state is the same after it was written and read.
func TestFileKeepsTheBook(t *testing.T) {
	b, now := plainBook(1)
	all := addressesFrom(0, 30, now)
	b.Learn("9.9.9.9:9108", all, now)
	b.Worked(all[0].Addr, 5, now)
	b.Failed(all[1].Addr, true, now)
	ban := misbehavior.Ban{Addr: "44.0.0.1", Peer: "44.0.0.1:9108", Reason: fault.Malformed, Evidence: "bytes", At: now.Add(-time.Hour), Until: now.Add(time.Hour)}
	over := misbehavior.Ban{Addr: "44.0.0.2", Peer: "44.0.0.2:9108", Reason: fault.Malformed, Evidence: "bytes", At: now.Add(-time.Hour), Until: now}
	name := filepath.Join(t.TempDir(), "peers.json")
	s := fileState{fileVersion, "mainnet", dumpBook(b.Entries()), []string{all[0].Addr}, dumpBans([]misbehavior.Ban{ban, over})}
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
	again, _ := plainBook(2)
	again.Restore(restoreBook(got.Addresses, now), now)
	if !reflect.DeepEqual(dumpBook(again.Entries()), s.Addresses) {
		t.Errorf("restored %+v, want %+v", dumpBook(again.Entries()), s.Addresses)
	}
	if bans := restoreBans(got.Bans, now); len(bans) != 1 || bans[0] != ban {
		t.Errorf("bans %+v, want %+v", bans, ban)
	}
}

// TestUnusableFile checks that a file that cannot be used is moved aside, that the error says
// so, and that the pool starts.
func TestUnusableFile(t *testing.T) {
	for _, test := range []struct{ name, content, want string }{
		{"empty", "", "EOF"},
		{"cut off", `{"version":1,"network":"mainnet","addresses":[{"ad`, "EOF"},
		{"no JSON", "peers", "invalid character"},
		{"newer", `{"version":3,"network":"mainnet"}`, errNewerFile.Error()},
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

// TestFileOfVersion1 checks that a file of version 1 is read as one of version 2: its
// addresses keep their sources, and bans for proven faults hold for the host.
func TestFileOfVersion1(t *testing.T) {
	const old = `{"version":1,"network":"mainnet","addresses":[
		{"addr":"44.1.2.3:9108","source":"9.9.0.0","services":1,"added":1700000000,"tried":0,"worked":0,"failures":0},
		{"addr":"44.2.2.3:9108","source":"9.8.0.0","services":5,"added":1699990000,"tried":1700000000,"worked":1700000000,"failures":1}],
		"anchors":["44.2.2.3:9108"],"bans":[
		{"addr":"44.3.2.1:9108","reason":"invalid data","evidence":"proof","at":1700000000,"until":1800000000},
		{"addr":"44.4.2.1:9108","reason":"banned by the user","evidence":"","at":1700000000,"until":1800000000}]}`
	s, err := decodeFile([]byte(old), "mainnet")
	if err != nil {
		t.Fatal(err)
	}
	b, now := plainBook(1)
	b.Restore(restoreBook(s.Addresses, now), now)
	at, before := time.Unix(1_700_000_000, 0), time.Unix(1_699_990_000, 0)
	want := []addrbook.Entry{
		{Addr: "44.1.2.3:9108", Sources: []string{"9.9.0.0"}, Services: 1, Added: at, Heard: at},
		{Addr: "44.2.2.3:9108", Services: 5, Added: before, Heard: before, Attempted: at, Worked: at, Failures: 1},
	}
	if got := b.Entries(); !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, want %+v", got, want)
	}
	bans := restoreBans(s.Bans, now)
	until := time.Unix(1_800_000_000, 0)
	if !slices.Equal(bans, []misbehavior.Ban{
		{Addr: "44.3.2.1", Peer: "44.3.2.1:9108", Reason: fault.Invalid, Evidence: "proof", At: at, Until: until},
		{Addr: "44.4.2.1:9108", Reason: fault.Unwanted, At: at, Until: until},
	}) {
		t.Errorf("read bans %+v", bans)
	}
	if !slices.Equal(s.Anchors, []string{"44.2.2.3:9108"}) {
		t.Errorf("read anchors %q", s.Anchors)
	}
}

// FuzzFile checks that no content of the file leads to a state that a book refuses, or that
// is not written as it was read.
func FuzzFile(f *testing.F) {
	b, now := plainBook(1)
	b.Learn("9.9.9.9:9108", addressesFrom(0, 2, now), now)
	name := filepath.Join(f.TempDir(), "peers.json")
	ban := misbehavior.Ban{Addr: "44.0.0.1", Peer: "44.0.0.1:9108", Reason: fault.Malformed, Evidence: "bytes", At: now, Until: now.Add(time.Hour)}
	if err := saveFile(name, fileState{fileVersion, "mainnet", dumpBook(b.Entries()), []string{"a"}, dumpBans([]misbehavior.Ban{ban})}); err != nil {
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
		b, now := plainBook(1)
		b.Restore(restoreBook(s.Addresses, now), now)
		again, _ := plainBook(1)
		again.Restore(b.Entries(), now)
		if !reflect.DeepEqual(dumpBook(again.Entries()), dumpBook(b.Entries())) {
			t.Errorf("%+v became %+v", dumpBook(b.Entries()), dumpBook(again.Entries()))
		}
		for _, ban := range restoreBans(s.Bans, now) {
			if !now.Before(ban.Until) {
				t.Errorf("ban %+v has expired", ban)
			}
		}
	})
}

// TestLoadAndSave checks that a state is the same after it was written and read, and that
// times that have not come yet become the present.
func TestLoadAndSave(t *testing.T) {
	_, now := plainBook(1)
	name := filepath.Join(t.TempDir(), "peers.json")
	if s, err := Load(name, "mainnet", now); err != nil || len(s.Addresses)+len(s.Anchors)+len(s.Bans) != 0 {
		t.Errorf("without a file: %+v, %v", s, err)
	}
	want := State{
		Addresses: []addrbook.Entry{{Addr: "20.1.0.9:9108", Services: 1, Added: now, Worked: now}},
		Anchors:   []string{"20.1.0.9:9108"},
		Bans:      []misbehavior.Ban{{Addr: "20.2.0.9", Peer: "20.2.0.9:9108", Reason: fault.Invalid, At: now, Until: now.Add(time.Hour)}},
	}
	if err := Save(name, "mainnet", want); err != nil {
		t.Fatal(err)
	}
	if got, err := Load(name, "mainnet", now); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %v, want %+v", got, err, want)
	}
	before := now.Add(-time.Hour)
	if got, err := Load(name, "mainnet", before); err != nil || !got.Addresses[0].Worked.Equal(before) {
		t.Errorf("read %+v, %v before it was written", got, err)
	}
	if _, err := Load(name, "testnet3", now); !errors.Is(err, errOtherNetwork) {
		t.Errorf("read by another network: %v", err)
	}
}
