package method

// Stream is a result that is an array, or an object that begins with one, of elements that
// are made one after the other: a list that is never whole in memory. Each calls yield for
// the elements, in order, until it returns false; it is called once.
type Stream struct {
	Each func(yield func(element any) bool) error

	// Name is the name of the array in the object; empty if the result is the array.
	// Rest returns the members of the object that follow, and is called after Each.
	Name string
	Rest func() (members map[string]any, err error)
}
