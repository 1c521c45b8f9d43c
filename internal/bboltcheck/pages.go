package bboltcheck

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// Layout of the pages of a bbolt file, version 2, in the byte order of the
// machine. A page starts with its id (8 bytes), flags (2), the number of its
// elements (2) and the number of pages it continues on (4).
const (
	pageHeaderSize  = 16
	pageElementSize = 16
	bucketHeader    = 16 // root page (8), sequence (8)

	pageIsBranch   = 0x01
	pageIsLeaf     = 0x02
	pageIsMeta     = 0x04
	pageIsFreelist = 0x10

	elementIsBucket = 0x01

	metaMagic    = 0xED0CDAED
	metaVersion  = 2
	metaSize     = 64 // checksum included
	metaChecksum = 56 // its offset: FNV-1a over what is before it
)

// walk verifies a file from its meta pages on. Pages are named by their ids.
type walk struct {
	r        io.ReaderAt
	pageSize uint64
	full     bool // see VerifyAll; otherwise leaves are not read but for their place in the tree

	sequences bool // buckets may have sequence numbers

	used bitmap // the pages seen so far; of leaves that are not read, the first
	torn error  // the damage of one meta page, while the other is intact
}

// pageMetadata is the content of a meta page: where the trees are.
type pageMetadata struct {
	root, freelist, pages, tx uint64
}

// run verifies everything that can be reached from the meta pages.
func (w *walk) run() error {
	meta, err := w.newestMeta()
	if err != nil {
		return err
	}
	if meta.pages < 2 {
		return damage("the file claims %d pages", meta.pages)
	}
	if _, err := w.read(meta.pages-1, 1); err != nil {
		return err
	}
	w.used = newBitmap(meta.pages)
	w.used.set(0)
	w.used.set(1)
	if err := w.tree(meta.root); err != nil {
		return err
	}
	return w.freelist(meta.freelist)
}

// newestMeta returns the newer one of the two meta pages. One may be torn: the
// commit that wrote it did not complete. In a full verification both must be
// intact.
func (w *walk) newestMeta() (pageMetadata, error) {
	a, errA := w.meta(0)
	b, errB := w.meta(1)
	switch {
	case errA != nil && errB != nil:
		return a, errA
	case errA != nil || errB != nil:
		if w.torn = cmp.Or(errA, errB); w.full {
			return a, w.torn
		}
	}
	if errA != nil || errB == nil && b.tx > a.tx {
		return b, nil
	}
	return a, nil
}

// meta reads a meta page.
func (w *walk) meta(id uint64) (m pageMetadata, err error) {
	b, err := w.read(id, 1)
	if err != nil {
		return m, err
	}
	head, body := parsePage(b), b[pageHeaderSize:][:metaSize]
	sum := fnv.New64a()
	sum.Write(body[:metaChecksum])
	e := binary.NativeEndian
	switch {
	case sum.Sum64() != e.Uint64(body[metaChecksum:]), e.Uint32(body) != metaMagic, e.Uint32(body[4:]) != metaVersion:
		return m, damage("meta page %d is damaged", id)
	case uint64(e.Uint32(body[8:])) != w.pageSize:
		return m, damage("meta page %d: want pages of %d bytes, got %d", id, w.pageSize, e.Uint32(body[8:]))
	case head != pageHeader{id: id, flags: pageIsMeta} || !allZero(b[pageHeaderSize+metaSize:]):
		return m, damage("meta page %d is damaged around its checksum", id)
	}
	return pageMetadata{
		root:     e.Uint64(body[16:]),
		freelist: e.Uint64(body[32:]),
		pages:    e.Uint64(body[40:]),
		tx:       e.Uint64(body[48:]),
	}, nil
}

// tree verifies the bucket tree with the given root page, and all the buckets
// in it.
func (w *walk) tree(root uint64) error {
	leaf, err := w.isLeaf(root)
	if err != nil {
		return err
	}
	return w.node(root, leaf, nil, true)
}

// isLeaf reports whether a page is a leaf.
func (w *walk) isLeaf(id uint64) (bool, error) {
	b, err := w.read(id, 1)
	return err == nil && parsePage(b).flags == pageIsLeaf, err
}

// node verifies a page of a tree and what is below it. The first key is the one
// its parent has for it; the root has none. The leaves of a tree are all at one
// depth, and so are those of its subtrees.
func (w *walk) node(id uint64, leaf bool, first []byte, root bool) error {
	if leaf && !root && !w.full {
		return w.use(id, 0)
	}
	b, head, err := w.page(id)
	if err != nil {
		return err
	}
	want := uint16(pageIsBranch)
	if leaf {
		want = pageIsLeaf
	}
	if head.flags != want {
		return damage("page %d: want kind %#x, got %#x", id, want, head.flags)
	}
	elements, end, err := w.elements(b, head)
	if err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	if w.full && !allZero(b[end:]) {
		return damage("page %d has bytes after its end", id)
	}
	if first != nil && (len(elements) == 0 || !bytes.Equal(elements[0].key, first)) {
		return damage("page %d: its first key is not %x", id, first)
	}
	if leaf {
		return w.buckets(elements)
	}
	return w.children(elements)
}

