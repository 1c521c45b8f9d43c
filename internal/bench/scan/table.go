package scan

import (
	"fmt"
	"strings"
	"time"

	"github.com/spvd/spvd/internal/bench/meter"
	"github.com/spvd/spvd/internal/bench/report"
)

// The parts that the processor time of a rescan is divided into.
const (
	partHash   = "siphash"
	partDecode = "filter decode"
	partLookup = "lookups"
	partStore  = "store"
	partWallet = "wallet"
	partPeers  = "network"
)

func partNames() []string {
	return []string{partHash, partDecode, partLookup, partStore, partWallet, partPeers, meter.Runtime, meter.Other}
}

// rules says which function belongs to which part: the innermost one that is named
// here decides.
func rules() []meter.Rule {
	const module = "github.com/spvd/spvd/"
	return []meter.Rule{
		{Function: module + "spv/match.(*sipKey).", Part: partHash},
		{Function: module + "spv/match.sipEights", Part: partHash},
		{Function: module + "spv/match.(*filter).decode", Part: partDecode},
		{Function: module + "spv/match.decodeValues", Part: partDecode},
		{Function: module + "spv/match.long", Part: partDecode},
		{Function: module + "spv/match.", Part: partLookup},
		{Function: module + "spv/chain.", Part: partStore},
		{Function: module + "wallet.", Part: partWallet},
		{Function: module + "peer.", Part: partPeers},
	}
}

// Tables returns the results as tables in Markdown.
func Tables(rows []Row) string {
	var b strings.Builder
	head(&b, "rescan", "floor", "wall / floor", "CPU", "floor CPU", "CPU / floor", "server CPU", "peak memory", "written")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %d | %d | %.2f s | %.2f s | %.2f | %.2f s | %.2f s | %.2f | %.2f s | %.1f MiB | %.1f MB |\n", r.Blocks, r.Scripts,
			r.Rescan.Wall.Seconds(), r.Floor.Wall.Seconds(), report.Ratio(r.Rescan.Wall, r.Floor.Wall),
			r.Rescan.CPU().Seconds(), r.Floor.CPU().Seconds(), report.Ratio(r.Rescan.CPU(), r.Floor.CPU()),
			r.Rescan.Served.Seconds(), report.Mebibytes(r.Rescan.PeakRSS), float64(r.Rescan.Written)/1e6)
	}
	b.WriteString("\n")
	head(&b, "matching alone", "rescan / matching", "CPU", "rescan CPU / matching CPU", "MatchAny", "MatchAny CPU")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %d | %d | %.2f s | %.2f | %.2f s | %.2f | %s | %s |\n", r.Blocks, r.Scripts,
			r.Match.Wall.Seconds(), report.Ratio(r.Rescan.Wall, r.Match.Wall), r.Match.CPU().Seconds(), report.Ratio(r.Rescan.CPU(), r.Match.CPU()),
			seconds(r.MatchAny.Wall), seconds(r.MatchAny.CPU()))
	}
	b.WriteString("\n")
	head(&b, partNames()...)
	for _, r := range rows {
		fmt.Fprintf(&b, "| %d | %d |", r.Blocks, r.Scripts)
		report.Shares(&b, r.Rescan.Parts, partNames())
	}
	b.WriteString("\n")
	head(&b, "first sync with discovery", "floor: download", "+ match", "wall / floor", "CPU", "floor CPU", "peak memory")
	for _, r := range rows {
		fmt.Fprintf(&b, "| %d | %d | %.2f s | %.2f s | %.2f s | %.2f | %.2f s | %.2f s | %.1f MiB |\n", r.Blocks, r.Scripts,
			r.First.Wall.Seconds(), r.Download.Wall.Seconds(), r.Floor.Wall.Seconds(), report.Ratio(r.First.Wall, r.Download.Wall+r.Floor.Wall),
			r.First.CPU().Seconds(), (r.Download.CPU() + r.Floor.CPU()).Seconds(), report.Mebibytes(r.First.PeakRSS))
	}
	return b.String()
}

// NetworkTable returns first syncs over a network as a table in Markdown.
func NetworkTable(rows []NetworkRow) string {
	var b strings.Builder
	report.Columns(&b, "blocks", "peers", "round trip", "waypoints", "wallet", "matching blocks", "first sync",
		"floor: download", "+ match", "+ fetch", "wall / floor", "CPU", "floor CPU", "peak memory")
	for _, r := range rows {
		floor := r.Download.Wall + r.Match.Wall + r.Fetch.Wall
		fmt.Fprintf(&b, "| %v | %d | %.2f s | %.2f s | %.2f s | %.2f s | %.2f | %.2f s | %.2f s | %.1f MiB |\n", r, r.Matching,
			r.First.Wall.Seconds(), r.Download.Wall.Seconds(), r.Match.Wall.Seconds(), r.Fetch.Wall.Seconds(), report.Ratio(r.First.Wall, floor),
			r.First.CPU().Seconds(), (r.Download.CPU() + r.Match.CPU() + r.Fetch.CPU()).Seconds(), report.Mebibytes(r.First.PeakRSS))
	}
	return b.String()
}

// head writes the head of a table, whose first columns name the row.
func head(b *strings.Builder, columns ...string) {
	report.Columns(b, append([]string{"blocks", "scripts"}, columns...)...)
}

// seconds formats a time that may not have been measured.
func seconds(t time.Duration) string {
	if t == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f s", t.Seconds())
}
