package bench

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"
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

// WriteTables writes the results as tables in Markdown.
func WriteTables(w io.Writer, results []Result) error {
	for _, write := range []func(*strings.Builder, []Result){writeSyncs, writeParts, writeRestarts} {
		var b strings.Builder
		write(&b, results)
		if _, err := fmt.Fprintf(w, "\n%s", b.String()); err != nil {
			return err
		}
	}
	return nil
}

// head writes the head of a table, whose first columns name the row.
func head(b *strings.Builder, columns ...string) {
	columns = append([]string{"blocks", "peers", "round trip", "waypoints"}, columns...)
	fmt.Fprintf(b, "| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
}

func writeSyncs(b *strings.Builder, results []Result) {
	head(b, "wall", "blocks/s", "floor", "wall / floor", "CPU user + sys", "floor CPU", "allocations", "peak memory", "written / payload", "store / payload")
	for _, r := range results {
		m, f := &r.First, &r.Floor
		fmt.Fprintf(b, "| %v | %.2f s | %.0f | %.2f s | %.2f | %.2f + %.2f s | %.2f s | %.2f M, %.0f MB | %.1f MiB | %.2f | %.2f |\n",
			r.Row, m.Wall.Seconds(), float64(r.Blocks)/m.Wall.Seconds(), f.Wall.Seconds(), ratio(m.Wall, f.Wall),
			m.User.Seconds(), m.System.Seconds(), f.CPU().Seconds(), float64(m.Mallocs)/1e6, float64(m.Alloc)/1e6,
			mebibytes(m.PeakRSS), float64(m.Written)/float64(r.Payload), float64(m.Stored)/float64(r.Payload))
	}
}

func writeParts(b *strings.Builder, results []Result) {
	head(b, partNames()...)
	for _, r := range results {
		var all time.Duration
		for _, t := range r.First.Parts {
			all += t
		}
		fmt.Fprintf(b, "| %v |", r.Row)
		for _, part := range partNames() {
			fmt.Fprintf(b, " %.0f %% |", 100*ratio(r.First.Parts[part], all))
		}
		b.WriteString("\n")
	}
}

func writeRestarts(b *strings.Builder, results []Result) {
	head(b, "restart", "CPU", "peak memory", "a week later", "CPU", "peak memory")
	for _, r := range results {
		fmt.Fprintf(b, "| %v", r.Row)
		for _, m := range []*Measured{&r.Restart, &r.Week} {
			fmt.Fprintf(b, " | %.3f s | %.3f s | %.1f MiB", m.Wall.Seconds(), m.CPU().Seconds(), mebibytes(m.PeakRSS))
		}
		b.WriteString(" |\n")
	}
}

func ratio(a, b time.Duration) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

func mebibytes(n uint64) float64 { return float64(n) / (1 << 20) }
