package addrbook

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/decred/dcrd/wire"
)

// Config says which addresses a book accepts. The zero value accepts public IP addresses.
type Config struct {
	Local bool   // also addresses that are not routed publicly
	Onion bool   // also the names of Tor services
	Port  uint16 // the network's own; zero if all ports are alike
}

// Announced is an address as a peer or a seeder announces it: none of it is a fact.
type Announced struct {
	Addr     string // host:port, the host an IP address or an onion name
	Services uint64
	Seen     time.Time // when its source last saw the node
}

// Book is the table.
type Book struct {
	cfg    Config
	random *rand.Rand

	all    map[string]*record // by address
	order  []*record          // the same, in an order that follows from the calls
	nTried int

	hosts       ranking // new addresses by host
	newGroups   ranking // new addresses by group
	sources     ranking // new addresses by source, an entry may have several
	triedHosts  map[string]*record
	triedGroups ranking // tried addresses by group
}

// New returns an empty book that takes its random numbers from the given source.
func New(cfg Config, random *rand.Rand) *Book {
	return &Book{
		cfg:         cfg,
		random:      random,
		all:         make(map[string]*record),
		hosts:       newRanking(),
		newGroups:   newRanking(),
		sources:     newRanking(),
		triedHosts:  make(map[string]*record),
		triedGroups: newRanking(),
	}
}

// Accepts returns the canonical spelling of an address, and whether the book accepts it.
func (b *Book) Accepts(addr string) (string, bool) {
	addr, ok := Canonical(addr)
	if !ok {
		return "", false
	}
	host := HostOf(addr)
	if IsOnion(host) {
		return addr, b.cfg.Onion
	}
	// The port belongs to the host only if the address is not routed publicly.
	return addr, b.cfg.Local || host != addr
}

// Standard reports whether an address has the network's own port.
func (b *Book) Standard(addr string) bool {
	return b.cfg.Port == 0 || strings.HasSuffix(addr, ":"+strconv.Itoa(int(b.cfg.Port)))
}

// Learn adds addresses that a source announces: the address of a peer, of the form host:port,
// or the name of a seeder. It returns how many were new to the book.
func (b *Book) Learn(source string, list []Announced, now time.Time) (added int) {
	source = GroupOf(source)
	for _, a := range list {
		addr, ok := b.Accepts(a.Addr)
		if !ok || a.Services&uint64(wire.SFNodeNetwork) == 0 || now.Sub(a.Seen) > MaxAge {
			continue
		}
		if known := b.all[addr]; known != nil {
			known.heard = now
			b.share(known, source)
			continue
		}
		e := b.newEntry(addr, now)
		e.services, e.sources = a.Services, []string{source}
		if b.insert(e, now) {
			added++
		}
	}
	return added
}

// newEntry returns an entry that is not in the book.
func (b *Book) newEntry(addr string, now time.Time) *record {
	return &record{addr: addr, host: HostOf(addr), group: GroupOf(addr), standard: b.Standard(addr), added: now, heard: now}
}

// share adds a source to a new address. At the limit the source with the most addresses is
// removed, unless that is the one to be added.
func (b *Book) share(e *record, source string) {
	if e.tried() || slices.Contains(e.sources, source) || len(b.sources.of(source)) >= MaxOfSource {
		return
	}
	if len(e.sources) == MaxSources {
		greediest := slices.MaxFunc(e.sources, func(x, y string) int {
			return cmp.Compare(len(b.sources.of(x)), len(b.sources.of(y)))
		})
		if len(b.sources.of(greediest)) <= len(b.sources.of(source)) {
			return
		}
		b.detach(e, greediest)
	}
	e.sources = append(e.sources, source)
	b.sources.add(source, e)
}

// detach removes one of several sources of a new address.
func (b *Book) detach(e *record, source string) {
	b.sources.remove(source, e)
	e.sources = slices.DeleteFunc(e.sources, func(s string) bool { return s == source })
}

// insert adds a new address with one source, and evicts another one at a limit. It reports
// false, and adds nothing, if the address is worse than all that could be evicted.
func (b *Book) insert(e *record, now time.Time) bool {
	if tried := b.triedHosts[e.host]; tried != nil && tried.failures == 0 {
		return false // a node was met at this host, and another port of it adds nothing
	}
	if len(b.hosts.of(e.host)) >= MaxNewHost && !b.evictFor(e, b.hosts.of(e.host), now) {
		return false
	}
	if len(b.newGroups.of(e.group)) >= MaxNewGroup && !b.evictFor(e, b.newGroups.of(e.group), now) {
		return false
	}
	source := e.sources[0]
	if of := b.sources.of(source); len(of) >= MaxOfSource {
		victim := b.worst(of, now)
		if len(victim.sources) > 1 {
			b.detach(victim, source)
		} else {
			b.remove(victim)
		}
	}
	if len(b.order)-b.nTried >= MaxNew {
		b.remove(b.worst(b.sources.largest(), now))
	}
	b.add(e)
	return true
}

