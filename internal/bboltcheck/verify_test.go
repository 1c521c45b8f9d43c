package bboltcheck

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/bbolt"
)

const testPage = 4096

// written returns a file as bbolt leaves it: a large bucket with branches and values longer
// than a page, a bucket inside its element, and free pages.
func written(t testing.TB) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "some.db")
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: testPage})
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		if err := db.Update(func(tx *bbolt.Tx) error {
			large, err := tx.CreateBucketIfNotExists([]byte("large"))
			if err != nil {
				return err
			}
			for i := range 80 {
				key := binary.BigEndian.AppendUint32(nil, uint32(i))
				if err := large.Put(key, bytes.Repeat([]byte{byte(round + 1)}, 150+i%7*1000)); err != nil {
					return err
				}
			}
			small, err := tx.CreateBucketIfNotExists([]byte("small"))
			if err != nil {
				return err
			}
			return small.Put([]byte("key"), []byte("value"))
		}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// page is what bbolt says about one page.
type page struct {
	id, overflow int
	kind         string
}

// pages lists the pages of a file as bbolt sees them, and the root bucket's.
func pages(t *testing.T, file []byte) (list []page) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "seen.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{ReadOnly: true, PreLoadFreelist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.View(func(tx *bbolt.Tx) error {
		for id := 0; ; id++ {
			info, err := tx.Page(id)
			if info == nil || err != nil {
				return err
			}
			p := page{id: id, kind: info.Type}
			if p.kind != "free" {
				p.overflow = info.OverflowCount
			}
			list = append(list, p)
			id += p.overflow
		}
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

// first returns the first page of a kind with at least so many pages that it continues on.
func first(t *testing.T, list []page, kind string, overflow int) page {
	t.Helper()
	for _, p := range list {
		if p.kind == kind && p.overflow >= overflow {
			return p
		}
	}
	t.Fatalf("no %s page with %d more among %v", kind, overflow, list)
	return page{}
}

func wantDamage(t *testing.T, what string, err error) {
	t.Helper()
	var d *Damage
	if !errors.As(err, &d) {
		t.Errorf("%s: want damage, got %v", what, err)
	}
}

func TestIntactFilePasses(t *testing.T) {
	file := written(t)
	torn, err := Verify(bytes.NewReader(file), testPage)
	if torn != nil || err != nil {
		t.Errorf("torn %v, %v", torn, err)
	}
	if err := VerifyAll(bytes.NewReader(file), testPage, false); err != nil {
		t.Error(err)
	}
}

// TestStructureIsVerified damages what bbolt navigates by, one thing at a time.
func TestStructureIsVerified(t *testing.T) {
	intact := written(t)
	list := pages(t, intact)
	branch, long := first(t, list, "branch", 0), first(t, list, "leaf", 1)
	free, freelist := first(t, list, "free", 0), first(t, list, "freelist", 0)
	at := func(file []byte, id int) []byte { return file[id*testPage:] }
	e := binary.NativeEndian
	for what, change := range map[string]func(file []byte) []byte{
		"a branch has another number":    func(f []byte) []byte { at(f, branch.id)[0]++; return f },
		"a branch is no branch":          func(f []byte) []byte { at(f, branch.id)[8] = pageIsMeta; return f },
		"a branch has too many elements": func(f []byte) []byte { e.PutUint16(at(f, branch.id)[10:], 60_000); return f },
		"a branch has no children":       func(f []byte) []byte { e.PutUint16(at(f, branch.id)[10:], 0); return f },
		"a child is outside": func(f []byte) []byte {
			e.PutUint64(at(f, branch.id)[pageHeaderSize+8:], 1<<30)
			return f
		},
		"a child is far outside": func(f []byte) []byte {
			e.PutUint64(at(f, branch.id)[pageHeaderSize+8:], 1<<50)
			return f
		},
		"a branch is its own child": func(f []byte) []byte {
			e.PutUint64(at(f, branch.id)[pageHeaderSize+8:], uint64(branch.id))
			return f
		},
		"two children are the same": func(f []byte) []byte {
			b := at(f, branch.id)
			e.PutUint64(b[pageHeaderSize+pageElementSize+8:], e.Uint64(b[pageHeaderSize+8:]))
			return f
		},
		"a key is out of order": func(f []byte) []byte {
			b := at(f, branch.id)[pageHeaderSize:]
			b[e.Uint32(b)] = 0xff
			return f
		},
		"a key lies outside of its page": func(f []byte) []byte {
			e.PutUint32(at(f, branch.id)[pageHeaderSize:], 1<<31)
			return f
		},
		"a page in use is free": func(f []byte) []byte {
			e.PutUint64(at(f, freelist.id)[pageHeaderSize:], uint64(branch.id))
			return f
		},
		"a page that a leaf continues on is free": func(f []byte) []byte {
			b := at(f, freelist.id)
			e.PutUint16(b[10:], 1)
			e.PutUint64(b[pageHeaderSize:], uint64(long.id+1))
			return f
		},
		"a free page is listed twice": func(f []byte) []byte {
			b := at(f, freelist.id)[pageHeaderSize:]
			e.PutUint64(b[8:], e.Uint64(b))
			return f
		},
		"the list of free pages is none": func(f []byte) []byte { at(f, freelist.id)[8] = pageIsLeaf; return f },
		"the file is cut off":            func(f []byte) []byte { return f[:free.id*testPage] },
		"the file is empty":              func(f []byte) []byte { return nil },
		"both meta pages are damaged": func(f []byte) []byte {
			at(f, 0)[pageHeaderSize+20]++
			at(f, 1)[pageHeaderSize+20]++
			return f
		},
		"the pages are of another size": func(f []byte) []byte { resize(f, 0); resize(f, 1); return f },
	} {
		file := change(bytes.Clone(intact))
		_, err := Verify(bytes.NewReader(file), testPage)
		wantDamage(t, what, err)
		wantDamage(t, what+", in full", VerifyAll(bytes.NewReader(file), testPage, false))
	}
}

// resize makes an intact meta page say that pages have 8,192 bytes.
func resize(file []byte, id int) {
	body := file[id*testPage+pageHeaderSize:][:metaSize]
	binary.NativeEndian.PutUint32(body[8:], 8192)
	sum := fnv.New64a()
	sum.Write(body[:metaChecksum])
	binary.NativeEndian.PutUint64(body[metaChecksum:], sum.Sum64())
}

// TestOneMetaPageMayBeTorn: the other one counts, and the damage is reported.
func TestOneMetaPageMayBeTorn(t *testing.T) {
	for id := range 2 {
		file := written(t)
		file[id*testPage+pageHeaderSize+30]++
		torn, err := Verify(bytes.NewReader(file), testPage)
		if err != nil {
			t.Errorf("meta page %d: %v", id, err)
		}
		what := fmt.Sprintf("meta page %d", id)
		wantDamage(t, what, torn)
		wantDamage(t, what+", in full", VerifyAll(bytes.NewReader(file), testPage, false))
	}
}

// TestEachByteIsVerified flips each bit of one byte after the other that is part of no key
// and no value: page headers, and what follows the last element of a page.
func TestEachByteIsVerified(t *testing.T) {
	file := written(t)
	flips := 0
	for _, p := range pages(t, file) {
		if p.kind == "free" {
			continue
		}
		whole := file[p.id*testPage:][:(1+p.overflow)*testPage]
		end := len(bytes.TrimRight(whole, "\x00"))
		for i := range whole {
			if i >= pageHeaderSize && i < end {
				continue
			}
			bit := byte(1) << (i % 8)
			whole[i] ^= bit
			wantDamage(t, fmt.Sprintf("%s page %d, byte %d", p.kind, p.id, i), VerifyAll(bytes.NewReader(file), testPage, false))
			whole[i] ^= bit
			flips++
			if i > end+64 {
				break
			}
		}
	}
	if flips < 1000 {
		t.Errorf("only %d bits were flipped", flips)
	}
}

// broken is a file that cannot be read.
type broken struct{}

func (broken) ReadAt([]byte, int64) (int, error) { return 0, os.ErrPermission }

func TestUnreadableIsNoDamage(t *testing.T) {
	_, err := Verify(broken{}, testPage)
	var d *Damage
	if !errors.Is(err, os.ErrPermission) || errors.As(err, &d) {
		t.Errorf("got %v", err)
	}
}

// FuzzVerify holds that the walk ends whatever a file holds, with nothing but damage, and
// that VerifyAll accepts nothing that Verify refuses.
func FuzzVerify(f *testing.F) {
	f.Add(bytes.TrimRight(written(f)[:40*testPage], "\x00"), uint16(0), byte(0))
	f.Fuzz(func(t *testing.T, file []byte, place uint16, change byte) {
		if len(file) > 0 {
			file = bytes.Clone(file)
			file[int(place)%len(file)] ^= change
		}
		file = append(file, make([]byte, -len(file)&(testPage-1))...)
		torn, part := Verify(bytes.NewReader(file), testPage)
		whole := VerifyAll(bytes.NewReader(file), testPage, false)
		for _, err := range []error{torn, part, whole} {
			if err != nil {
				wantDamage(t, "any file", err)
			}
		}
		if part != nil && whole == nil {
			t.Errorf("accepted in full, but: %v", part)
		}
	})
}

// TestSequenceNumbers: files whose buckets count are fine where they may.
func TestSequenceNumbers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counting.db")
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{PageSize: testPage})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucket([]byte("counting"))
		if err == nil {
			_, err = b.NextSequence()
		}
		return err
	}), db.Close()); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(bytes.NewReader(file), testPage); err != nil {
		t.Error(err)
	}
	if err := VerifyAll(bytes.NewReader(file), testPage, true); err != nil {
		t.Error(err)
	}
	wantDamage(t, "a sequence number", VerifyAll(bytes.NewReader(file), testPage, false))
}
