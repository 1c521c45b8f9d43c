package peer

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/peertest"
)

// TestUserBans checks that the user can ban an address or all ports of a host, and lift every
// ban, also that of a peer whose fault was proven, which is dialled at once.
func TestUserBans(t *testing.T) {
	chain := peertest.NewChain(2)
	run(t, nil, []func(*peertest.Node){peertest.Good(chain), peertest.Good(chain)}, func(t *testing.T, b *bench) {
		connected := func(want int, when string) {
			t.Helper()
			<-time.After(b.cfg.retryMax)
			synctest.Wait()
			if n := len(b.Infos()); n != want {
				t.Errorf("%s: %d peers, want %d", when, n, want)
			}
		}
		if err := b.Ban("a", time.Hour); err != nil {
			t.Fatal(err)
		}
		connected(1, "a host is banned")
		if err := b.Ban("B:1", time.Hour); err != nil {
			t.Fatal(err)
		}
		connected(0, "an address is banned")
		if bans := b.Bans(); len(bans) != 2 || bans[0].Addr != "a" || bans[1].Addr != "b:1" || bans[0].Reason != fault.Unwanted {
			t.Errorf("bans %+v", bans)
		}
		if err := b.Unban("a:1"); !errors.Is(err, ErrNotBanned) {
			t.Errorf("a ban that does not exist is lifted: %v", err)
		}
		for _, addr := range []string{"a", "b:1"} {
			if err := b.Unban(addr); err != nil {
				t.Error(err)
			}
		}
		connected(2, "the bans are lifted")
		b.Accuse(b.Infos()[0].ID, errors.New("proof"))
		connected(1, "a fault is proven")
		if err := b.Unban(b.Bans()[0].Addr); err != nil {
			t.Error(err)
		}
		<-time.After(b.cfg.retryMin)
		synctest.Wait()
		if n := len(b.Infos()); n != 2 {
			t.Errorf("%d peers after the ban for a proven fault was lifted", n)
		}
		if err := b.Ban("a", 0); err == nil {
			t.Error("a ban of no time")
		}
		for _, wrong := range []string{"", ":1", "a:b", "a:0"} {
			if b.Ban(wrong, time.Hour) == nil || b.Unban(wrong) == nil {
				t.Errorf("%q is accepted", wrong)
			}
		}
		if err := b.Ban("[::1]", time.Hour); err != nil || b.Bans()[0].Addr != "::1" {
			t.Errorf("an IPv6 host: %v, %+v", err, b.Bans())
		}
	})
}
