package hd

// Limits of the gap limit, in addresses.
const (
	DefaultGap = 20
	MaxGap     = 10_000
)

// Window says which addresses of one branch of an account are watched. It is a
// function of what is used on the chain and what was issued to the user, never
// of the order in which that became known: scanning a chain forwards,
// backwards or in pieces ends with the same window.
type Window struct {
	// Issued is one more than the highest index handed out, Used one more than
	// the highest index seen in a mined transaction. Zero means none.
	Issued, Used uint32
}

// End returns the number of addresses to watch, from index zero on. It is
// always at least gap more than are used, and moves in steps of the gap limit:
// the look-ahead lets a wallet that receives one payment at a time search the
// chain for new addresses once per gap, not once per payment.
func (w Window) End(gap uint32) uint32 {
	return max(w.Covered(gap), w.Issued)
}

// Covered returns the number of addresses that would be watched if none had been issued.
func (w Window) Covered(gap uint32) uint32 { return (w.Used/gap + 2) * gap }

// Next returns the index of the next address to hand out.
func (w Window) Next() uint32 { return max(w.Issued, w.Used) }

// Use marks an index as used.
func (w Window) Use(index uint32) Window {
	w.Used = max(w.Used, index+1)
	return w
}

// Issue hands out an index. It reports whether the index lies beyond the gap
// limit, where a wallet restored from the extended key alone would not find
// payments to it.
func (w Window) Issue(gap uint32) (next Window, index uint32, beyond bool) {
	index = w.Next()
	beyond = index >= w.Used+gap
	w.Issued = index + 1
	return w, index, beyond
}
