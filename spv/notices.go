package spv

import (
	"slices"
	"sync"
)

// notices are the warnings that optional workers have for the status, by the name of the
// worker.
type notices struct {
	mu      sync.Mutex // guards what follows, held for a moment
	version int        // rises with each change
	lists   map[string][]Warning
}

// Notify replaces the warnings that an optional worker, like the one that writes snapshots,
// has for the status; none withdraws them. Since is ignored. Codes belong to one worker. It may
// be called at any time and from any goroutine, and does not wait.
func (s *Syncer) Notify(worker string, warnings ...Warning) {
	s.notices.mu.Lock()
	defer s.notices.mu.Unlock()
	same := func(a, b Warning) bool { return a.Code == b.Code && a.Text == b.Text && a.Hint == b.Hint }
	if slices.EqualFunc(s.notices.lists[worker], warnings, same) {
		return
	}
	lists := make(map[string][]Warning, len(s.notices.lists)+1)
	for name, list := range s.notices.lists {
		lists[name] = list
	}
	lists[worker] = slices.Clone(warnings)
	s.notices.lists = lists
	s.notices.version++
	select {
	case s.reported <- struct{}{}:
	default:
	}
}

// newer returns the lists, which are not changed any further, if they are newer than a version.
func (n *notices) newer(than int) (lists map[string][]Warning, version int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.version == than {
		return nil, than
	}
	return n.lists, n.version
}

// takeNotices puts the warnings of optional workers into the status.
func (l *loop) takeNotices() {
	lists, version := l.syncer.notices.newer(l.noticesTaken)
	if lists == nil {
		return
	}
	l.noticesTaken = version
	codes := make(map[string]bool)
	for _, list := range lists {
		for _, w := range list {
			codes[w.Code] = true
			l.display.warnOnce(w.Code, w.Text, w.Hint)
		}
	}
	for code := range l.noticed {
		if !codes[code] {
			l.display.unwarn(code)
		}
	}
	l.noticed = codes
}
