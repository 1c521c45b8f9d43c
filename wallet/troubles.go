package wallet

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// warning is something that is wrong with a wallet, in one sentence, and what to do.
type warning struct{ text, hint string }

// What to do about warnings.
const (
	hintFile = "Mend, restore or move away the file that is named, then load the wallet again: spvctl wallet unload NAME, " +
		"spvctl wallet load NAME. spvd --checkdb says what heals it. The other wallets are served."
	hintFull    = "Spread the accounts over several wallets: spvctl wallet create NAME."
	hintCrowded = "Nothing needs to be done: what is in a block always shows, and this ends an hour after the last such payment. " +
		"If you wait for a payment, wait for its first confirmation."
)

// Troubles implements spv.Troubled: it returns what is wrong with wallets, one sentence
// for each: which could not be opened, which are not taken along the chain, in which
// damage was found, in which an address window cannot grow, and in which relayed payments
// had to make room for others within an hour. Wallets that are open can be read; closing and
// opening a wallet tries again.
func (s *Set) Troubles() []string {
	var list []string
	for _, w := range s.warnings() {
		list = append(list, w.text)
	}
	return list
}

// TroublesHint implements spv.Troubled: it returns what to do about what Troubles returns,
// one paragraph for each kind of them, or nothing without any.
func (s *Set) TroublesHint() string {
	var list []string
	for _, w := range s.warnings() {
		if !slices.Contains(list, w.hint) {
			list = append(list, w.hint)
		}
	}
	return strings.Join(list, " ")
}

// warnings returns what is wrong, in the order of the names: first what is not loaded.
func (s *Set) warnings() []warning {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []warning
	add := func(hint, format string, args ...any) {
		list = append(list, warning{fmt.Sprintf(format, args...), hint})
	}
	for _, name := range slices.Sorted(maps.Keys(s.refused)) {
		add(hintFile, "Wallet %q is not loaded: %v.", name, s.refused[name])
	}
	for _, n := range s.open {
		switch damage := n.store.Damage(); {
		case s.stoppedLocked(n):
			add(hintFile, "Wallet %q has stopped: %v.", n.name, s.troubleLocked(n.name))
		case damage != nil:
			add(hintFile, "Wallet %q may answer wrongly: %v.", n.name, damage)
		}
		if n.store.Now().Full {
			add(hintFull, "Wallet %q watches as many scripts as it can: payments to further addresses will not show.", n.name)
		}
		if n.isCrowded() {
			add(hintCrowded, "More unmined payments are relayed to wallet %q than it keeps: one may not show before it is in a block.", n.name)
		}
	}
	return list
}

// troubleLocked returns what is wrong with a wallet, see FileInfo. The caller holds the lock.
func (s *Set) troubleLocked(name string) error {
	if err := s.refused[name]; err != nil {
		return err
	}
	w := s.byName[name]
	if w == nil {
		return nil
	}
	if damage := w.store.Damage(); damage != nil || !s.stoppedLocked(named{name, w}) {
		return damage
	}
	return s.failed[name]
}

// stop makes a wallet be left out of the steps because it has failed.
func (s *Set) stop(n named, err error) {
	s.cfg.logger().Error("Wallet has stopped", "wallet", n.name, "err", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byName[n.name] == n.Wallet {
		s.failed[n.name] = fmt.Errorf("%s: %w", s.path(n.name), err)
		s.pokeLocked()
	}
}

// stoppedLocked reports whether a wallet has failed, and has not been repaired since. The caller
// holds the lock.
func (s *Set) stoppedLocked(n named) bool {
	if n.repaired.Swap(false) {
		delete(s.failed, n.name)
	}
	return s.failed[n.name] != nil
}
