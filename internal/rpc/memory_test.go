package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

// TestMessagesShareMemory: what comes is counted as it comes, the small is always read,
// and all is given back.
func TestMessagesShareMemory(t *testing.T) {
	m := memory{most: 1 << 20}
	read := func(size int) (*share, error) {
		s := &share{memory: &m}
		got, err := readMessage(iotest.HalfReader(bytes.NewReader(make([]byte, size))), s)
		if err == nil && len(got) != size {
			t.Fatalf("read %d bytes of %d", len(got), size)
		}
		return s, err
	}
	var held []*share
	for {
		s, err := read(200 << 10)
		held = append(held, s)
		if err != nil {
			if !errors.Is(err, errNoMemory) {
				t.Fatal(err)
			}
			break
		}
		if m.held > m.most {
			t.Fatalf("%d bytes held", m.held)
		}
	}
	if len(held) < 3 || len(held) > 6 {
		t.Errorf("%d messages found room", len(held))
	}
	if _, err := read(freeBytes - 1); err != nil {
		t.Errorf("a small message: %v", err)
	}
	for _, s := range held {
		s.end()
	}
	if m.held != 0 {
		t.Errorf("%d bytes held of nothing", m.held)
	}
	if s, err := read(8 << 20); err == nil { // it grows in pieces, the first of which fits
		s.end()
	}
	big := &share{memory: &m}
	if m.held = 0; !big.grow(8<<20) || big.grow(1) {
		t.Error("a large reply finds room when there is nothing else, and nothing beside it does")
	}
}

// TestElementsAreCounted holds the count of elements against encoding/json.
func TestElementsAreCounted(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	pieces := []string{`{"a":[1,2,{"b":"],["}]}`, `"x,\"y\\"`, `[]`, `[1,[2,3]]`, ` null `, `{}`, `-1.5e3`}
	for n := range 50 {
		var parts []string
		for range n {
			parts = append(parts, pieces[r.IntN(len(pieces))])
		}
		array := "[" + strings.Join(parts, ",") + " ]"
		var want []json.RawMessage
		if err := json.Unmarshal([]byte(array), &want); err != nil {
			t.Fatal(err)
		}
		for _, most := range []int{1, 3, 20, 100} {
			if got := countElements([]byte(array), most); got != min(len(want), most+1) {
				t.Fatalf("%s: %d elements, want %d of %d", array, got, len(want), most)
			}
		}
	}
}

// TestLargeBatchIsNotTakenApart: what a batch of too many calls allocates does not depend
// on how many they are.
func TestLargeBatchIsNotTakenApart(t *testing.T) {
	message := []byte("[" + strings.Repeat("1,", 2<<20) + "1]")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	calls, _ := decodeMessage(message, 1000)
	runtime.ReadMemStats(&after)
	if calls[0].fault == nil || after.TotalAlloc-before.TotalAlloc > 64<<10 {
		t.Errorf("%d bytes allocated for a batch that is refused", after.TotalAlloc-before.TotalAlloc)
	}
}

// TestManyValuesAreNotTakenApart: what a message of more values than one may hold allocates does
// not depend on how many they are, in whatever list or object.
func TestManyValuesAreNotTakenApart(t *testing.T) {
	d := &dispatcher{batch: 1000}
	for _, params := range []string{
		"[" + strings.Repeat("1,", mostValues) + "1]",
		"[[" + strings.Repeat("{},", mostValues) + "{}]]",
		`{"a":1` + strings.Repeat(`,"b":1`, mostValues) + "}",
	} {
		message := []byte(`{"id":1,"method":"getbalance","params":` + params + "}")
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		calls, _ := d.takeApart(&caller{}, message)
		runtime.ReadMemStats(&after)
		if calls[0].fault == nil || after.TotalAlloc-before.TotalAlloc > 64<<10 {
			t.Errorf("%.60s…: %d bytes allocated for a message that is refused", message, after.TotalAlloc-before.TotalAlloc)
		}
	}
}

// TestCountValues: quotes and escapes hide what separates values.
func TestCountValues(t *testing.T) {
	for message, want := range map[string]int{
		"1": 1, "[]": 2, "[1,2]": 3, `{"a":[1,{}],"b":2}`: 6, `["a,b\"[,{",1]`: 3, "[1,1,1,1,1,1,1,1,1,1,1,1]": 11,
	} {
		if got := countValues([]byte(message), 10); got != want {
			t.Errorf("%s has %d values, want %d", message, got, want)
		}
	}
}

// TestRestrictedClientsLeaveMemory: messages of clients that may not make all calls take half of
// the memory, the rest is there for others.
func TestRestrictedClientsLeaveMemory(t *testing.T) {
	m := memory{most: 8 << 20}
	message := func(restricted bool) *share { return &share{memory: &m, restricted: restricted} }
	var held []*share
	for range 16 {
		if s := message(true); s.grow(1 << 20) {
			held = append(held, s)
		}
	}
	if len(held) != 4 {
		t.Errorf("%d messages of restricted clients found room, want 4", len(held))
	}
	own := message(false)
	if !own.grow(4 << 20) {
		t.Error("the user's message finds no room")
	}
	for _, s := range append(held, own) {
		s.end()
	}
	if m.held != 0 || m.restricted != 0 {
		t.Errorf("%d and %d bytes held of nothing", m.held, m.restricted)
	}
	if large := message(true); !large.grow(6 << 20) {
		t.Error("a message larger than half finds no room when there is nothing else")
	}
}
