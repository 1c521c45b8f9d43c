package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spvd/spvd/internal/rpc/api"
)

// midway returns the status of a daemon in the middle of everything, and its peers.
func midway() (*api.SyncStatus, []api.PeerInfo) {
	st := fetching(1000)
	st.Phase, st.Ratio, st.ETA = "catching-up", 0.4321, 3723
	st.Reason = "3 peers connected, 1 of them without filters for 701,301–701,400: asking 2 more."
	st.Hint = "Wait for other peers, or name one with the connect option."
	st.Warnings = []api.Warning{{Code: "deep-reorg", Text: "A reorganisation took back 7 blocks."}}
	st.Stages = []api.Stage{
		{Name: api.StageHeaders, Current: 1107100, Target: 1107100},
		{Name: api.StageFilters, Current: 701300, Target: 1107100, Rate: 25123.4, ETA: 16},
		{Name: api.StageRescan, Current: 0, Target: 1107100},
	}
	peers := make([]api.PeerInfo, 3)
	for i := range peers {
		peers[i].Addr, peers[i].Role, peers[i].StartingHeight = "203.0.113."+strconv.Itoa(i+1)+":9108", "outbound", 1107100
	}
	peers[0].Rate, peers[0].CurrentHeight = 4_512_000, 1107101
	peers[1].Addr = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion:9108"
	peers[2].LastReason = "slow\x1b[2J"
	return &st, peers
}

// texts returns a picture as text.
func texts(rows []row) string {
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(r.text + "\n")
	}
	return b.String()
}

// TestPictures compares pictures with those in testdata. UPDATE=1 rewrites these.
func TestPictures(t *testing.T) {
	st, peers := midway()
	for _, columns := range []int{80, 40} {
		got := texts(picture(st, peers, screen{columns: columns, rows: 24}))
		wantPicture(t, fmt.Sprintf("watch_%d.txt", columns), got)
	}
}

// wantPicture fails the test unless a picture is that of a file in testdata, which UPDATE=1
// rewrites.
func wantPicture(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
	}
}

func TestPicturesFitEveryScreen(t *testing.T) {
	st, peers := midway()
	for columns := range 200 {
		for _, rows := range []int{1, 2, 10, 50} {
			got := picture(st, peers, screen{columns: columns, rows: rows})
			if len(got) > max(rows-1, 1) {
				t.Errorf("%d lines on %d rows", len(got), rows)
			}
			for _, r := range got {
				if n := utf8.RuneCountInString(r.text); n > max(columns, 1) || strings.ContainsRune(r.text, '\x1b') {
					t.Fatalf("%d columns: %q takes %d", columns, r.text, n)
				}
			}
		}
	}
}

func TestABarIsFullOnlyWhenAllIsDone(t *testing.T) {
	for _, test := range []struct {
		columns int
		ratio   float64
		want    string
	}{
		{13, 0, " [----------]"}, {13, 0.999, " [#########-]"}, {13, 1, " [##########]"}, {13, 2, " [##########]"},
		{12, 1, ""}, {-5, 1, ""},
	} {
		if got := barIn(test.columns, test.ratio); got != test.want {
			t.Errorf("%v in %d columns: %q, want %q", test.ratio, test.columns, got, test.want)
		}
	}
}

// glass is a terminal that knows the sequences a canvas uses.
type glass struct {
	columns int
	lines   []string
	x, y    int
}

// write takes what is written to the terminal.
func (g *glass) write(t *testing.T, text string) {
	sequence := regexp.MustCompile(`^\x1b\[(\d*)([A-Za-z])`)
	for text != "" {
		for g.y >= len(g.lines) {
			g.lines = append(g.lines, "")
		}
		if m := sequence.FindStringSubmatch(text); m != nil {
			text = text[len(m[0]):]
			n, _ := strconv.Atoi(m[1])
			switch m[2] {
			case "A":
				g.y -= n
			case "K":
				g.lines[g.y] = g.lines[g.y][:min(g.x, len(g.lines[g.y]))]
			case "J":
				g.lines = append(g.lines[:g.y], g.lines[g.y][:g.x])
			case "m":
			default:
				t.Fatalf("unknown sequence %q", m[0])
			}
			continue
		}
		switch text[0] {
		case '\r':
			g.x = 0
		case '\n':
			g.x, g.y = 0, g.y+1
		default:
			line := g.lines[g.y] + strings.Repeat(" ", max(0, g.x+1-len(g.lines[g.y])))
			g.lines[g.y], g.x = line[:g.x]+text[:1]+line[g.x+1:], g.x+1
			if g.x > g.columns {
				t.Fatalf("line %q wraps", g.lines[g.y])
			}
		}
		text = text[1:]
	}
}

// TestViewOnATerminal shows a life of statuses: what stays is above, and one
// picture below it.
func TestViewOnATerminal(t *testing.T) {
	for _, colours := range []bool{false, true} {
		var out bytes.Buffer
		on := screen{columns: 80, rows: 24, colours: colours}
		v := newView(&console{out: &out, screen: func() screen { return on }}, false)
		written, code := shown(t, v, &out, statuses()...)
		if code != exitNoPeers {
			t.Errorf("exit code %d", code)
		}
		if strings.Contains(written, "\x1b[32m") != colours {
			t.Errorf("with colours %v: %q", colours, written)
		}
		g := &glass{columns: 80}
		g.write(t, written)
		lost := statuses()[len(statuses())-1]
		want := "synced at block 2,000 aa\nblock 2,001 bb\n" + texts(picture(&lost, nil, on))
		if got := strings.Join(g.lines, "\n"); strings.TrimRight(got, "\n") != strings.TrimRight(want, "\n") {
			t.Errorf("the terminal shows\n%s\nwant\n%s", got, want)
		}
	}
}

// TestANarrowedTerminalIsDrawnOver has a terminal that wraps the lines it shows.
func TestANarrowedTerminalIsDrawnOver(t *testing.T) {
	var out bytes.Buffer
	c := canvas{out: &out}
	c.draw([]row{{text: strings.Repeat("x", 80)}, {text: "y"}, {}}, screen{columns: 80, rows: 24})
	out.Reset()
	c.draw([]row{{text: "z"}}, screen{columns: 40, rows: 24})
	if want := "\r\x1b[4Az\x1b[K\n\x1b[J"; out.String() != want {
		t.Errorf("written %q, want %q", out.String(), want)
	}
}

func TestWantsColours(t *testing.T) {
	for _, test := range []struct {
		environ []string
		want    bool
	}{
		{nil, true}, {[]string{"NO_COLOR="}, true}, {[]string{"A=b", "NO_COLOR=1"}, false},
	} {
		if got := wantsColours(test.environ); got != test.want {
			t.Errorf("%q: %v", test.environ, got)
		}
	}
}

func TestAFileIsNoTerminal(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if terminalOf(f, nil) != nil {
		t.Error("a file can be drawn on")
	}
}
