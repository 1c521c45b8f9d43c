package main

import (
	"io"
	"strings"
	"unicode/utf8"
)

// align is how the cells of a column are aligned.
type align uint8

const (
	left align = iota
	right
	point // numbers, with their decimal points below each other
)

// column is a column of a table.
type column struct {
	head  string
	align align

	// long columns get lines of their own where the terminal is too narrow for the table,
	// whole, so that their content can be copied.
	long bool
}

// table is a list for people.
type table struct {
	columns []column
	rows    [][]string // a cell for each column
}

// add adds a row.
func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// paper is a terminal of a known width. Other writers have no limit.
type paper struct {
	io.Writer
	columns int
}

// gutter separates two columns.
const gutter = "  "

// write prints the table: one line for each row if they fit.
func (t *table) write(w io.Writer) error {
	cells, width := t.aligned()
	p, narrow := w.(paper)
	narrow = narrow && width > p.columns
	var b strings.Builder
	for i, row := range cells {
		var below []string
		line := ""
		for j, cell := range row {
			switch text := strings.TrimSpace(cell); {
			case narrow && t.columns[j].long && i == 0:
			case narrow && t.columns[j].long && text != "":
				below = append(below, gutter+text)
			case narrow && t.columns[j].long:
			default:
				line += cell + gutter
			}
		}
		for _, line := range append([]string{line}, below...) {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// aligned returns the heads and the rows with all cells of a column equally wide, and
// how wide a row is in all.
func (t *table) aligned() (cells [][]string, width int) {
	cells = make([][]string, 1+len(t.rows))
	for j, c := range t.columns {
		texts := make([]string, len(t.rows))
		for i, row := range t.rows {
			texts[i] = row[j]
		}
		if c.align == point {
			texts = pointed(texts)
		}
		texts = append([]string{c.head}, texts...)
		most := 0
		for _, text := range texts {
			most = max(most, utf8.RuneCountInString(text))
		}
		for i, text := range texts {
			space := strings.Repeat(" ", most-utf8.RuneCountInString(text))
			if c.align == left {
				cells[i] = append(cells[i], text+space)
			} else {
				cells[i] = append(cells[i], space+text)
			}
		}
		width += most + len(gutter)
	}
	return cells, width - len(gutter)
}

// pointed returns numbers with spaces behind them, so that their points are below each
// other when they stand at the right.
func pointed(texts []string) []string {
	behind := func(text string) int {
		if i := strings.IndexByte(text, '.'); i >= 0 {
			return len(text) - i
		}
		return 0
	}
	most := 0
	for _, text := range texts {
		most = max(most, behind(text))
	}
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = text + strings.Repeat(" ", most-behind(text))
	}
	return out
}
