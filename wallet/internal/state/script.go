package state

import (
	"encoding/binary"
	"fmt"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/ledger"
	"github.com/spvd/spvd/wallet/internal/rows"
)

// MaxScripts is how many scripts a wallet can watch. Matching costs time for
// each of them in each block; a million is far beyond what is useful.
const MaxScripts = 1 << 20

// SpareScripts is how many of these are kept for windows that grow: imports that would
// leave less are refused.
const SpareScripts = 1 << 14

// Script is a watched script. Scripts are numbered in the order in which they
// came to be watched, are never forgotten, and never change.
type Script struct {
	Pay []byte // the payment script, without a stake tag

	// account is the number of the account the script belongs to; branch and
	// index say where in it, unless the account is ImportedAccount.
	Account, Branch, Index uint32

	// Born is the birthday of an imported script. Those of accounts have their
	// account's, and this is zero, except for addresses that were handed out: see own.
	Born birthday.Born
}

// Own reports whether a script of an account has a birthday of its own: that of an
// address which was handed out beyond what the account's window covers by use. It is
// that old until the window covers it, but no older than the account.
func (s *Script) Own() bool { return s.Account != ImportedAccount && s.Born != birthday.Born{} }

// The preimages bucket. Keys are script numbers (u32), values the redeem script
// of a pay-to-script-hash script, or the public key of a pay-to-pubkey-hash
// script, of those that are known.
var PreimagesBucket = []byte("preimages")

func (s *Script) Encode() []byte {
	b := rows.Key(s.Account)
	b = binary.BigEndian.AppendUint32(b, s.Branch)
	b = binary.BigEndian.AppendUint32(b, s.Index)
	b = appendBorn(b, s.Born)
	return append(b, s.Pay...)
}

func decodeScript(v []byte) (Script, error) {
	r := rows.Row{Rest: v}
	s := Script{Account: r.U32(), Branch: r.U32(), Index: r.U32(), Born: readBorn(&r), Pay: r.Tail()}
	r.Bad = r.Bad || len(s.Pay) == 0
	return s, r.Done()
}

// loadScripts returns all scripts in the order of their numbers.
func loadScripts(tx *bolt.Tx) ([]Script, error) {
	var list []Script
	err := rows.Each(tx.Bucket(ledger.ScriptsBucket), func(k, v []byte) error {
		s, err := decodeScript(v)
		if err != nil || len(k) != 4 || binary.BigEndian.Uint32(k) != uint32(len(list)) {
			return fmt.Errorf("read script %d: %w", len(list), ErrCorrupt)
		}
		list = append(list, s)
		return nil
	})
	return list, err
}

// saveScripts stores scripts under the numbers from first on.
func saveScripts(tx *bolt.Tx, first uint32, list []Script) error {
	b := tx.Bucket(ledger.ScriptsBucket)
	if uint64(first)+uint64(len(list)) > MaxScripts {
		return fmt.Errorf("watch %d scripts: %w", uint64(first)+uint64(len(list)), ErrFull)
	}
	for i := range list {
		if err := b.Put(rows.Key(first+uint32(i)), list[i].Encode()); err != nil {
			return err
		}
		if after := list[i].Born.After; after != 0 {
			if err := saveAnchored(tx, BirthdayUndo{Script: true, Number: first + uint32(i)}, after); err != nil {
				return err
			}
		}
	}
	return nil
}
