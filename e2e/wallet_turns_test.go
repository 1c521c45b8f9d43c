package e2e

import (
	"testing"

	"github.com/spvd/spvd/e2e/keys"
	"github.com/spvd/spvd/e2e/miner"
	"github.com/spvd/spvd/e2e/node"
)

// restarts: the daemon learns what happened while it was away, whichever way it
// ended.
func (s *story) restarts() {
	stopDaemon(s.T, s.daemon)
	s.receive(savings, keys.External, 8, coinOf)
	s.mine(1)
	send(s.T, s.a, s.spend(spending, s.script(s.T, savings, keys.External, 9), coinOf/5, 1))
	s.mine(1)
	s.start()
	s.agree("stopped and started")

	s.kill()
	s.receive(savings, keys.External, 10, coinOf)
	s.mine(1)
	s.start()
	s.agree("killed and started")
}

// kill ends the daemon as a power cut would.
func (s *story) kill() {
	s.Helper()
	if err := s.daemon.Kill(); err != nil {
		s.Fatal(err)
	}
}

// reorganisation: of two branches one wins. Each spends the same coin in its own
// way; a payment is on both, another one on the losing branch only, and comes back
// in a later block.
func (s *story) reorganisation() {
	s.parts(3, 5, func() {})
	s.parts(2, 4, func() { s.kill() })
}

// parts lets the nodes part, mine so many blocks each, and meet again. Something
// happens to the daemon before.
func (s *story) parts(losing, winning int, before func()) {
	s.Helper()
	agree(s.T, s.b, s.a)
	if err := s.a.Unlink(s.Context(), s.b); err != nil {
		s.Fatal(err)
	}
	coin := s.coin(s.T, s.a, savings, coinOf)
	change := s.script(s.T, savings, keys.Internal, 14)
	both := s.spend(spending, s.script(s.T, savings, keys.External, 11), coinOf/7, 2)
	send(s.T, s.a, both)
	send(s.T, s.a, s.pay(s.T, coin, scriptOf(s.T, "a shop"), coinOf/2, change))
	s.receive(savings, keys.External, 12, coinOf)
	s.mine(losing)
	s.agree("on the branch that will lose")
	before()

	send(s.T, s.b, s.pay(s.T, coin, scriptOf(s.T, "another shop"), coinOf/3, change))
	send(s.T, s.b, both)
	extend(s.T, s.mb, winning)
	s.link()
	agree(s.T, s.a, s.b)
	if s.daemon.Ended() {
		s.start()
	}
	s.agreeOnMined("reorganised")
	if n := waiting(s.T, s.a); n == 0 {
		s.Error("no payment was taken back by the reorganisation")
	}
	s.mine(1)
	s.agree("what was taken back is mined again")
}

// waiting returns how many transactions wait in a node for a block.
func waiting(t *testing.T, n *node.Node) int {
	t.Helper()
	var ids []string
	if err := n.Call(t.Context(), "getrawmempool", &ids); err != nil {
		t.Fatal(err)
	}
	return len(ids)
}

// disapproval: the votes make the transactions of a block void. A reorganisation
// takes the verdict back, and then it is passed for good.
func (s *story) disapproval() {
	s.receive(savings, keys.External, 13, coinOf)
	send(s.T, s.a, s.spend(savings, s.script(s.T, spending, keys.External, 3), coinOf/9, 15))
	s.mine(1)
	s.agree("a block that will be disapproved of")
	agree(s.T, s.b, s.a)
	if err := s.a.Unlink(s.Context(), s.b); err != nil {
		s.Fatal(err)
	}
	s.disapprove()
	extend(s.T, s.mb, 2)
	s.link()
	agree(s.T, s.a, s.b)
	s.agreeOnMined("the verdict reorganised away")
	s.mine(1)
	s.agree("approved after all")

	s.receive(savings, keys.External, 14, coinOf)
	s.mine(1)
	s.disapprove()
	s.mine(1)
	s.agree("void transactions are mined again")
}

// disapprove mines a block on a that disapproves of the one before.
func (s *story) disapprove() {
	s.Helper()
	block, err := s.ma.MineWith(s.Context(), miner.Ballot{Disapprove: true})
	if err != nil {
		s.Fatal(err)
	}
	if block.Header.VoteBits&1 != 0 {
		s.Fatalf("block %d approves of the one before", block.Header.Height)
	}
	s.agreeOnMined("disapproved of")
}

// lateAccount: an account is imported that was paid long ago, in an order that the
// gap limit does not expect. The daemon is killed at once.
func (s *story) lateAccount() {
	for _, index := range []int{135, 69, 50, 33, 15, 0} { // the first stays unknown: it is beyond any gap
		s.receive(late, keys.External, index, coinOf)
		s.mine(1)
	}
	s.importAccount(late)
	s.kill()
	s.start()
	s.agree("an account imported late")
	for _, c := range s.book(s.T, s.a).Coins(late) {
		if string(c.Script) == string(s.script(s.T, late, keys.External, 135)) {
			s.Error("an address beyond the gap is known to the replay")
		}
	}
	send(s.T, s.a, s.spend(late, s.script(s.T, late, keys.External, 70), coinOf/2, 0))
	s.mine(1)
	s.agree("paid by the late account")
	stopDaemon(s.T, s.daemon)
	s.start()
	s.agree("started again in the end")
}
