package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
)

// textWidth is the width of a line between its name and its time.
const textWidth = 62

// printer writes one line per step. On a terminal the line of the current step
// shows how far it is and is overwritten.
type printer struct {
	out      *os.File
	terminal bool
	begun    time.Time // the demo
	step     time.Time // the current step
	open     bool      // the last line can still be overwritten
}

func newPrinter(out *os.File) *printer {
	p := &printer{out: out, begun: time.Now(), step: time.Now()}
	if info, err := out.Stat(); err == nil {
		p.terminal = info.Mode()&os.ModeCharDevice != 0
	}
	return p
}

// begin starts the clock of a step and says what is being done.
func (p *printer) begin(name, format string, operands ...any) {
	p.step = time.Now()
	p.now(name, format, operands...)
}

// now prints how far the current step is. It shows on terminals only.
func (p *printer) now(name, format string, operands ...any) {
	if !p.terminal {
		return
	}
	fmt.Fprintf(p.out, "\r\x1b[K%-8s %s …", name, fmt.Sprintf(format, operands...))
	p.open = true
}

// done ends a step with what came of it and the time it took.
func (p *printer) done(name, format string, operands ...any) {
	p.line(name, fmt.Sprintf(format, operands...), duration(time.Since(p.step)))
}

// say writes a line without a time.
func (p *printer) say(name, format string, operands ...any) {
	p.line(name, fmt.Sprintf(format, operands...), "")
}

// line writes a line that stays.
func (p *printer) line(name, text, took string) {
	p.clear()
	if took == "" {
		fmt.Fprintf(p.out, "%-8s %s\n", name, text)
		return
	}
	fmt.Fprintf(p.out, "%-8s %-*s %8s\n", name, textWidth, text, took)
}

// clear takes back a line that was not to stay.
func (p *printer) clear() {
	if p.open {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.open = false
	}
}

// duration writes a time with the digits that matter.
func duration(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	default:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
}

// grouped writes a number with commas.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
