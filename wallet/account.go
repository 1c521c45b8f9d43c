package wallet

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	bolt "go.etcd.io/bbolt"
)

// ImportedAccount and ImportedName are the number and name under which single
// addresses and scripts are listed; dcrwallet uses the same.
const (
	ImportedAccount uint32 = 1<<31 - 1
	ImportedName           = "imported"
)

// maxName is the longest account name in bytes.
const maxName = 50

// Account is a set of addresses derived from one extended public key.
type Account struct {
	// Number is assigned in the order of import, from zero on, and never
	// changes.
	Number uint32

	// Name is unique in the wallet.
	Name string

	// Xpub is the extended public key. It cannot spend, but whoever has it sees
	// everything the account does.
	Xpub string

	// Birthday is the first height searched for the account, or a date that no block
	// has reached.
	Birthday Birthday

	// Gap is the gap limit in addresses, for each branch.
	Gap uint32

	// Branches are the external and the internal branch.
	Branches [2]Window

	// watched is how many addresses of each branch are watched. It never falls.
	watched [2]uint32

	// covered is, of each branch, up to where scripts have no birthday of their own: what
	// the window covers by use. It is not stored.
	covered [2]uint32

	born born // what Birthday follows from, which is not stored
}

// The accounts bucket. Keys are account numbers (u32). Values:
//
//	name, xpub (each a length u16 and as many bytes)
//	birthday (height u32, Unix seconds u32)
//	gap (u32)
//	external branch, internal branch: issued, used, watched (u32 each)
var accountsBucket = []byte("accounts")

func (a *Account) encode() []byte {
	b := appendBlob(nil, a.Name)
	b = appendBlob(b, a.Xpub)
	b = appendBorn(b, a.born)
	b = binary.BigEndian.AppendUint32(b, a.Gap)
	for i, w := range a.Branches {
		b = binary.BigEndian.AppendUint32(b, w.Issued)
		b = binary.BigEndian.AppendUint32(b, w.Used)
		b = binary.BigEndian.AppendUint32(b, a.watched[i])
	}
	return b
}

func decodeAccount(number uint32, v []byte) (Account, error) {
	r := row{rest: v}
	a := Account{Number: number, Name: r.text(), Xpub: r.text(), born: r.born(), Gap: r.u32()}
	for i := range a.Branches {
		a.Branches[i] = Window{Issued: r.u32(), Used: r.u32()}
		a.watched[i] = r.u32()
	}
	if a.Gap == 0 || a.Gap > MaxGap {
		r.bad = true
		return a, r.done()
	}
	for i, w := range a.Branches {
		a.covered[i] = w.covered(a.Gap)
	}
	return a, r.done()
}

// loadAccounts returns all accounts in the order of their numbers, which have
// no holes.
func loadAccounts(tx *bolt.Tx) ([]Account, error) {
	var list []Account
	err := all(tx.Bucket(accountsBucket), func(k, v []byte) error {
		n := uint32(len(list))
		a, err := decodeAccount(n, v)
		if err != nil || len(k) != 4 || binary.BigEndian.Uint32(k) != n {
			return fmt.Errorf("read account %d: %w", n, ErrCorrupt)
		}
		list = append(list, a)
		return nil
	})
	return list, err
}

func saveAccount(tx *bolt.Tx, a *Account) error {
	return tx.Bucket(accountsBucket).Put(key32(a.Number), a.encode())
}

// checkName refuses names that cannot be shown, or mean something else.
func checkName(name string) error {
	if name == "" || len(name) > maxName || name == "*" || name == ImportedName || strings.TrimSpace(name) != name || !utf8.ValidString(name) {
		return ErrBadName
	}
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return ErrBadName
		}
	}
	return nil
}
