package manual

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/peer/internal/connectivity"
	"github.com/spvd/spvd/peer/internal/dialing"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/misbehavior"
	"github.com/spvd/spvd/peer/internal/roster"
)

// bench is a List under test whose connections are simulated, in a bubble of virtual time.
type bench struct {
	*List
	wg sync.WaitGroup

	mu     sync.Mutex
	life   map[string]time.Duration // of connections with an address; zero refuses them
	open   []string                 // addresses with a connection, and their roles
	served map[string][]time.Time   // when connections were begun
}

// started runs a test with a list that is started.
func started(t *testing.T, test func(t *testing.T, b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{life: make(map[string]time.Duration), served: make(map[string][]time.Time)}
		log := slog.New(slog.DiscardHandler)
		nothing := func() {}
		network := connectivity.New(connectivity.Deps{
			Log: log, Rand: func() uint64 { return 0 }, ProbeEvery: time.Second, Connected: func() bool { return true }, Changed: nothing,
		})
		b.List = New(Deps{
			Log: log, Rand: func() uint64 { return 0 }, DefaultPort: "9108",
			Backoff: dialing.Backoff{Min: 2 * time.Second, Max: 16 * time.Second, Refused: time.Hour},
			Network: network,
			Bans: misbehavior.NewTracker(misbehavior.Deps{
				Log: log, Now: time.Now, For: time.Hour, End: func(func(addr, host string) bool) {}, Lifted: network.Wake, Unsaved: nothing,
			}),
			Roster:    new(roster.Roster),
			Reachable: func(string) error { return nil },
			Testing:   func(host string) bool { return host == "tested" },
			Serve:     b.serve,
		})
		ctx, cancel := context.WithCancel(t.Context())
		b.Start(ctx, &b.wg)
		test(t, b)
		b.Stop()
		cancel()
		b.wg.Wait()
		if len(b.open) != 0 || len(b.once) != 0 {
			t.Errorf("open after the end: %q, %v", b.open, b.once)
		}
	})
}

func (b *bench) serve(ctx context.Context, addr string, role roster.Role, dialled func()) (time.Duration, *fault.Error) {
	life := b.begin(addr, role)
	dialled()
	if life == 0 {
		return 0, fault.Of(addr, errors.New("refused"), fault.DialFailed)
	}
	begin := time.Now()
	select {
	case <-ctx.Done():
	case <-time.After(life):
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open = slices.DeleteFunc(b.open, func(o string) bool { return o == addr+" "+role.String() })
	return time.Since(begin), fault.Of(addr, errors.New("over"), fault.ClosedByPeer)
}

// begin records the begin of a connection, and returns its life.
func (b *bench) begin(addr string, role roster.Role) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.served[addr] = append(b.served[addr], time.Now())
	if b.life[addr] > 0 {
		b.open = append(b.open, addr+" "+role.String())
	}
	return b.life[addr]
}

// lastServed returns when the last connection with an address was begun.
func (b *bench) lastServed(addr string) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	served := b.served[addr]
	return served[len(served)-1]
}

// connections returns the addresses with a connection, and their roles.
func (b *bench) connections() []string {
	synctest.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	slices.Sort(b.open)
	return slices.Clone(b.open)
}

