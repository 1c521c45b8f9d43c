package wallet

import (
	"fmt"
	"maps"
	"slices"
)

// Troubles implements spv.Troubled: it returns what is wrong with wallets, one sentence
// for each, by name: why a wallet is not taken along the chain, that an address window
// cannot grow, or that relayed payments had to make room for others within an hour. Those that are not taken along can be read; unloading and loading
// such a wallet tries again.
func (s *Set) Troubles() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, name := range slices.Sorted(maps.Keys(s.failed)) {
		list = append(list, fmt.Sprintf("Wallet %q has stopped: %v.", name, s.failed[name]))
	}
	for _, n := range s.open {
		if n.now.Load().full {
			list = append(list, fmt.Sprintf("Wallet %q watches as many scripts as it can: payments to further addresses will not show.", n.name))
		}
		if n.isCrowded() {
			list = append(list, fmt.Sprintf("More unmined payments are relayed to wallet %q than it keeps: one may not show before it is in a block.", n.name))
		}
	}
	return list
}

// stop makes a wallet be left out of the steps because it has failed.
func (s *Set) stop(n named, err error) {
	s.cfg.logger().Error("Wallet has stopped", "wallet", n.name, "err", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byName[n.name] == n.Wallet {
		s.failed[n.name] = err
		s.poke()
	}
}

// stopped reports whether a wallet has failed. The caller holds the lock.
func (s *Set) stopped(n named) bool { return s.failed[n.name] != nil }

// isFull reports whether a window lacks addresses.
func (s *snapshot) isFull() bool {
	for i := range s.accounts {
		for branch := range s.accounts[i].Branches {
			if a := &s.accounts[i]; a.watched[branch] < a.end(branch) {
				return true
			}
		}
	}
	return false
}
