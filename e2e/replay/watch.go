package replay

// Gap is how many unused addresses in a row an account watches at least, on each
// branch, beyond the last one that is used or was handed out.
const Gap = 20

// Internal is the branch of change addresses.
const Internal = 1

// Imported is the account of what is watched alone.
const Imported = "imported"

// Watch is what a wallet watches.
type Watch struct {
	Accounts []*Account // in the order in which they were imported
	Singles  []Single
}

// Account is an account. It has more addresses than a wallet can know of.
type Account struct {
	Name     string
	Branches [2][]Address
	Issued   [2]int // how many were handed out
}

// Address is an address and the script that pays to it.
type Address struct {
	Address string
	Script  []byte
}

// Single is an address that was imported, and the first height that counts.
type Single struct {
	Address
	Born int64
}

// owner is whom a script belongs to.
type owner struct {
	account  string
	address  string
	internal bool
	born     int64
	used     *int // one more than the highest index in use on the script's branch
	index    int
}

// owners returns the scripts that are known to a wallet that has found so many
// addresses in use.
func (w *Watch) owners(used map[*Account]*[2]int) map[string]*owner {
	all := make(map[string]*owner)
	for _, a := range w.Accounts {
		for branch, list := range a.Branches {
			known := max(used[a][branch]+Gap, a.Issued[branch])
			for index, addr := range list[:min(known, len(list))] {
				all[string(addr.Script)] = &owner{
					account: a.Name, address: addr.Address, internal: branch == Internal,
					used: &used[a][branch], index: index,
				}
			}
		}
	}
	for _, s := range w.Singles {
		all[string(s.Script)] = &owner{account: Imported, address: s.Address.Address, born: s.Born}
	}
	return all
}
