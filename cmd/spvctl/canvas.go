package main

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// canvas draws pictures on a terminal, each over the one before it. The cursor is at the
// beginning of the line below the picture.
type canvas struct {
	out   io.Writer
	drawn []row
}

// draw draws a picture over the last one. It is written at once, each line over
// the one before it, so that nothing flickers.
func (c *canvas) draw(rows []row, on screen) {
	var b strings.Builder
	b.WriteString(c.home(on))
	for _, r := range rows {
		if on.colours && r.style != plain {
			fmt.Fprintf(&b, "\x1b[%sm%s\x1b[0m\x1b[K\n", r.style, r.text)
			continue
		}
		b.WriteString(r.text + "\x1b[K\n")
	}
	b.WriteString("\x1b[J")
	fmt.Fprint(c.out, b.String())
	c.drawn = rows
}

// clear removes the picture from the terminal.
func (c *canvas) clear(on screen) {
	if len(c.drawn) > 0 {
		fmt.Fprint(c.out, c.home(on)+"\x1b[J")
		c.drawn = nil
	}
}

// home returns the sequence that moves the cursor to the start of the last picture. A
// terminal that has become narrower shows its lines in several.
func (c *canvas) home(on screen) string {
	up := 0
	for _, r := range c.drawn {
		up += 1 + max(0, utf8.RuneCountInString(r.text)-1)/max(on.columns, 1)
	}
	if up == 0 {
		return "\r"
	}
	return fmt.Sprintf("\r\x1b[%dA", up)
}
