package state

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/birthday"
	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/rows"
)

// ImportedAccount and ImportedName are the number and name under which single
// addresses and scripts are listed; dcrwallet uses the same.
const (
	ImportedAccount uint32 = 1<<31 - 1
	ImportedName           = "imported"
)

// MaxName is the longest account name in bytes.
const MaxName = 50

// Account is a set of addresses derived from one extended public key.
type Account struct {
	// Number is assigned in the order of import, from zero on, and never
	// changes.
	Number uint32

	// Name is unique in the wallet.
	Name string

	// Xpub is the extended public key. It cannot spend, but it shows
	// all addresses of the account, and so all its payments.
	Xpub string

	// Birthday is the first height searched for the account, or a date that no block
	// has reached.
	Birthday birthday.Birthday

	// Gap is the gap limit in addresses, for each branch.
	Gap uint32

	// Branches are the external and the internal branch.
	Branches [2]hd.Window

	// Watched is how many addresses of each branch are watched. It never falls.
	Watched [2]uint32

	// Covered is, of each branch, up to where scripts have no birthday of their own: what
	// the window covers by use. It is not stored.
	Covered [2]uint32

	Born birthday.Born // what Birthday follows from, which is not stored
}

// The accounts bucket. Keys are account numbers (u32). Values:
//
//	name, xpub (each a length u16 and as many bytes)
//	birthday (height u32, Unix seconds u32)
//	gap (u32)
//	external branch, internal branch: issued, used, watched (u32 each)
var accountsBucket = []byte("accounts")

func (a *Account) encode() []byte {
	b := rows.AppendText(nil, a.Name)
	b = rows.AppendText(b, a.Xpub)
	b = appendBorn(b, a.Born)
	b = binary.BigEndian.AppendUint32(b, a.Gap)
	for i, w := range a.Branches {
		b = binary.BigEndian.AppendUint32(b, w.Issued)
		b = binary.BigEndian.AppendUint32(b, w.Used)
		b = binary.BigEndian.AppendUint32(b, a.Watched[i])
	}
	return b
}

func decodeAccount(number uint32, v []byte) (Account, error) {
	r := rows.Row{Rest: v}
	a := Account{Number: number, Name: r.Text(), Xpub: r.Text(), Born: readBorn(&r), Gap: r.U32()}
	for i := range a.Branches {
		a.Branches[i] = hd.Window{Issued: r.U32(), Used: r.U32()}
		a.Watched[i] = r.U32()
	}
	if a.Gap == 0 || a.Gap > hd.MaxGap {
		r.Bad = true
		return a, r.Done()
	}
	for i, w := range a.Branches {
		a.Covered[i] = w.Covered(a.Gap)
	}
	return a, r.Done()
}

// loadAccounts returns all accounts in the order of their numbers, which have
// no holes.
func loadAccounts(tx *bolt.Tx) ([]Account, error) {
	var list []Account
	err := rows.Each(tx.Bucket(accountsBucket), func(k, v []byte) error {
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
	return tx.Bucket(accountsBucket).Put(rows.Key(a.Number), a.encode())
}

// CheckName refuses names that cannot be shown, or mean something else.
func CheckName(name string) error {
	if name == "" || len(name) > MaxName || name == "*" || name == ImportedName || strings.TrimSpace(name) != name || !utf8.ValidString(name) {
		return ErrBadName
	}
	for _, r := range name {
		if !unicode.IsPrint(r) {
			return ErrBadName
		}
	}
	return nil
}

// HandedOut reports whether a script is imported, or of an address that was handed out or used.
func (s *Snapshot) HandedOut(sc *Script) bool {
	return sc.Account == ImportedAccount || sc.Index < s.Accounts[sc.Account].Branches[sc.Branch].Next()
}

// AccountNames returns the names of all accounts by number, and last that of imported addresses.
func (s *Snapshot) AccountNames() []string {
	names := make([]string, 0, len(s.Accounts)+1)
	for i := range s.Accounts {
		names = append(names, s.Accounts[i].Name)
	}
	return append(names, ImportedName)
}