// TestList checks which peers are connected after each command of the user.
func TestList(t *testing.T) {
	started(t, func(t *testing.T, b *bench) {
		for _, addr := range []string{"a:1", "b:9108", "c:1"} {
			b.life[addr] = 1000 * time.Hour
		}
		for _, step := range []struct {
			name string
			do   func() error
			err  error
			want []string
		}{
			{"configure", func() error { return b.Configure([]string{"a:1", "A:1"}, roster.Wanted) }, nil, []string{"a:1 connect"}},
			{"add", func() error { return b.Add("b") }, nil, []string{"a:1 connect", "b:9108 added"}},
			{"add again", func() error { return b.Add("B:9108") }, ErrKnown, []string{"a:1 connect", "b:9108 added"}},
			{"try a tested host", func() error { return b.Try("tested") }, ErrKnown, []string{"a:1 connect", "b:9108 added"}},
			{"try a named one", func() error { return b.Try("b") }, ErrKnown, []string{"a:1 connect", "b:9108 added"}},
			{"try", func() error { return b.Try("c:1") }, nil, []string{"a:1 connect", "b:9108 added", "c:1 once"}},
			{"try again", func() error { return b.Try("c:1") }, ErrKnown, []string{"a:1 connect", "b:9108 added", "c:1 once"}},
			{"remove", func() error { return b.Remove("b") }, nil, []string{"a:1 connect", "c:1 once"}},
			{"remove again", func() error { return b.Remove("b") }, ErrUnknown, []string{"a:1 connect", "c:1 once"}},
			{"stop and add", func() error { b.Stop(); return b.Add("b") }, nil, []string{"a:1 connect", "c:1 once"}},
		} {
			if err := step.do(); !errors.Is(err, step.err) {
				t.Errorf("%s: %v, want %v", step.name, err, step.err)
			}
			if got := b.connections(); !slices.Equal(got, step.want) {
				t.Errorf("after %s connected with %q, want %q", step.name, got, step.want)
			}
		}
		if got := b.Added(); !slices.Equal(got, []string{"b:9108"}) {
			t.Errorf("added: %q", got)
		}
		if got := b.Addrs(); !slices.Equal(got, []string{"a:1", "b:9108"}) {
			t.Errorf("listed: %q", got)
		}
		if got := b.Hosts(); !slices.Equal(got, []string{"a", "b", "c"}) {
			t.Errorf("hosts: %q", got)
		}
	})
}

// TestBackoff checks the pauses between the dials of a peer: doubling while it refuses, short again
// after a long connection, and as long as a ban of its host.
func TestBackoff(t *testing.T) {
	started(t, func(t *testing.T, b *bench) {
		begin := time.Now()
		if err := b.Add("a:1"); err != nil {
			t.Fatal(err)
		}
		<-time.After(25 * time.Second)
		b.mu.Lock()
		b.life["a:1"] = dialing.Stable
		b.mu.Unlock()
		<-time.After(20 * time.Second) // connected at 31 s, to the end of 91 s
		if err := b.deps.Bans.Ban("a", 72*time.Second-20*time.Second-25*time.Second+time.Minute); err != nil {
			t.Fatal(err)
		}
		<-time.After(10 * time.Minute)
		synctest.Wait()
		b.mu.Lock()
		defer b.mu.Unlock()
		want := []time.Duration{0, 1, 3, 7, 15, 23, 31}
		var got []time.Duration
		for _, at := range b.served["a:1"] {
			got = append(got, at.Sub(begin)/time.Second)
		}
		if len(got) < 9 || !slices.Equal(got[:7], want) || got[7] != 45+87 || got[8] != got[7]+61 {
			t.Errorf("dialled after seconds %v, want %v, then %d after the ban, and one second after each connection", got, want, 45+87)
		}
	})
}

// TestBansLiftedOneAfterTheOther checks that each peer is dialled when its ban is lifted, also if
// that of another one was lifted just before, which ends the pauses of all.
func TestBansLiftedOneAfterTheOther(t *testing.T) {
	started(t, func(t *testing.T, b *bench) {
		addrs := []string{"a:1", "b:1", "c:1", "d:1"}
		for _, addr := range addrs {
			if err := b.Add(addr); err != nil {
				t.Fatal(err)
			}
		}
		for range 500 {
			for _, addr := range addrs {
				if err := b.deps.Bans.Ban(addr, 24*time.Hour); err != nil {
					t.Fatal(err)
				}
			}
			<-time.After(2 * time.Hour) // longer than any pause after a failure
			lifted := time.Now()
			for _, addr := range addrs {
				if err := b.deps.Bans.Unban(addr); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
			for _, addr := range addrs {
				if at := b.lastServed(addr); at.Before(lifted) {
					t.Fatalf("%s is not dialled after its ban was lifted", addr)
				}
			}
		}
	})
}
