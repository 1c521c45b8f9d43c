package consensus

// medianBlocks is the number of blocks that the median time is taken of.
const medianBlocks = 11

// MedianTime returns the median timestamp, in Unix seconds, of the eleven
// blocks that end with the one at the given height, and of all of them where
// the chain has fewer. Of an even number the later one of the two in the
// middle counts. It returns zero if one of them is out of reach.
func MedianTime(a Ancestors, tip Height) int64 {
	var times [medianBlocks]int64
	n := 0
	for h := tip; h >= 0 && n < medianBlocks; h-- {
		block := a.At(h)
		if block == nil {
			return 0
		}
		// Insert into what is sorted already: chains are nearly sorted
		// backwards, and eleven is few.
		t, i := block.Timestamp(), n
		for ; i > 0 && times[i-1] > t; i-- {
			times[i] = times[i-1]
		}
		times[i] = t
		n++
	}
	return times[n/2]
}

// afterMedian reports whether a time, in Unix seconds, is after the median timestamp of the blocks
// that end with the one at the given height: more than half of them are earlier, and mostly these
// are the newest, so that no others are looked at. It reports false for ok if one that it needs is
// out of reach.
func afterMedian(a Ancestors, tip Height, t int64) (after, ok bool) {
	n := min(medianBlocks, int(tip)+1)
	earlier := 0
	for h := tip; h > tip-Height(n); h-- {
		block := a.At(h)
		if block == nil {
			return false, false
		}
		if block.Timestamp() < t {
			if earlier++; earlier > n/2 {
				return true, true
			}
		}
	}
	return false, true
}
