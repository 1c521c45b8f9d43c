package report

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spvd/spvd/internal/bench/meter"
)

// WriteHead writes on which machine and when it was measured.
func WriteHead(w io.Writer, now time.Time, turns int) error {
	_, err := fmt.Fprintf(w, "Measured on %s: %d × %s, %s, %s; median of %d turns.\n",
		now.Format(time.DateOnly), runtime.NumCPU(), processor(), runtime.Version(), runtime.GOOS+"/"+runtime.GOARCH, turns)
	return err
}

// processor returns the name of the processor.
func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// Columns writes the head of a table.
func Columns(b *strings.Builder, names ...string) {
	fmt.Fprintf(b, "| %s |\n|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
}

// Shares writes which share of the processor time each of the named parts has, and
// ends the line.
func Shares(b *strings.Builder, parts meter.Parts, names []string) {
	var all time.Duration
	for _, t := range parts {
		all += t
	}
	for _, name := range names {
		fmt.Fprintf(b, " %.0f %% |", 100*Ratio(parts[name], all))
	}
	b.WriteString("\n")
}

// Ratio returns a / b, or zero if b is zero.
func Ratio(a, b time.Duration) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// Mebibytes returns a number of bytes in MiB.
func Mebibytes(n uint64) float64 { return float64(n) / (1 << 20) }
