package wallet

import (
	"encoding/binary"
	"fmt"

	"github.com/decred/dcrd/txscript/v4"
	bolt "go.etcd.io/bbolt"
)

// maxScripts is how many scripts a wallet can watch. Matching costs time for
// each of them in each block; a million is far beyond what is useful.
const maxScripts = 1 << 20

// spareScripts is how many of these are kept for windows that grow: imports that would
// leave less are refused.
const spareScripts = 1 << 14

// nobody is the number of no script.
const nobody uint32 = 1<<32 - 1

// script is a watched script. Scripts are numbered in the order in which they
// came to be watched, are never forgotten, and never change.
type script struct {
	pay []byte // the payment script, without a stake tag

	// account is the number of the account the script belongs to; branch and
	// index say where in it, unless the account is ImportedAccount.
	account, branch, index uint32

	// born is the birthday of an imported script. Those of accounts have their
	// account's, and this is zero, except for addresses that were handed out: see own.
	born born
}

// own reports whether a script of an account has a birthday of its own: that of an
// address which was handed out beyond what the account's window covers by use. It is
// that old until the window covers it, but no older than the account.
func (s *script) own() bool { return s.account != ImportedAccount && s.born != born{} }

// The scripts bucket. Keys are script numbers (u32) from zero on without holes.
// Values:
//
//	account, branch, index (u32 each)
//	birthday, see appendBorn; zero for scripts that are as old as their accounts
//	payment script (the rest)
var scriptsBucket = []byte("scripts")

// The preimages bucket. Keys are script numbers (u32), values the redeem script
// of a pay-to-script-hash script, or the public key of a pay-to-pubkey-hash
// script, of those that are known.
var preimagesBucket = []byte("preimages")

func (s *script) encode() []byte {
	b := key32(s.account)
	b = binary.BigEndian.AppendUint32(b, s.branch)
	b = binary.BigEndian.AppendUint32(b, s.index)
	b = appendBorn(b, s.born)
	return append(b, s.pay...)
}

func decodeScript(v []byte) (script, error) {
	r := row{rest: v}
	s := script{account: r.u32(), branch: r.u32(), index: r.u32(), born: r.born(), pay: r.tail()}
	r.bad = r.bad || len(s.pay) == 0
	return s, r.done()
}

// loadScripts returns all scripts in the order of their numbers.
func loadScripts(tx *bolt.Tx) ([]script, error) {
	var list []script
	err := all(tx.Bucket(scriptsBucket), func(k, v []byte) error {
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
func saveScripts(tx *bolt.Tx, first uint32, list []script) error {
	b := tx.Bucket(scriptsBucket)
	if uint64(first)+uint64(len(list)) > maxScripts {
		return fmt.Errorf("watch %d scripts: %w", uint64(first)+uint64(len(list)), ErrFull)
	}
	for i := range list {
		if err := b.Put(key32(first+uint32(i)), list[i].encode()); err != nil {
			return err
		}
		if after := list[i].born.after; after != 0 {
			if err := saveAnchored(tx, birthdayUndo{script: true, number: first + uint32(i)}, after); err != nil {
				return err
			}
		}
	}
	return nil
}

// untag returns an output script without the stake tag that may lead it. The
// filters commit to scripts of the stake tree in this form.
func untag(pkScript []byte) []byte {
	if len(pkScript) > 1 && tagged(pkScript[0]) {
		return pkScript[1:]
	}
	return pkScript
}

// tagged reports whether an opcode is a stake tag.
func tagged(op byte) bool {
	switch op {
	case txscript.OP_SSTX, txscript.OP_SSGEN, txscript.OP_SSRTX, txscript.OP_SSTXCHANGE, txscript.OP_TGEN:
		return true
	}
	return false
}
