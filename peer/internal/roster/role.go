package roster

// Role is why a connection exists.
type Role uint8

// The roles.
const (
	Wanted   Role = iota // one of the only peers that the user wants
	Added                // the user added this peer
	Once                 // the user asked for one connection
	Outbound             // chosen from the book
	Renewal              // exists while another connection to this peer is replaced
	Search               // chosen from the book in search of newer blocks
)

// String returns the role in lower case.
func (r Role) String() string {
	switch r {
	case Wanted:
		return "connect"
	case Added:
		return "added"
	case Once:
		return "once"
	case Outbound:
		return "outbound"
	case Renewal:
		return "renewal"
	case Search:
		return "search"
	}
	return "unknown"
}
