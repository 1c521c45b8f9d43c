package votecheck

import (
	"bytes"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"

	"github.com/spvd/spvd/internal/votes"
	"github.com/spvd/spvd/spv/consensus"
)

const testNetwork = 0x12141c16

// someRow returns a result with a verified vote, one against the block and one that failed.
func someRow(n byte) *row {
	r := &row{voters: 5}
	r.Block = consensus.BlockID{Height: 200 + consensus.Height(n), Hash: chainhash.Hash{n, 1}}
	r.Successor = consensus.BlockID{Height: r.Block.Height + 1, Hash: chainhash.Hash{n, 2}}
	r.Approves, r.Approving, r.Disapproving = true, 1, 1
	for i, reason := range []votes.Reason{votes.Verified, votes.Verified, votes.BadSignature} {
		v := votes.Checked{Reason: reason}
		v.TxID, v.Ticket, v.Bits = chainhash.Hash{n, byte(i), 3}, chainhash.Hash{n, byte(i), 4}, uint16(1-i&1)
		r.Votes = append(r.Votes, v)
	}
	return r
}

func someJob(n byte) jobRow {
	return jobRow{
		id: FirstJob + uint32(n), state: JobDone, automatic: true, began: 1_700_000_000, ended: 1_700_000_100, tx: chainhash.Hash{n, 5},
		amount: 9e8, block: consensus.BlockID{Height: 200, Hash: chainhash.Hash{n, 1}}, wallet: "default",
	}
}

// TestRows holds that what is encoded decodes to the same, and the bytes of one of each kind.
func TestRows(t *testing.T) {
	r, j, s := someRow(1), someJob(1), spending{28_000_000, 123_456}
	back, err := decodeRow(r.encode())
	if err != nil || !reflect.DeepEqual(back, r) {
		t.Errorf("%+v became %+v, %v", r, back, err)
	}
	job, err := decodeJob(j.encode())
	if err != nil || job != j {
		t.Errorf("%+v became %+v, %v", j, job, err)
	}
	spent, err := decodeSpending(s.encode())
	if err != nil || spent != s {
		t.Errorf("%+v became %+v, %v", s, spent, err)
	}
	if got := hex.EncodeToString(s.encode()); got != "0000000001ab3f00000000000001e240" {
		t.Errorf("spending is %s", got)
	}
	if got, want := hex.EncodeToString(j.encode()[:22]), "3b9aca010101000000006553f100000000006553f164"; got != want {
		t.Errorf("the job begins with %s, want %s", got, want)
	}
	if b := r.encode(); len(b) != rowHead+3*rowVote || hex.EncodeToString(b[:6]) != "000000c90101" || hex.EncodeToString(b[68:71]) != "010503" {
		t.Errorf("the result is %x", b)
	}
	for n := range len(r.encode()) {
		if _, err := decodeRow(r.encode()[:n]); err == nil {
			t.Errorf("a result of %d bytes is taken", n)
		}
	}
	for n := range jobHead + 1 {
		if _, err := decodeJob(j.encode()[:n]); err == nil {
			t.Errorf("a job of %d bytes is taken", n)
		}
	}
	damaged := r.encode()
	damaged[len(damaged)-1] = 200
	if _, err := decodeRow(damaged); err == nil {
		t.Error("a reason that does not exist is taken")
	}
}

// load returns the records of a file, closed again.
func load(t *testing.T, path string) (list []record, err error) {
	t.Helper()
	j, err := openJournal(path, testNetwork, func(r record) { list = append(list, record{r.kind, bytes.Clone(r.body)}) })
	if err != nil {
		return nil, err
	}
	return list, j.close()
}

