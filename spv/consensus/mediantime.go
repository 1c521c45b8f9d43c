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