// evictFor evicts the worst of some new addresses and reports true, or false if the newcomer
// is worse.
func (b *Book) evictFor(newcomer *record, of []*record, now time.Time) bool {
	victim := b.worst(of, now)
	if b.badness(newcomer, now).worse(b.badness(victim, now)) {
		return false
	}
	b.remove(victim)
	return true
}

// worst returns the worst of some new addresses, any of equal ones.
func (b *Book) worst(of []*record, now time.Time) *record {
	var worst *record
	var how badness
	first := b.random.IntN(len(of))
	for i := range of {
		e := of[(first+i)%len(of)]
		if bad := b.badness(e, now); worst == nil || bad.worse(how) {
			worst, how = e, bad
		}
	}
	return worst
}

// add adds an entry to all indexes.
func (b *Book) add(e *record) {
	b.all[e.addr] = e
	e.index = len(b.order)
	b.order = append(b.order, e)
	if e.tried() {
		b.nTried++
		b.triedHosts[e.host] = e
		b.triedGroups.add(e.group, e)
		return
	}
	b.hosts.add(e.host, e)
	b.newGroups.add(e.group, e)
	for _, s := range e.sources {
		b.sources.add(s, e)
	}
}

// remove removes an entry from all indexes.
func (b *Book) remove(e *record) {
	delete(b.all, e.addr)
	last := b.order[len(b.order)-1]
	b.order[e.index], last.index = last, e.index
	b.order = b.order[:len(b.order)-1]
	if e.tried() {
		b.nTried--
		delete(b.triedHosts, e.host)
		b.triedGroups.remove(e.group, e)
		return
	}
	b.hosts.remove(e.host, e)
	b.newGroups.remove(e.group, e)
	for _, s := range e.sources {
		b.sources.remove(s, e)
	}
}

// Worked records that a node answers at an address now, as a handshake or an open connection
// shows, and the services it offers. Of one host one address is kept: the one that does not
// fail, or else has the network's own port.
func (b *Book) Worked(addr string, services uint64, now time.Time) {
	addr, ok := b.Accepts(addr)
	if !ok {
		return // a name, for which only the user can vouch
	}
	e := b.newEntry(addr, now)
	if known := b.all[addr]; known != nil {
		b.remove(known)
		e.added, e.heard = known.added, known.heard
	}
	if other := b.triedHosts[e.host]; other != nil {
		if other.failures == 0 && (other.standard || !e.standard) {
			return
		}
		b.remove(other)
	}
	e.services, e.attempted, e.worked = services, now, now
	b.addTried(e, now)
}

// addTried adds a tried address, and evicts another one at a limit: of its group, or of
// the group with the most.
func (b *Book) addTried(e *record, now time.Time) {
	b.add(e)
	if e.failures == 0 { // other ports of the host add nothing
		for _, other := range slices.Clone(b.hosts.of(e.host)) {
			b.remove(other)
		}
	}
	if len(b.triedGroups.of(e.group)) > MaxTriedGroup {
		b.remove(b.worstTried(e, b.triedGroups.of(e.group), now))
	}
	if b.nTried > MaxTried {
		b.remove(b.worstTried(e, b.triedGroups.largest(), now))
	}
}

// worstTried returns the tried address that has failed most often, or else has not worked for
// the longest time. It returns the newcomer only if there is no other.
func (b *Book) worstTried(newcomer *record, of []*record, now time.Time) *record {
	return slices.MinFunc(of, func(x, y *record) int {
		return cmp.Or(
			cmp.Compare(oneIf(x == newcomer), oneIf(y == newcomer)),
			cmp.Compare(oneIf(y.expired(now)), oneIf(x.expired(now))),
			cmp.Compare(y.failures, x.failures),
			x.worked.Compare(y.worked),
			x.added.Compare(y.added),
			strings.Compare(x.addr, y.addr))
	})
}

// Failed records that no node answered at an address. It counts against the address only if
// the network works, as other connections show.
func (b *Book) Failed(addr string, counts bool, now time.Time) {
	e := b.find(addr)
	if e == nil {
		return
	}
	e.attempted = now
	if counts {
		e.failures++
	}
	if e.expired(now) {
		b.remove(e)
	}
}

// Forget removes an address.
func (b *Book) Forget(addr string) {
	if e := b.find(addr); e != nil {
		b.remove(e)
	}
}

// find returns the entry of an address, nil if there is none.
func (b *Book) find(addr string) *record {
	addr, _ = Canonical(addr)
	return b.all[addr]
}

// Len returns how many addresses are tried and how many are new.
func (b *Book) Len() (tried, new int) { return b.nTried, len(b.order) - b.nTried }
