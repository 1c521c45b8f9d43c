package rpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/rpc/method"
)

// pieces is a client that counts in how many pieces a reply comes, and may not take it.
type pieces struct {
	bytes.Buffer
	n, largest int
	refuse     error
}

func (p *pieces) Write(b []byte) (int, error) {
	p.n, p.largest = p.n+1, max(p.largest, len(b))
	if p.refuse != nil {
		return 0, p.refuse
	}
	return p.Buffer.Write(b)
}

// lists returns a dispatcher of methods that list so many numbers, the last of which may
// fail.
func lists(count int, fails error) *dispatcher {
	each := func(yield func(any) bool) error {
		for i := range count {
			if !yield(strings.Repeat("x", 90) + fmt.Sprint(i)) {
				return nil
			}
		}
		return fails
	}
	handle := func(name string) func(context.Context, *method.Call) (any, error) {
		return func(context.Context, *method.Call) (any, error) {
			s := &method.Stream{Each: each, Name: name}
			if name != "" {
				s.Rest = func() (map[string]any, error) { return map[string]any{"last": 7}, nil }
			}
			return s, nil
		}
	}
	return &dispatcher{
		methods: &method.Registry{Methods: []method.Method{
			{Name: "list", Reads: true, Handle: handle("")},
			{Name: "named", Reads: true, Handle: handle("items")},
			{Name: "status", Reads: true, Quick: true, Handle: func(context.Context, *method.Call) (any, error) { return 1, nil }},
		}},
		batch: 100, replyBytes: 1 << 20, callTime: time.Minute, log: slog.New(slog.DiscardHandler),
		turns: make(slots, 1), quick: make(slots, 1), memory: memory{most: memoryBytes},
	}
}

// TestLongListsAreSentInPieces: a list is sent as it is made, in pieces of bounded size, and
// is the same JSON as a short one.
func TestLongListsAreSentInPieces(t *testing.T) {
	for _, count := range []int{0, 1, 100, 20_000} {
		for _, version := range []string{"1.0", "2.0"} {
			for _, name := range []string{"list", "named"} {
				d, out := lists(count, nil), &pieces{}
				message := fmt.Sprintf(`{"jsonrpc":%q,"method":%q,"id":"a"}`, version, name)
				reply, sent, err := d.answer(t.Context(), &caller{}, []byte(message), out)
				if long := count > 5_000; err != nil || sent != long || long != (out.n > 10) {
					t.Fatalf("%d elements: sent %v in %d pieces, %v", count, sent, out.n, err)
				}
				if sent {
					reply = out.Bytes()
				}
				if out.largest > heldReply+heldPart {
					t.Errorf("a piece has %d bytes", out.largest)
				}
				items, rest := decodeList(t, reply, version, name)
				if len(items) != count || name == "named" && rest != 7 {
					t.Errorf("%d elements of %d, and %d", len(items), count, rest)
				}
				for i, item := range items {
					if !strings.HasSuffix(item, "x"+fmt.Sprint(i)) {
						t.Fatalf("element %d is %s", i, item)
					}
				}
				if len(d.turns) != 0 {
					t.Errorf("%d turns have not ended", len(d.turns))
				}
			}
		}
	}
}

// decodeList decodes a reply with a list.
func decodeList(t *testing.T, reply []byte, version, name string) (items []string, rest int) {
	t.Helper()
	var r struct {
		Version string `json:"jsonrpc"`
		Result  json.RawMessage
		Error   *struct{ Message string }
		ID      string
	}
	if err := json.Unmarshal(reply, &r); err != nil || r.Version != version || r.ID != "a" || r.Error != nil {
		t.Fatalf("the reply is %+v: %v", r, err)
	}
	var named struct {
		Items []string
		Last  int
	}
	into := any(&named)
	if name == "list" {
		into = &named.Items
	}
	if err := json.Unmarshal(r.Result, into); err != nil {
		t.Fatal(err)
	}
	return named.Items, named.Last
}

// TestListsThatFail: a list that fails before it is sent is an error as any other; one that
// fails later is ended and has an error beside it, and one that the client does not take is
// given up.
func TestListsThatFail(t *testing.T) {
	bad := errors.New("bad disk")
	reply, sent, err := lists(10, bad).answer(t.Context(), &caller{}, []byte(`{"method":"list","id":1}`), &pieces{})
	if sent || err != nil || !strings.Contains(string(reply), `"result":null,"error":{`) {
		t.Errorf("a short one: %v, %v, %s", sent, err, reply)
	}
	for _, name := range []string{"list", "named"} {
		out := &pieces{}
		_, sent, err = lists(20_000, bad).answer(t.Context(), &caller{}, []byte(`{"method":"`+name+`","id":1}`), out)
		var r struct {
			Result json.RawMessage
			Error  *struct{ Code int }
		}
		if e := json.Unmarshal(out.Bytes(), &r); e != nil || !sent || err == nil || r.Error == nil {
			t.Errorf("a long one: sent %v, %v; %v, %+v", sent, err, e, r.Error)
		}
	}
	d := lists(20_000, nil)
	_, sent, err = d.answer(t.Context(), &caller{}, []byte(`{"method":"list","id":1}`), &pieces{refuse: bad})
	if !sent || !errors.Is(err, errSent) || len(d.turns) != 0 {
		t.Errorf("one that is not taken: sent %v, %v", sent, err)
	}

	// In a batch a list is held, and bounded.
	reply, _, _ = lists(20_000, nil).answer(t.Context(), &caller{}, []byte(`[{"method":"list","id":1}]`), &pieces{})
	if !strings.Contains(string(reply), "send the call alone") {
		t.Errorf("in a batch: %.200s", reply)
	}
}

// TestQuickCallsDoNotWaitForLists: while a list waits for its client others have its turn,
// and calls that read memory need none.
func TestQuickCallsDoNotWaitForLists(t *testing.T) {
	d := lists(20_000, nil)
	out := &meeting{begun: make(chan struct{}), goOn: make(chan struct{})}
	ended := make(chan error, 1)
	var client sync.WaitGroup
	defer client.Wait()
	client.Go(func() {
		_, _, err := d.answer(t.Context(), &caller{}, []byte(`{"method":"list","id":1}`), out)
		ended <- err
	})
	<-out.begun
	for _, name := range []string{"status", "list"} {
		out := &pieces{}
		if reply, sent, err := d.answer(t.Context(), &caller{}, []byte(`{"method":"`+name+`","id":1}`), out); err != nil || !sent && reply == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	d.turns <- struct{}{} // the turns are taken
	if reply, _, _ := d.answer(t.Context(), &caller{}, []byte(`{"method":"status","id":1}`), nil); !strings.Contains(string(reply), `"result":1`) {
		t.Errorf("without turns: %s", reply)
	}
	d.turns.free()
	close(out.goOn)
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// meeting is a client that waits in the middle of a reply.
type meeting struct {
	begun, goOn chan struct{}
	once        bool
}

func (m *meeting) Write(b []byte) (int, error) {
	if !m.once {
		m.once = true
		close(m.begun)
		<-m.goOn
	}
	return len(b), nil
}
