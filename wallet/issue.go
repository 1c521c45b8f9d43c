package wallet

import (
	"context"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/state"
)

// Issued is an address handed out to be paid to.
type Issued struct {
	Address string
	Account string
	Branch  uint32 // External or Internal
	Index   uint32

	// BeyondGap says that the address lies further behind the last used one
	// than the gap limit. This wallet watches it; one restored from the extended
	// key alone would not find payments to it without a higher gap limit.
	BeyondGap bool
}

// GapPolicy says what NewAddress does behind the gap limit.
type GapPolicy uint8

// The policies.
const (
	GapRefuse GapPolicy = iota // return ErrBehindGap
	GapIgnore                  // hand out the address
	GapWrap                    // hand out once more the oldest address that was never paid
)

// NewAddress hands out the next unused address of a branch of an account. The
// address is watched when NewAddress returns. One that the account's window does not
// cover by use is new: unless Config.SearchIssued says otherwise, only blocks after the
// wallet's tip count, until the window covers it. With GapWrap it is, at the gap limit, one
// that was handed out before: the first behind the last paid one. The errors are ErrNoAccount,
// ErrImported and, by the policy, ErrBehindGap.
func (w *Wallet) NewAddress(ctx context.Context, account string, branch uint32, policy GapPolicy) (Issued, error) {
	if branch > hd.Internal {
		return Issued{}, fmt.Errorf("new address: account %q has no branch %d", account, branch)
	}
	out := Issued{Account: account, Branch: branch}
	err := w.store.Update(ctx, func(tx *bolt.Tx, s *state.Snapshot) (*state.Snapshot, error) {
		a, err := s.Named(account)
		if err != nil {
			return nil, err
		}
		next := s.WithAccounts()
		window := &next.Accounts[a.Number].Branches[branch]
		unpaid := window.Used
		*window, out.Index, out.BeyondGap = window.Issue(a.Gap)
		switch {
		case out.BeyondGap && policy == GapRefuse:
			return nil, ErrBehindGap
		case out.BeyondGap && policy == GapWrap:
			out.Index, out.BeyondGap = unpaid, false
			out.Address, err = w.derivedAddress(a, branch, out.Index)
			return s, err
		}
		var issued birthday.Born
		if !w.cfg.SearchIssued {
			issued = next.Birthdays.KeepAfter(next.Tip, next.Tip.Height, next.Blocks)
		}
		if next, err = w.edit(tx).Extend(next, 0, issued); err != nil {
			return nil, err
		}
		out.Address, err = w.derivedAddress(a, branch, out.Index)
		next.StartScan()
		return next, err
	})
	switch {
	case err != nil && policy == GapRefuse:
		return Issued{}, err
	case err != nil:
		return Issued{}, fmt.Errorf("new address: %w", err)
	}
	if out.BeyondGap {
		w.cfg.Log.Warn("Address was handed out behind the gap limit; it is watched, and a wallet restored from the key alone would not find it",
			"account", account, "branch", branch, "index", out.Index)
	}
	return out, nil
}

// NextIndex returns the index of the address that NewAddress would hand out next:
// one more than that of the last one of the branch that was handed out or used.
// The errors are ErrNoAccount and ErrImported.
func (w *Wallet) NextIndex(account string, branch uint32) (uint32, error) {
	a, err := w.store.Now().Named(account)
	if err != nil {
		return 0, err
	}
	if branch > hd.Internal {
		return 0, fmt.Errorf("account %q has no branch %d", account, branch)
	}
	return a.Branches[branch].Next(), nil
}

// derivedAddress returns the address at an index of a branch.
func (w *Wallet) derivedAddress(a *state.Account, branch, index uint32) (string, error) {
	key, err := hd.BranchKey(w.cfg.Params.ChainParams, a.Xpub, branch)
	if err != nil {
		return "", err
	}
	pay, err := hd.Script(w.cfg.Params.ChainParams, key, index)
	if err != nil {
		return "", err
	}
	return hd.ScriptAddress(w.cfg.Params.ChainParams, pay), nil
}

// Addresses returns the addresses of an account that were handed out or used,
// or those imported for the name ImportedName. The error is ErrNoAccount.
func (w *Wallet) Addresses(account string) ([]string, error) {
	s := w.store.Now()
	number := ImportedAccount
	if account != ImportedName {
		a, err := s.Named(account)
		if err != nil {
			return nil, err
		}
		number = a.Number
	}
	var list []string
	for i := range s.Scripts {
		sc := &s.Scripts[i]
		if sc.Account != number || !s.HandedOut(sc) {
			continue
		}
		if addr := hd.ScriptAddress(w.cfg.Params.ChainParams, sc.Pay); addr != "" {
			list = append(list, addr)
		}
	}
	return list, nil
}