// children verifies the pages below a branch page.
func (w *walk) children(elements []pageElement) error {
	if len(elements) == 0 {
		return damage("branch page without children")
	}
	leaf, err := w.isLeaf(elements[0].child)
	if err != nil {
		return err
	}
	for _, e := range elements {
		if err := w.node(e.child, leaf, e.key, false); err != nil {
			return err
		}
	}
	return nil
}

// buckets verifies the buckets among the elements of a leaf. A small bucket is
// a page inside the element.
func (w *walk) buckets(elements []pageElement) error {
	for _, e := range elements {
		if !e.bucket {
			continue
		}
		if len(e.value) < bucketHeader {
			return damage("bucket %q is cut off", e.key)
		}
		if w.full && !w.sequences && binary.NativeEndian.Uint64(e.value[8:]) != 0 {
			return damage("bucket %q has a sequence number", e.key)
		}
		root, inline := binary.NativeEndian.Uint64(e.value), e.value[bucketHeader:]
		if err := w.bucket(root, inline); err != nil {
			return fmt.Errorf("bucket %q: %w", e.key, err)
		}
	}
	return nil
}

// bucket verifies one bucket, inline if it has no root page.
func (w *walk) bucket(root uint64, inline []byte) error {
	switch {
	case root != 0 && len(inline) == 0:
		return w.tree(root)
	case root != 0 || len(inline) < pageHeaderSize:
		return damage("damaged bucket header")
	}
	head := parsePage(inline)
	if head.id != 0 || head.flags != pageIsLeaf || head.overflow != 0 {
		return damage("damaged inline page header")
	}
	_, end, err := w.elements(inline, head)
	if err == nil && end != uint64(len(inline)) {
		err = damage("bytes follow the inline page")
	}
	return err
}

// freelist verifies the list of free pages: in ascending order, and none in
// use.
func (w *walk) freelist(id uint64) error {
	b, head, err := w.page(id)
	if err != nil {
		return err
	}
	ids := b[pageHeaderSize:]
	count := uint64(head.count)
	if count == 0xffff {
		count, ids = binary.NativeEndian.Uint64(ids), ids[8:]
	}
	if head.flags != pageIsFreelist || count > uint64(len(ids)/8) {
		return damage("page %d is no list of free pages", id)
	}
	last := uint64(1)
	for i := range count {
		free := binary.NativeEndian.Uint64(ids[8*i:])
		if free <= last || free >= w.used.size {
			return damage("page %d: list of free pages is out of order at %d", id, free)
		}
		if err := w.notInUse(free); err != nil {
			return err
		}
		last = free
	}
	if w.full && !allZero(ids[8*count:]) {
		return damage("page %d has bytes after its end", id)
	}
	return nil
}

// notInUse verifies that a free page is part of no tree. Of a leaf that was not read only the
// first page is marked as used: notInUse reads the last such page below the free one.
func (w *walk) notInUse(free uint64) error {
	start, ok := w.used.last(free)
	if !ok {
		return nil
	}
	if start == free {
		return damage("page %d is free and in use", free)
	}
	if w.full || start < 2 {
		return nil
	}
	b, err := w.read(start, 1)
	if err != nil {
		return err
	}
	if head := parsePage(b); head.flags == pageIsLeaf && start+uint64(head.overflow) >= free {
		return damage("page %d is free and in use by page %d", free, start)
	}
	return nil
}

// page reads a page with all pages that it continues on, and marks them as
// used.
func (w *walk) page(id uint64) ([]byte, pageHeader, error) {
	b, err := w.read(id, 1)
	if err != nil {
		return nil, pageHeader{}, err
	}
	head := parsePage(b)
	if head.id != id {
		return nil, head, damage("page %d has the number %d", id, head.id)
	}
	if err := w.use(id, uint64(head.overflow)); err != nil {
		return nil, head, err
	}
	if head.overflow > 0 {
		b, err = w.read(id, 1+uint64(head.overflow))
	}
	return b, head, err
}

// use marks a page, and those it continues on, as used.
func (w *walk) use(id, overflow uint64) error {
	if id < 2 || id >= w.used.size || overflow >= w.used.size-id {
		return damage("page %d and %d more lie outside of the file", id, overflow)
	}
	for i := id; i <= id+overflow; i++ {
		if !w.used.set(i) {
			return damage("page %d is used twice", i)
		}
	}
	return nil
}

// read reads n pages.
func (w *walk) read(id, n uint64) ([]byte, error) {
	if id >= 1<<40 {
		return nil, damage("page %d lies outside of the file", id)
	}
	b := make([]byte, n*w.pageSize)
	if _, err := w.r.ReadAt(b, int64(id*w.pageSize)); err == io.EOF {
		return nil, damage("the file ends in page %d", id)
	} else if err != nil {
		return nil, fmt.Errorf("read page %d: %w", id, err)
	}
	return b, nil
}
