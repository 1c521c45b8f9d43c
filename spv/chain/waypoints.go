package chain

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
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

// ParseWaypoints reads waypoints: lines of a height and a hash in the usual
// reversed hex form, in ascending order of heights. Empty lines and those that
// begin with # are skipped. Errors name the file and the line.
func ParseWaypoints(file string, text []byte) ([]BlockID, error) {
	var points []BlockID
	n := 0
	for line := range bytes.Lines(text) {
		n++
		fields := bytes.Fields(line)
		if len(fields) == 0 || fields[0][0] == '#' {
			continue
		}
		point, err := parseWaypoint(fields)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, n, err)
		}
		if len(points) > 0 && points[len(points)-1].Height >= point.Height {
			return nil, fmt.Errorf("%s:%d: height %d does not come after %d", file, n, point.Height, points[len(points)-1].Height)
		}
		points = append(points, point)
	}
	return points, nil
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

// mustWaypoints parses the waypoints of the program itself.
func mustWaypoints(file string, text []byte) []BlockID {
	points, err := ParseWaypoints(file, text)
	if err != nil {
		panic("chain: " + err.Error())
	}
	return points
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
	return &RuleError{RuleWaypoint, id, fmt.Sprintf("want the known block %v", p.Waypoints[i].Hash)}
}
