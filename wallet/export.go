package wallet

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/remembered"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
)

// Export is all of a wallet that no chain tells: what it watches and from when on, what was
// handed out, and what its users have written. A wallet that is made of it says the same about
// the same chain. Unmined transactions are not in it.
type Export struct {
	// Network is the name of the network, as in chaincfg.
	Network string

	// Birthday is that of imports which name none.
	Birthday Birthday

	// Accounts are in the order of their numbers.
	Accounts []ExportedAccount

	// Scripts belong to no account. They are in the order of their bytes.
	Scripts []ExportedScript

	// Labels are texts by address or transaction hash.
	Labels map[string]string

	// Locks are the outputs that are not to be spent, and those that Build has reserved.
	// Their accounts are not set.
	Locks []LockedOutput
}

// ExportedAccount is an account in an Export.
type ExportedAccount struct {
	Name, Xpub string
	Gap        uint32 // in addresses
	Born       Born
	Branches   [2]ExportedBranch // External, Internal
}

// ExportedBranch is a branch of an account in an Export.
type ExportedBranch struct {
	hd.Window

	// Watched is how many addresses are watched, from index zero on. It may be more than the
	// window asks for.
	Watched uint32

	// Late are the birthdays of addresses that were handed out behind what the window covers
	// by use, by index.
	Late map[uint32]Born
}

// ExportedScript is an imported script in an Export.
type ExportedScript struct {
	Script []byte // that pays to it, without a stake tag
	Born   Born

	// Preimage is the redeem script or public key that hashes to it, nil if that is not known.
	Preimage []byte
}

// Born is a birthday as a wallet keeps it: the earliest of up to three.
type Born struct {
	// Height is consensus.Never for none.
	Height consensus.Height

	// Date is zero for none. From is the first height that it includes, consensus.Never while
	// no block has reached it. FromHash is the hash of the block at that height, zero if the
	// wallet does not remember it: then it is too far below the tip to leave the chain.
	Date     time.Time
	From     consensus.Height
	FromHash chainhash.Hash

	// After is the block after which it is; a zero hash is for none.
	After consensus.BlockID
}

// Export returns what a wallet like this one can be made of, of one moment.
func (w *Wallet) Export(ctx context.Context) (*Export, error) {
	e := &Export{Network: w.cfg.Params.ChainParams.Name, Labels: make(map[string]string)}
	err := w.store.View(ctx, func(tx *bolt.Tx, s *state.Snapshot) error {
		r := rows.Row{Rest: tx.Bucket(state.MetaBucket).Get(state.BirthdayKey)}
		e.Birthday = state.ReadBirthday(&r)
		for i := range s.Accounts {
			e.Accounts = append(e.Accounts, exportAccount(s, &s.Accounts[i]))
		}
		for n := range s.Scripts {
			sc := &s.Scripts[n]
			switch {
			case sc.Account == ImportedAccount:
				preimage := bytes.Clone(tx.Bucket(state.PreimagesBucket).Get(rows.Key(uint32(n))))
				e.Scripts = append(e.Scripts, ExportedScript{sc.Pay, exportBorn(s, sc.Born), preimage})
			case sc.Own():
				e.Accounts[sc.Account].Branches[sc.Branch].Late[sc.Index] = exportBorn(s, sc.Born)
			}
		}
		slices.SortFunc(e.Scripts, func(a, b ExportedScript) int { return bytes.Compare(a.Script, b.Script) })
		err := rows.Each(tx.Bucket(state.LabelsBucket), func(k, v []byte) error {
			e.Labels[string(k)] = string(v)
			return nil
		})
		return cmp.Or(r.Done(), err, w.exportLocks(tx, e))
	})
	if err != nil {
		return nil, fmt.Errorf("export wallet: %w", err)
	}
	return e, nil
}

func exportAccount(s *state.Snapshot, a *state.Account) ExportedAccount {
	out := ExportedAccount{Name: a.Name, Xpub: a.Xpub, Gap: a.Gap, Born: exportBorn(s, a.Born)}
	for i := range out.Branches {
		out.Branches[i] = ExportedBranch{Window: a.Branches[i], Watched: a.Watched[i], Late: make(map[uint32]Born)}
	}
	return out
}

func exportBorn(s *state.Snapshot, b birthday.Born) Born {
	out := Born{Height: b.Height, From: consensus.Never}
	if b.Date != 0 {
		out.Date, out.From = time.Unix(int64(b.Date), 0).UTC(), s.Birthdays.Date(b.Date)
		if at, ok := remembered.At(s.Blocks, out.From); ok {
			out.FromHash = at.Hash
		}
	}
	if b.After != 0 {
		out.After = s.Birthdays.Anchors[b.After-1].BlockID
	}
	return out
}

// exportLocks adds the locked and reserved outputs.
func (w *Wallet) exportLocks(tx *bolt.Tx, e *Export) error {
	err := rows.Each(tx.Bucket(ledger.LocksBucket), func(k, v []byte) error {
		op, err := ledger.DecodeLock(k, v)
		e.Locks = append(e.Locks, LockedOutput{OutPoint: op})
		return err
	})
	return cmp.Or(err, ledger.EachReserved(tx, w.cfg.Now(), func(op wire.OutPoint, until time.Time) error {
		e.Locks = append(e.Locks, LockedOutput{OutPoint: op, Until: until.UTC()})
		return nil
	}))
}
