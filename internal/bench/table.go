package bench

import (
	"fmt"
	"io"
	"strings"

	"github.com/spvd/spvd/internal/bench/report"
)

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
	report.Columns(b, append([]string{"blocks", "peers", "round trip", "waypoints"}, columns...)...)
}

func writeSyncs(b *strings.Builder, results []Result) {
	head(b, "wall", "blocks/s", "floor", "wall / floor", "CPU user + sys", "floor CPU", "allocations", "peak memory", "written / payload", "store / payload")
	for _, r := range results {
		m, f := &r.First, &r.Floor
		fmt.Fprintf(b, "| %v | %.2f s | %.0f | %.2f s | %.2f | %.2f + %.2f s | %.2f s | %.2f M, %.0f MB | %.1f MiB | %.2f | %.2f |\n",
			r.Row, m.Wall.Seconds(), float64(r.Blocks)/m.Wall.Seconds(), f.Wall.Seconds(), report.Ratio(m.Wall, f.Wall),
			m.User.Seconds(), m.System.Seconds(), f.CPU().Seconds(), float64(m.Mallocs)/1e6, float64(m.Alloc)/1e6,
			report.Mebibytes(m.PeakRSS), float64(m.Written)/float64(r.Payload), float64(m.Stored)/float64(r.Payload))
	}
}

func writeParts(b *strings.Builder, results []Result) {
	head(b, partNames()...)
	for _, r := range results {
		fmt.Fprintf(b, "| %v |", r.Row)
		report.Shares(b, r.First.Parts, partNames())
	}
}

func writeRestarts(b *strings.Builder, results []Result) {
	head(b, "restart", "CPU", "peak memory", "a week later", "CPU", "peak memory")
	for _, r := range results {
		fmt.Fprintf(b, "| %v", r.Row)
		for _, m := range []*Measured{&r.Restart, &r.Week} {
			fmt.Fprintf(b, " | %.3f s | %.3f s | %.1f MiB", m.Wall.Seconds(), m.CPU().Seconds(), report.Mebibytes(m.PeakRSS))
		}
		b.WriteString(" |\n")
	}
}
