package spv

import (
	"testing"
	"time"
)

// TestNotices: warnings of optional workers show at once, side by side, and go when they
// are withdrawn; also those from before a run.
func TestNotices(t *testing.T) {
	c := generate(t, 20, nil)
	inHouse(t, c, nil, func(h *house) {
		has := func(code, text string) func(Status) bool {
			return func(st Status) bool {
				for _, w := range st.Warnings {
					if w.Code == code {
						return w.Text == text
					}
				}
				return text == ""
			}
		}
		h.syncer.Notify("a", Warning{Code: "a-1", Text: "One."}, Warning{Code: "a-2", Text: "Two."})
		h.net.join(&fakePeer{chain: c})
		h.start()
		h.until(time.Minute, "the first", has("a-1", "One."))
		h.untilSyncedTo(time.Minute, c)
		h.syncer.Notify("b", Warning{Code: "b-1", Text: "Three."})
		h.until(time.Second, "the other worker's", has("b-1", "Three."))
		h.syncer.Notify("a", Warning{Code: "a-2", Text: "Four."})
		h.until(time.Second, "the changed one", has("a-2", "Four."))
		st := h.until(time.Second, "the end of the first", has("a-1", ""))
		if !has("b-1", "Three.")(st) || len(st.Warnings) != 2 {
			t.Errorf("got %v", st.Warnings)
		}
		h.syncer.Notify("a")
		h.syncer.Notify("b")
		h.until(time.Second, "the end of all", func(st Status) bool { return len(st.Warnings) == 0 })
	})
}
