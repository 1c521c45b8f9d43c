package peer

import "time"

// How many addresses a peer may announce: one full message, the reply to our request, and a
// few now and then, as nodes announce themselves.
const (
	maxAnnounced   = 1000
	announcedEvery = 10 * time.Second // until one more is allowed
)

// quota counts the addresses that one peer announced. The zero value is a full quota.
type quota struct {
	used int
	at   time.Time
}

// take returns how many of n announced addresses are accepted.
func (q *quota) take(n int, now time.Time) int {
	if regained := int(now.Sub(q.at) / announcedEvery); regained > 0 {
		q.used = max(q.used-regained, 0)
		q.at = now
	}
	n = min(n, maxAnnounced-q.used)
	q.used += n
	return n
}
