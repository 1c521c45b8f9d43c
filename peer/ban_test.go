package peer

import (
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spvd/spvd/peer/internal/addrbook"
	"github.com/spvd/spvd/peer/internal/fault"
	"github.com/spvd/spvd/peer/internal/peertest"
)

// TestAccuse checks that a proven fault bans with its evidence, is logged as an error, keeps
// the address from being dialled, and that the ban expires.
func TestAccuse(t *testing.T) {
	chain := peertest.NewChain(3)
	run(t, nil, []func(*peertest.Node){peertest.Good(chain), peertest.Good(chain)}, func(t *testing.T, b *bench) {
		bad := b.Infos()[0]
		b.Accuse(bad.ID, errors.New("filter of block 7 does not prove"))
		synctest.Wait()
		if left := b.only(); left.ID == bad.ID {
			t.Error("the accused peer is the one left")
		}
		bans := b.Bans()
		want := Ban{Addr: addrbook.HostOf(bad.Addr), Peer: bad.Addr, Reason: fault.Invalid, Evidence: "filter of block 7 does not prove", At: time.Now(), Until: time.Now().Add(24 * time.Hour)}
		if len(bans) != 1 || bans[0] != want {
			t.Errorf("bans %+v, want %+v", bans, want)
		}
		if said := b.log.reasons(slog.LevelError); !slices.Equal(said, []string{fault.Invalid.String()}) {
			t.Errorf("logged errors: %q", said)
		}

		b.Accuse(bad.ID, errors.New("more")) // the peer has disconnected and is banned already
		if !slices.Equal(b.Bans(), bans) {
			t.Errorf("second evidence changed the ban: %v", b.Bans())
		}
		<-time.After(23 * time.Hour)
		b.only()
		<-time.After(time.Hour + b.cfg.retryMax)
		if len(b.Infos()) != 2 || len(b.Bans()) != 0 {
			t.Errorf("after a day: %d peers, bans %v", len(b.Infos()), b.Bans())
		}
	})
}

// TestAccuseDeparted checks that a fault can be proven after the connection has ended, and
// that an unknown id bans no peer.
func TestAccuseDeparted(t *testing.T) {
	run(t, nil, []func(*peertest.Node){(*peertest.Node).Welcome}, func(t *testing.T, b *bench) {
		b.Accuse(0, errors.New("no peer"))
		b.Accuse(12345, errors.New("no peer"))
		if len(b.Bans()) != 0 {
			t.Errorf("bans %v", b.Bans())
		}
		b.Accuse(1, errors.New("late proof"))
		if bans := b.Bans(); len(bans) != 1 || bans[0].Addr != "a" || bans[0].Peer != "a:1" {
			t.Errorf("bans %v", bans)
		}
	})
}

// TestAcquit checks that the ban of an accused peer is lifted and the peer connected again,
// and that a ban of the user stays.
func TestAcquit(t *testing.T) {
	chain := peertest.NewChain(3)
	run(t, nil, []func(*peertest.Node){peertest.Good(chain), peertest.Good(chain)}, func(t *testing.T, b *bench) {
		accused, vetoed := b.Infos()[0], b.Infos()[1]
		b.Accuse(accused.ID, errors.New("a rule that is no more"))
		synctest.Wait()
		b.Acquit(accused.ID)
		b.Acquit(12345)
		<-time.After(time.Minute)
		if len(b.Bans()) != 0 || len(b.Infos()) != 2 {
			t.Errorf("bans %v, %d peers", b.Bans(), len(b.Infos()))
		}
		if err := b.Ban(vetoed.Addr, time.Hour); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		b.Acquit(vetoed.ID)
		if bans := b.Bans(); len(bans) != 1 || bans[0].Addr != vetoed.Addr {
			t.Errorf("bans %v", bans)
		}
	})
}
