package votecheck

import "time"

// budget bounds the bytes that are fetched in any hour. It counts them by the minute.
type budget struct {
	most    int64
	minutes []spending // oldest first, of the last hour
}

// spending is what was fetched in a minute.
type spending struct {
	minute int64 // since 1970
	bytes  int64
}

// window is how many minutes count: the current one and those of the hour before it.
const window = 61

// minuteOf returns the number of the minute of a time.
func minuteOf(t time.Time) int64 { return t.Unix() / 60 }

// expire drops what is older than an hour, and what a clock that was set back has left
// in the future.
func (b *budget) expire(now time.Time) {
	current := minuteOf(now)
	kept := b.minutes[:0]
	for _, s := range b.minutes {
		if s.minute > current-window && s.minute <= current {
			kept = append(kept, s)
		}
	}
	b.minutes = kept
}

// spent returns the bytes of the last hour.
func (b *budget) spent(now time.Time) (sum int64) {
	b.expire(now)
	for _, s := range b.minutes {
		sum += s.bytes
	}
	return sum
}

// room returns zero if so many bytes may be fetched now, and otherwise how long to wait
// until they may. More than the budget are never asked for: see Config.validate.
func (b *budget) room(now time.Time, bytes int64) time.Duration {
	over := b.spent(now) + bytes - b.most
	for _, s := range b.minutes {
		if over <= 0 {
			break
		}
		if over -= s.bytes; over <= 0 {
			return time.Unix((s.minute+window)*60, 0).Sub(now)
		}
	}
	return 0
}

// add counts bytes, negative ones if fewer came than were counted before, and returns
// the sum of the minute.
func (b *budget) add(now time.Time, bytes int64) spending {
	b.expire(now)
	current := minuteOf(now)
	if n := len(b.minutes); n == 0 || b.minutes[n-1].minute != current {
		b.minutes = append(b.minutes, spending{minute: current})
	}
	s := &b.minutes[len(b.minutes)-1]
	s.bytes = max(0, s.bytes+bytes)
	return *s
}

// restore counts what a minute is known to have fetched.
func (b *budget) restore(s spending) {
	if n := len(b.minutes); n > 0 && b.minutes[n-1].minute == s.minute {
		b.minutes[n-1] = s
		return
	}
	b.minutes = append(b.minutes, s)
	b.minutes = b.minutes[max(0, len(b.minutes)-window):]
}
