package main

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spvd/spvd/internal/rpc/api"
)

// Sizes of a picture, in columns.
const (
	nameColumns  = 9  // the names of stages, and a space
	wideScreen   = 72 // a stage has one line on a screen as wide as this, else two
	leastBar     = 10 // the shortest bar worth drawing
	longestBar   = 60
	mostAddress  = 30 // of a peer
	tightAddress = 15
)

// style is a colour, as the number of a terminal's control sequence; empty is
// none.
type style string

const (
	plain  style = ""
	bold   style = "1"
	dim    style = "2"
	green  style = "32"
	yellow style = "33"
	red    style = "31"
	cyan   style = "36"
)

// row is one line of a picture, without a line end.
type row struct {
	text  string
	style style
}

// picture returns the lines that show a status and the peers on a screen: none
// is wider, and they are fewer than the rows it has. It is a pure function.
func picture(st *api.SyncStatus, peers []api.PeerInfo, on screen) []row {
	var rows []row
	add := func(s style, text string) { rows = append(rows, row{text, s}) }
	add(bold, overallRow(st, on.columns))
	add(plain, st.Reason)
	if st.Hint != "" {
		add(yellow, st.Hint)
	}
	if st.Error != "" {
		add(red, st.Error)
	}
	for _, w := range st.Warnings {
		add(yellow, "warning: "+w.Text)
	}
	add(plain, "")
	for i := range st.Stages {
		rows = append(rows, stageRows(&st.Stages[i], on.columns)...)
	}
	add(plain, "")
	rows = append(rows, peerRows(peers, on.columns)...)
	return fitted(rows, on)
}

// fitted returns as many of the lines as fit on a screen.
func fitted(rows []row, on screen) []row {
	if most := max(on.rows-1, 1); len(rows) > most {
		rows = rows[:most]
	}
	for i := range rows {
		rows[i].text = fit(rows[i].text, on.columns)
	}
	return rows
}

// overallRow shows the progress over all stages.
func overallRow(st *api.SyncStatus, columns int) string {
	text := fmt.Sprintf("%7s", percent(st.Ratio))
	if st.ETA > 0 {
		text += "  " + span(st.ETA) + " left"
	}
	return fmt.Sprintf("%-*s%s%s", nameColumns-1, st.Phase, barIn(columns-max(nameColumns-1, len(st.Phase))-len(text), st.Ratio), text)
}

// stageRows shows a stage, in two lines on a narrow screen.
func stageRows(s *api.Stage, columns int) []row {
	ratio := 0.0
	if s.Target > 0 {
		ratio = float64(s.Current) / float64(s.Target)
	}
	return gauge(stageName(s.Name), ratio, s, columns)
}

// jobPicture returns the lines that show a job on a screen.
func jobPicture(j *api.Job, on screen) []row {
	heights := api.Stage{Current: j.At, Target: j.Target, Rate: j.Rate, ETA: j.ETA}
	return fitted(gauge(fmt.Sprintf("job %d", j.ID), j.Progress, &heights, on.columns), on)
}

// gauge shows the share that is done, and between which heights, in two lines on a narrow
// screen.
func gauge(name string, ratio float64, s *api.Stage, columns int) []row {
	colour := plain
	switch {
	case ratio >= 1:
		colour = green
	case s.Rate > 0:
		colour = cyan
	}
	name = fmt.Sprintf("%-*s", nameColumns-1, name)
	height := grouped(s.Current) + "/" + grouped(s.Target)
	rate, left := "", ""
	if s.Rate > 0 {
		rate = grouped(int64(s.Rate)) + "/s"
	}
	if s.ETA > 0 {
		left = span(s.ETA)
	}
	share := fmt.Sprintf("%7s", percent(ratio))
	if columns < wideScreen {
		return []row{
			{name + barIn(columns-len(name)-len(share), ratio) + share, colour},
			{strings.TrimRight(fmt.Sprintf("%-*s%s %s %s", nameColumns, "", height, rate, left), " "), colour},
		}
	}
	if left != "" {
		left += " left"
	}
	text := fmt.Sprintf("%s %19s %9s %12s", share, height, rate, left)
	return []row{{strings.TrimRight(name+barIn(columns-len(name)-len(text), ratio)+text, " "), colour}}
}

// stageName returns the name of a stage for people.
func stageName(name string) string {
	if name == api.StageRescan {
		return "wallet"
	}
	return name
}

// barIn returns a bar that with a space before it has so many columns, or nothing if these
// are too few. It is full only at a ratio of 1.
func barIn(columns int, ratio float64) string {
	n := min(columns-3, longestBar)
	if n < leastBar {
		return ""
	}
	full := int(min(max(ratio, 0), 1) * float64(n))
	return " [" + strings.Repeat("#", full) + strings.Repeat("-", n-full) + "]"
}

// peerRows shows the peers as a table: on a narrow screen without what there is
// no room for.
func peerRows(peers []api.PeerInfo, columns int) []row {
	if len(peers) == 0 {
		return []row{{"no peers", dim}}
	}
	address, wide := mostAddress, columns >= wideScreen
	if !wide {
		address = max(tightAddress, columns-22)
	}
	line := func(addr, role, height, rate, last string) string {
		if !wide {
			return fmt.Sprintf("%-*s %9s %11s", address, fit(addr, address), height, rate)
		}
		return fmt.Sprintf("%-*s %-8s %9s %11s  %s", address, fit(addr, address), role, height, rate, last)
	}
	rows := []row{{line("PEER", "ROLE", "HEIGHT", "RATE", "LAST"), dim}}
	for _, p := range peers {
		rows = append(rows, row{text: line(p.Addr, p.Role, grouped(max(p.StartingHeight, p.CurrentHeight)),
			perSecond(p.Rate), cmp.Or(p.LastReason, "-"))})
	}
	return rows
}

// fit shortens a text to so many columns, and takes out of it what could move
// the cursor.
func fit(text string, columns int) string {
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
	if utf8.RuneCountInString(text) <= columns {
		return text
	}
	return string([]rune(text)[:max(columns-1, 0)]) + "…"
}
