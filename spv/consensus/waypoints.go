package consensus

import (
	"bytes"
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strconv"

	"github.com/decred/dcrd/chaincfg/chainhash"
)

// The waypoints that come with the program.
var (
	//go:embed waypoints/waypoints-mainnet.txt
	mainNetWaypoints []byte

	//go:embed waypoints/waypoints-testnet3.txt
	testNet3Waypoints []byte
)

// Known is what is known of a chain beforehand.
type Known struct {
	// Waypoints are blocks of the chain in height order.
	Waypoints []BlockID

	// Work is the least work, in expected hashes, that the chain has in all; nil if the
	// file does not say.
	Work *big.Int
}

// workWord begins the line that holds the least work.
const workWord = "work"

// ParseKnown reads a file of waypoints: lines of a height and a hash in the usual reversed
// hex form, in ascending order of heights, and at most one line of the word work and the
// least work of the chain in up to 64 hex digits. Empty lines and those that begin with #
// are skipped. Errors name the file and the line.
func ParseKnown(file string, text []byte) (Known, error) {
	var known Known
	n := 0
	for line := range bytes.Lines(text) {
		n++
		fields := bytes.Fields(line)
		if len(fields) == 0 || fields[0][0] == '#' {
			continue
		}
		if err := known.parse(fields); err != nil {
			return Known{}, fmt.Errorf("%s:%d: %w", file, n, err)
		}
	}
	return known, nil
}

// parse reads one line.
func (k *Known) parse(fields [][]byte) error {
	if string(fields[0]) == workWord {
		if k.Work != nil {
			return errors.New("a second line with the work of the chain")
		}
		work, err := parseWork(fields)
		k.Work = work
		return err
	}
	point, err := parseWaypoint(fields)
	if err != nil {
		return err
	}
	if n := len(k.Waypoints); n > 0 && k.Waypoints[n-1].Height >= point.Height {
		return fmt.Errorf("height %d does not come after %d", point.Height, k.Waypoints[n-1].Height)
	}
	k.Waypoints = append(k.Waypoints, point)
	return nil
}

// parseWork reads the line with the least work of the chain.
func parseWork(fields [][]byte) (*big.Int, error) {
	if len(fields) != 2 {
		return nil, fmt.Errorf("want the word %s and a number, got %d words", workWord, len(fields))
	}
	work, ok := new(big.Int).SetString(string(fields[1]), 16)
	if !ok || work.Sign() <= 0 || work.BitLen() > 256 {
		return nil, fmt.Errorf("work %q: want a number above zero of up to 64 hex digits", fields[1])
	}
	return work, nil
}

// Apply makes the parameters hold the waypoints instead of those they have, and at least
// the work.
func (k Known) Apply(p *Params) {
	p.Waypoints = k.Waypoints
	if least := p.ChainParams.MinKnownChainWork; k.Work != nil && (least == nil || k.Work.Cmp(least) > 0) {
		params := *p.ChainParams
		params.MinKnownChainWork = k.Work
		p.ChainParams = &params
	}
}

// ParseWaypoints is ParseKnown without all but the waypoints.
func ParseWaypoints(file string, text []byte) ([]BlockID, error) {
	known, err := ParseKnown(file, text)
	return known.Waypoints, err
}

// parseWaypoint reads one line of waypoints.
func parseWaypoint(fields [][]byte) (BlockID, error) {
	if len(fields) != 2 {
		return BlockID{}, fmt.Errorf("want a height and a hash, got %d words", len(fields))
	}
	height, err := strconv.ParseUint(string(fields[0]), 10, 31)
	if err != nil {
		return BlockID{}, fmt.Errorf("height: %w", err)
	}
	if len(fields[1]) != chainhash.MaxHashStringSize {
		return BlockID{}, fmt.Errorf("hash %q: want %d hex digits", fields[1], chainhash.MaxHashStringSize)
	}
	hash, err := chainhash.NewHashFromStr(string(fields[1]))
	if err != nil {
		return BlockID{}, fmt.Errorf("hash %q: %w", fields[1], err)
	}
	return BlockID{Height: Height(height), Hash: *hash}, nil
}

// knowing returns the parameters with what the program itself knows of the chain.
func knowing(p *Params, file string, text []byte) *Params {
	known, err := ParseKnown(file, text)
	if err != nil {
		panic("chain: " + err.Error())
	}
	known.Apply(p)
	return p
}

// CheckWaypoint checks that a block at the height of a waypoint is the
// waypoint. The error is a [*RuleError]. It allocates nothing unless it fails.
func CheckWaypoint(p *Params, id BlockID) error {
	i, ok := slices.BinarySearchFunc(p.Waypoints, id.Height, func(w BlockID, h Height) int {
		return cmp.Compare(w.Height, h)
	})
	if !ok || p.Waypoints[i].Hash == id.Hash {
		return nil
	}
	return &RuleError{Rule: RuleWaypoint, Block: id, Detail: fmt.Sprintf("want the known block %v", p.Waypoints[i].Hash)}
}
