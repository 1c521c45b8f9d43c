package chain

import "github.com/spvd/spvd/spv/consensus"

// newerBlocks is how many of the newest blocks are looked at for versions that are newer
// than the program.
const newerBlocks = 100

// Newer returns how many of the newest blocks of the staged main chain have a block version
// or a stake version above what the program knows, and how many were looked at. Both
// rise when the network prepares a change of its rules or has made one: block versions
// with the programs of miners, stake versions with those of voters.
//
// It is for the goroutine that writes. The error is one of the store.
func (c *Chain) Newer() (newer, of int, err error) {
	block, stake := consensus.KnownVersions(c.params)
	for h := c.tip.Headers.Height; h > 0 && of < newerBlocks; h-- {
		header := c.main.At(h)
		if header == nil {
			return 0, 0, c.main.failed()
		}
		if of++; header.Version() > block || header.StakeVersion() > stake {
			newer++
		}
	}
	return newer, of, nil
}
