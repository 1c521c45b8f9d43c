package misbehavior

import (
	"errors"
	"maps"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/fault"
)

// ErrNotBanned means that there is no such ban to lift.
var ErrNotBanned = errors.New("address is not banned")

// maxBans bounds the bans that are kept.
const maxBans = 4096

// Ban is a host or an address that is not dialled, because of a proven fault of a peer there
// or because the user has banned it.
type Ban struct {
	// Addr is host:port, or a host for all its ports. A proven fault bans the host, of
	// IPv6 the /64 network in the form address/64. A host that is not routed publicly is
	// banned with the port, for it may be one of several nodes of the user.
	Addr string

	Peer     string // host:port of the peer whose fault was proven; empty for a ban of the user
	Reason   fault.Reason
	Evidence string    // the finding of the proof
	At       time.Time // when the ban began
	Until    time.Time
}

// BanPeer bans the host of a peer for a proven fault until a time, and returns the ban. It
// returns false, and the first ban stays, if the host is banned already. Expired bans are
// removed.
func (r *Record) BanPeer(addr string, why fault.Reason, evidence error, now, until time.Time) (Ban, bool) {
	b := Ban{Addr: addrbook.HostOf(addr), Peer: addr, Reason: why, At: now, Until: until}
	if evidence != nil {
		b.Evidence = evidence.Error()
	}
	if now.Before(r.bans[b.Addr].Until) {
		return b, false
	}
	maps.DeleteFunc(r.bans, func(_ string, old Ban) bool { return !now.Before(old.Until) })
	if len(r.bans) >= maxBans {
		delete(r.bans, r.oldest())
	}
	r.bans[b.Addr] = b
	return b, true
}

// oldest returns the address of the oldest ban, those of the user last.
func (r *Record) oldest() string {
	var oldest Ban
	for _, b := range r.bans {
		byUser, than := b.Reason == fault.Unwanted, oldest.Reason == fault.Unwanted
		if oldest.Addr == "" || byUser != than && than || byUser == than && b.At.Before(oldest.At) {
			oldest = b
		}
	}
	return oldest.Addr
}

// BanKey bans a key, see Key, at the wish of the user. It replaces an earlier ban.
func (r *Record) BanKey(key string, now, until time.Time) {
	r.bans[key] = Ban{Addr: key, Reason: fault.Unwanted, At: now, Until: until}
}

// Unban lifts the ban of exactly this key, whatever it was for, or the ban of its host if the
// fault of the peer with this address was proven; the ban score of the host is forgotten. It
// returns ErrNotBanned if there is none.
func (r *Record) Unban(key string, now time.Time) error {
	lift, host := key, addrbook.HostOf(key)
	if _, _, err := net.SplitHostPort(key); err != nil {
		host = addrbook.HostOf(net.JoinHostPort(key, "1"))
	}
	if !now.Before(r.bans[lift].Until) && r.bans[host].Peer == key {
		lift = host
	}
	if !now.Before(r.bans[lift].Until) {
		return ErrNotBanned
	}
	delete(r.bans, lift)
	delete(r.scores, host)
	return nil
}

// Acquit lifts the ban of the host of an address if it is for invalid data, and forgets the
// ban score of the host. It reports whether there was such a ban. Bans of the user stay.
func (r *Record) Acquit(addr string) bool {
	host := addrbook.HostOf(addr)
	if r.bans[host].Reason != fault.Invalid {
		return false
	}
	delete(r.bans, host)
	delete(r.scores, host)
	return true
}

// Lift removes a ban. The ban score of its host stays.
func (r *Record) Lift(b Ban) { delete(r.bans, b.Addr) }

// Left returns how long an address is still banned, zero or less if it is not. Host is the
// result of addrbook.HostOf for the address.
func (r *Record) Left(addr, host string, now time.Time) time.Duration {
	if len(r.bans) == 0 {
		return 0
	}
	until := r.bans[addr].Until
	for _, key := range []string{host, ipOf(addr)} {
		if of := r.bans[key].Until; of.After(until) {
			until = of
		}
	}
	return until.Sub(now)
}

// ipOf returns the host part of an address of the form host:port, or the address.
func ipOf(addr string) string {
	if host, _, err := net.SplitHostPort(addr); err == nil {
		return host
	}
	return addr
}

// Any reports whether there is a ban, in force or not.
func (r *Record) Any() bool { return len(r.bans) > 0 }

// InForce returns the bans that have not ended, by address.
func (r *Record) InForce(now time.Time) []Ban {
	var bans []Ban
	for _, b := range r.bans {
		if now.Before(b.Until) {
			bans = append(bans, b)
		}
	}
	slices.SortFunc(bans, func(a, b Ban) int { return strings.Compare(a.Addr, b.Addr) })
	return bans
}

// OldestProof returns the oldest ban in force for a proven fault for which of returns true,
// and false if there is none. Bans of the user are left out.
func (r *Record) OldestProof(now time.Time, of func(Ban) bool) (oldest Ban, ok bool) {
	for _, b := range r.bans {
		if !b.Reason.Proven() || !now.Before(b.Until) || !of(b) {
			continue
		}
		if !ok || b.At.Before(oldest.At) || b.At.Equal(oldest.At) && b.Addr < oldest.Addr {
			oldest, ok = b, true
		}
	}
	return oldest, ok
}

// Restore adds bans that an earlier process has kept.
func (r *Record) Restore(bans []Ban) {
	for _, b := range bans {
		r.bans[b.Addr] = b
	}
}
