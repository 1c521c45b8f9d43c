package wallet

import (
	"fmt"
	"maps"
	"slices"
)

// Troubles implements spv.Troubled: it returns what is wrong with wallets, one sentence
// for each: which could not be opened, which are not taken along the chain, in which
// damage was found, in which an address window cannot grow, and in which relayed payments
// had to make room for others within an hour. Wallets that are open can be read; closing and
// opening a wallet tries again.
func (s *Set) Troubles() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, name := range slices.Sorted(maps.Keys(s.refused)) {
		list = append(list, fmt.Sprintf("Wallet %q is not loaded: %v.", name, s.refused[name]))
	}
	for _, n := range s.open {
		switch damage := n.Damage(); {
		case s.failed[n.name] != nil:
			list = append(list, fmt.Sprintf("Wallet %q has stopped: %v.", n.name, s.trouble(n.name)))
		case damage != nil:
			list = append(list, fmt.Sprintf("Wallet %q may answer wrongly: %v.", n.name, damage))
		}
		if n.now.Load().full {
			list = append(list, fmt.Sprintf("Wallet %q watches as many scripts as it can: payments to further addresses will not show.", n.name))
		}
		if n.isCrowded() {
			list = append(list, fmt.Sprintf("More unmined payments are relayed to wallet %q than it keeps: one may not show before it is in a block.", n.name))
		}
	}
	return list
}

// trouble returns what is wrong with a wallet, see Listed. The caller holds the lock.
func (s *Set) trouble(name string) error {
	if err := s.refused[name]; err != nil {
		return err
	}
	w := s.byName[name]
	if w == nil {
		return nil
	}
	return cmpOr(w.Damage(), s.failed[name])
}

// stop makes a wallet be left out of the steps because it has failed.
func (s *Set) stop(n named, err error) {
	s.cfg.logger().Error("Wallet has stopped", "wallet", n.name, "err", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byName[n.name] == n.Wallet {
		s.failed[n.name] = fmt.Errorf("%s: %w", s.path(n.name), err)
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