// TestJournalStoppedAtEveryByte ends the process at each byte that is written, and damages each
// byte: what is read is always the first records, and what is added after that is read too.
func TestJournalStoppedAtEveryByte(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "votes.dat")
	want := []record{{recordResult, someRow(1).encode()}, {recordJob, encodedJob(2)}, {recordSpent, spending{3, 4}.encode()}}
	j, err := openJournal(path, testNetwork, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(j.add(want[0]), j.add(want[1:]...), j.close()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(what string, at int, raw []byte) {
		t.Helper()
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := load(t, path)
		if errors.Is(err, errUnusable) && at < headerSize {
			return
		}
		if err != nil || len(got) > len(want) || !reflect.DeepEqual(got, want[:len(got)]) && len(got) > 0 {
			t.Fatalf("%s byte %d: %d records, %v", what, at, len(got), err)
		}
		j, err := openJournal(path, testNetwork, func(record) {})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(j.add(want[2]), j.close()); err != nil {
			t.Fatal(err)
		}
		again, err := load(t, path)
		if err != nil || len(again) != len(got)+1 {
			t.Fatalf("%s byte %d: %d records after one was added to %d, %v", what, at, len(again), len(got), err)
		}
	}
	for n := range whole {
		check("stopped at", n, whole[:n])
		damaged := bytes.Clone(whole)
		damaged[n] ^= 0x40
		check("damaged", n, damaged)
	}
	check("whole, ends at", len(whole), whole)
}

// TestJournalOfOthers: a file of another network, of a newer version, or none at all is refused.
func TestJournalOfOthers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "votes.dat")
	for name, raw := range map[string][]byte{
		"another network": append([]byte(journalName), 1, 0, 0, 0, 1),
		"a newer version": append([]byte(journalName), 2, 0x12, 0x14, 0x1c, 0x16),
		"another file":    []byte("SQLite format 3"),
	} {
		if err := os.WriteFile(path, raw, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := load(t, path); !errors.Is(err, errUnusable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := errors.Join(os.Remove(path), os.Symlink(os.DevNull, path)); err != nil {
		t.Fatal(err)
	}
	if _, err := load(t, path); !errors.Is(err, errUnusable) {
		t.Errorf("a link: %v", err)
	}
}

// TestReplace writes a file again: the records are there, and further ones follow them.
func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "votes.dat")
	j, err := openJournal(path, testNetwork, nil)
	if err != nil {
		t.Fatal(err)
	}
	st := newState(1 << 30)
	for n := range byte(100) {
		r := someRow(n % 10)
		if err := j.add(record{recordResult, r.encode()}); err != nil {
			t.Fatal(err)
		}
		st.addResult(r)
	}
	kept := st.records(time.Unix(1e9, 0))
	if err := errors.Join(j.replace(kept), j.add(record{recordSpent, spending{1, 2}.encode()}), j.close()); err != nil {
		t.Fatal(err)
	}
	got, err := load(t, path)
	if err != nil || len(got) != 11 || !reflect.DeepEqual(got[:10], kept) {
		t.Errorf("%d records, %v", len(got), err)
	}
}

// TestStateIsBounded holds the bounds on results and jobs.
func TestStateIsBounded(t *testing.T) {
	st := newState(1)
	for n := range mostResults + 100 {
		r := someRow(0)
		r.Successor.Hash = chainhash.Hash{byte(n), byte(n >> 8), 9}
		st.addResult(r)
	}
	if len(st.results) != mostResults || len(st.order) != mostResults || st.results[chainhash.Hash{99, 0, 9}] != nil {
		t.Errorf("%d results", len(st.results))
	}
	running := someJob(0)
	running.id, running.state, running.ended = FirstJob+1, JobRunning, 0
	st.putJob(running)
	for n := range uint32(mostOver + 10) {
		j := someJob(0)
		j.id = FirstJob + 2 + n
		st.putJob(j)
	}
	if len(st.jobs) != mostOver+1 || st.jobs[0].id != running.id || st.dropped != FirstJob+11 {
		t.Errorf("%d jobs, dropped up to %d", len(st.jobs), st.dropped)
	}
}

// TestBudgetAgainstATwin compares the budget with a list of all that was fetched: it never
// lets more than the limit through in an hour, and lets through what fits soon enough.
func TestBudgetAgainstATwin(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	type fetch struct {
		at    time.Time
		bytes int64
	}
	for range 50 {
		b := budget{most: 1000}
		now := time.Unix(1_700_000_000, 0)
		var all []fetch
		for range 400 {
			now = now.Add(time.Duration(random.IntN(600)) * time.Second)
			bytes := int64(1 + random.IntN(300))
			sum, whole := int64(0), int64(0)
			for _, f := range all {
				if now.Sub(f.at) < time.Hour {
					sum += f.bytes
				}
				if now.Sub(f.at) < time.Hour+2*time.Minute {
					whole += f.bytes
				}
			}
			pause := b.room(now, bytes)
			later := budget{b.most, slices.Clone(b.minutes)}
			switch {
			case pause == 0 && sum+bytes > b.most:
				t.Fatalf("%d bytes may follow %d of the last hour", bytes, sum)
			case pause > 0 && whole+bytes <= b.most:
				t.Fatalf("%d bytes have to wait %v although only %d were fetched", bytes, pause, whole)
			case pause > time.Hour+2*time.Minute:
				t.Fatalf("a wait of %v", pause)
			case pause > 0 && later.room(now.Add(pause), bytes) != 0:
				t.Fatalf("there is no room after the wait of %v", pause)
			case pause == 0:
				b.add(now, bytes)
				all = append(all, fetch{now, bytes})
			}
		}
	}
}

func encodedJob(n byte) []byte {
	j := someJob(n)
	return j.encode()
}
