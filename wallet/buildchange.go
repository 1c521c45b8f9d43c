package wallet

import (
	"cmp"

	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/state"
)

// changeTo is where the change of a transaction goes.
type changeTo struct {
	issued *Issued   // nil for an address that the request has named, and without change
	next   hd.Window // the window of the branch once the address is handed out
	again  bool      // the address was handed out before
}

// changeScript returns the payment script of the change, nil if there is nowhere to send
// it.
func (b *building) changeScript() ([]byte, error) {
	address := cmp.Or(b.Sweep, b.ChangeAddress)
	if address == "" {
		var err error
		if address, err = b.chooseChange(); err != nil || address == "" {
			return nil, err
		}
	}
	out, err := b.w.PaymentTo(address, 0)
	if err != nil {
		return nil, err
	}
	return out.PkScript, nil
}

// chooseChange returns the address of the account that gets the change, empty if no account
// can.
func (b *building) chooseChange() (string, error) {
	branch := hd.Internal
	if b.ChangeExternal {
		branch = hd.External
	}
	name := cmp.Or(b.ChangeAccount, b.Account)
	if b.ChangeAccount == "" && (name == "" || name == ImportedName) {
		if name = b.someAccount(); name == "" {
			return "", nil
		}
	}
	a, err := b.s.Named(name)
	if err != nil {
		return "", err
	}
	out := &Issued{Account: a.Name, Branch: branch}
	window := a.Branches[branch]
	b.change.next, out.Index, b.change.again = window.Issue(a.Gap)
	if b.change.again {
		out.Index = window.Used // the oldest one that was never paid
	}
	if out.Address, err = b.w.derivedAddress(a, branch, out.Index); err != nil {
		return "", err
	}
	b.change.issued = out
	return out.Address, nil
}

// someAccount returns the account of the first coin that belongs to one with a key, or else
// the first account.
func (b *building) someAccount() string {
	for i := range b.coins {
		if b.coins[i].Account != ImportedName {
			return b.coins[i].Account
		}
	}
	if len(b.s.Accounts) > 0 {
		return b.s.Accounts[0].Name
	}
	return ""
}

// issueChange hands out the address of the change, if there is change, and returns the next
// snapshot.
func (b *building) issueChange() (*state.Snapshot, error) {
	to := &b.change
	if to.issued == nil || b.built.Change < 0 {
		return b.s, nil
	}
	b.built.ChangeTo = to.issued
	a, err := b.s.Named(to.issued.Account)
	if err != nil {
		return nil, err
	}
	if b.built.ChangeIndex, err = accountIndex(a); err != nil {
		return nil, err
	}
	if to.again {
		return b.s, nil
	}
	next := b.s.WithAccounts()
	next.Accounts[a.Number].Branches[to.issued.Branch] = to.next
	var issued birthday.Born
	if !b.w.cfg.SearchIssued {
		issued = next.Birthdays.KeepAfter(next.Tip, next.Tip.Height, next.Blocks)
	}
	if next, err = b.w.edit(b.tx).Extend(next, 0, issued); err != nil {
		return nil, err
	}
	next.StartScan()
	return next, nil
}
