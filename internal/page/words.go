package page

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
)

// templates returns the templates "page", in it "status", and "login".
func templates() (*template.Template, error) {
	return template.New("").Funcs(template.FuncMap{
		"headline":   headline,
		"mood":       mood,
		"waiting":    waiting,
		"grouped":    grouped,
		"percent":    percent,
		"clock":      clock,
		"span":       span,
		"speed":      speed,
		"title":      func(s string) string { return strings.ToUpper(s[:1]) + s[1:] },
		"done":       func(s api.Stage) bool { return s.Target > 0 && s.Current >= s.Target },
		"atLeastOne": func(n int64) int64 { return max(n, 1) },
		"millis":     func(micros float64) string { return strconv.FormatFloat(micros/1000, 'f', 1, 64) + " ms" },
		"whole":      func(f float64) string { return grouped(int64(f)) },
		"coins":      coins,
		"over":       func(j api.Job) bool { return j.State == api.JobDone || j.State == api.JobCanceled },
		"higher":     func(p api.PeerInfo) string { return grouped(max(p.StartingHeight, p.CurrentHeight)) },
	}).Parse(pageText)
}

// coins returns an amount with commas between groups of three digits.
func coins(a api.Amount) string {
	whole, part, _ := strings.Cut(a.String(), ".")
	text := whole
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	if part != "" {
		text += "." + part
	}
	return text + " DCR"
}

// sentence returns a text with a capital at the begin and a period at the end, nothing for none.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if strings.HasSuffix(text, ".") {
		return text
	}
	return text + "."
}

// headline returns the state in a word or two.
func headline(st api.SyncStatus) string {
	switch {
	case st.Phase == api.PhaseFailed:
		return "Failed"
	case st.Ready:
		return "Synced"
	case st.Peers == 0:
		return "No peers"
	}
	return "Syncing"
}

// mood returns the CSS class for a status.
func mood(st api.SyncStatus) string {
	switch {
	case st.Phase == api.PhaseFailed:
		return "broken"
	case st.Ready:
		return "good"
	case st.Peers == 0:
		return "lonely"
	}
	return "busy"
}

// waiting says what a daemon that is at the tip waits for, on a network with a block per interval.
func waiting(st api.SyncStatus, interval time.Duration) string {
	each := span(int64(interval / time.Second))
	return fmt.Sprintf("Waiting for block %s: there is one in %s on average, and the newest is %s old.", grouped(st.Tip.Height+1), each, span(st.Tip.Age))
}

// grouped returns a number with commas between groups of three digits.
func grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// percent returns a ratio rounded down, so that only all of it is 100 %.
func percent(ratio float64) string { return fmt.Sprintf("%.1f %%", float64(int(ratio*1000))/10) }

// clock returns a moment.
func clock(unix int64) string {
	return time.Unix(unix, 0).UTC().Format("2006-01-02 15:04:05") + " UTC"
}

// span returns a number of seconds in the two largest fitting units.
func span(seconds int64) string {
	switch seconds = max(seconds, 0); {
	case seconds < 60:
		return fmt.Sprintf("%d s", seconds)
	case seconds < 3600 && seconds%60 == 0:
		return fmt.Sprintf("%d min", seconds/60)
	case seconds < 3600:
		return fmt.Sprintf("%d min %d s", seconds/60, seconds%60)
	case seconds < 48*3600:
		return fmt.Sprintf("%d h %d min", seconds/3600, seconds%3600/60)
	}
	return fmt.Sprintf("%d days", seconds/(24*3600))
}

// speed returns a rate in bytes per second; nothing if it was not measured.
func speed(bytes int64) string {
	switch {
	case bytes <= 0:
		return "–"
	case bytes < 1_000_000:
		return fmt.Sprintf("%d kB/s", (bytes+999)/1000)
	}
	return fmt.Sprintf("%.1f MB/s", float64(bytes)/1e6)
}
