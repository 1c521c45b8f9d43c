package wallet

// Entry is needed by no other room.
type Entry struct{} // want exported

// entry differs from it by case only.
type entry struct{} // want case

// Sum is used only here.
func Sum() (n int) { // want exported
	return n + len([]entry{}) + int(First)
}

// Kinds of which the type is not shown.
const (
	First  = 1 // want exported
	Second = 2 // want exported
)
