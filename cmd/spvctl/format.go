package main

import (
	"fmt"
	"strconv"
	"time"
)

// grouped returns a number with commas between groups of three digits.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	first := len(digits) % 3
	out := digits[:first]
	for i := first; i < len(digits); i += 3 {
		if out != "" && out != "-" {
			out += ","
		}
		out += digits[i : i+3]
	}
	return out
}

// span returns a number of seconds for people, in the two largest units.
func span(seconds int64) string {
	d := time.Duration(seconds) * time.Second
	day := 24 * time.Hour
	switch {
	case d >= day:
		return fmt.Sprintf("%dd %dh", d/day, d%day/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh %dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm %ds", d/time.Minute, d%time.Minute/time.Second)
	default:
		return fmt.Sprintf("%ds", d/time.Second)
	}
}

// percent returns a ratio with one decimal. It is rounded down, so that only a complete ratio
// is 100 %.
func percent(ratio float64) string {
	return fmt.Sprintf("%.1f%%", float64(int(ratio*1000))/10)
}
