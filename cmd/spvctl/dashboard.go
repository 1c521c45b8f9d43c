package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/usage"
)

const (
	mostEvents   = 100 // that are kept
	mostWarnings = 2   // that are shown
	leastRows    = 3   // of peers, wallets and events each, with their heads
)

// dashboard is what the command top shows.
type dashboard struct {
	address, network string

	// lost is why there is no connection, empty while there is one, and since when.
	lost  string
	since time.Time

	st      *api.SyncStatus // nil until it is known
	peers   []api.PeerInfo
	wallets []walletState
	hidden  int      // further wallets
	events  []string // newest first
}

// walletState is what is known of a wallet.
type walletState struct {
	name    string
	trouble string       // why it is not up to date
	sums    *api.Balance // nil until they are known
	running []api.Job    // jobs that are not over
}

// lose notes that the connection was lost.
func (d *dashboard) lose(err error, now time.Time) {
	if d.lost == "" {
		d.since = now
		d.event(now, "the connection was lost")
	}
	d.lost = oneLine(err)
}

// found notes that there is a connection.
func (d *dashboard) found(address, network string) {
	d.address, d.network, d.lost = address, network, ""
}

// event adds an event.
func (d *dashboard) event(now time.Time, text string) {
	d.events = slices.Insert(d.events, 0, now.Format(time.TimeOnly)+"  "+text)
	d.events = d.events[:min(len(d.events), mostEvents)]
}

// blocks notes a step of the chain.
func (d *dashboard) blocks(e *api.BlocksEvent, now time.Time) {
	if n := len(e.Disconnected); n > 0 {
		d.event(now, fmt.Sprintf("reorganisation: %s taken back, to %s", usage.Count(n, "block"), grouped(e.Disconnected[n-1].Height-1)))
	}
	switch n := len(e.Connected); {
	case n == 1:
		d.event(now, fmt.Sprintf("block %s %s", grouped(e.Tip.Height), e.Tip.Hash))
	case n > 1:
		d.event(now, fmt.Sprintf("%s blocks, up to %s", grouped(int64(n)), grouped(e.Tip.Height)))
	case e.Gap:
		d.event(now, "many blocks, up to "+grouped(e.Tip.Height))
	}
}

// transactions notes what has become known of a wallet.
func (d *dashboard) transactions(wallet string, e *api.WalletEvent, now time.Time) {
	for _, tx := range e.Transactions {
		where := "not mined"
		if tx.BlockHash != "" {
			where = "in block " + grouped(tx.BlockHeight)
		}
		amount := tx.Amount.String()
		if tx.Amount > 0 {
			amount = "+" + amount
		}
		d.event(now, fmt.Sprintf("%s: %s, %s, %s", wallet, amount, where, tx.TxID))
	}
	for _, txid := range e.Removed {
		d.event(now, fmt.Sprintf("%s: removed %s", wallet, txid))
	}
}

// jobs notes what has become of the jobs of a wallet.
func (d *dashboard) jobs(wallet string, e *api.JobsEvent, now time.Time) {
	for _, j := range e.Jobs {
		if j.State == api.JobDone || j.State == api.JobCanceled {
			d.event(now, fmt.Sprintf("%s: job %d (%s) %s", wallet, j.ID, j.Kind, j.State))
		}
	}
}

// balance notes what a wallet has.
func (d *dashboard) balance(name string, b *api.Balance, jobs []api.Job) {
	w := d.walletOf(name)
	w.trouble, w.sums = "", b
	w.running = slices.DeleteFunc(jobs, func(j api.Job) bool { return j.State == api.JobDone || j.State == api.JobCanceled })
}

// show sets the wallets that are shown.
func (d *dashboard) show(names []string) {
	list := make([]walletState, len(names))
	for i, name := range names {
		list[i] = *d.walletOf(name)
	}
	d.wallets = list
}

// walletOf returns the state of a wallet: one that is shown, else a new one.
func (d *dashboard) walletOf(name string) *walletState {
	for i := range d.wallets {
		if d.wallets[i].name == name {
			return &d.wallets[i]
		}
	}
	return &walletState{name: name}
}

// topPicture returns the lines of the dashboard at a moment: none is wider than the screen, and they
// are no more than the rows it has. It is a pure function.
func topPicture(d *dashboard, now time.Time, on screen) []row {
	rows := d.head(now, on)
	parts := [][]row{d.walletRows(on.columns), peerRows(d.peers, on.columns), d.eventRows()}
	room := on.rows - len(rows)
	given := make([]int, len(parts))
	for i := range parts {
		given[i] = min(len(parts[i]), leastRows)
		room -= given[i] + 1 // and an empty line
	}
	for grown := true; grown && room > 0; { // a line for each in turn
		grown = false
		for i := range parts {
			if room > 0 && given[i] < len(parts[i]) {
				given[i]++
				room--
				grown = true
			}
		}
	}
	wallets, peers, events := parts[0], parts[1], parts[2]
	rows = append(append(rows, row{}), cut(wallets, given[0])...)
	rows = append(append(rows, row{}), cut(peers, given[1])...)
	rows = append(append(rows, row{}), events[:given[2]]...) // older ones are of no interest
	rows = rows[:min(len(rows), max(on.rows, 1))]
	for i := range rows {
		rows[i].text = fit(rows[i].text, on.columns)
	}
	return rows
}

// cut returns so many lines; if some are left out the last one says how many.
func cut(rows []row, most int) []row {
	if len(rows) <= most || most < 1 {
		return rows[:min(len(rows), max(most, 0))]
	}
	return append(slices.Clone(rows[:most-1]), row{fmt.Sprintf("… %d more", len(rows)-most+1), dim})
}

// head returns the lines about the connection and the sync.
func (d *dashboard) head(now time.Time, on screen) []row {
	title := strings.TrimSpace("spvd " + d.network + " " + d.address)
	quit := "q quits"
	rows := []row{{fmt.Sprintf("%-*s %s", max(0, on.columns-len(quit)-1), fit(title, max(0, on.columns-len(quit)-1)), quit), bold}}
	if d.lost != "" {
		rows = append(rows, row{fmt.Sprintf("NOT CONNECTED for %s, connecting again; below is what was known last", span(int64(now.Sub(d.since)/time.Second))), red},
			row{d.lost, red})
	}
	if d.st == nil {
		return append(rows, row{"the status is being asked for", dim})
	}
	st := d.st
	rows = append(rows, row{overallRow(st, on.columns), bold}, row{text: st.Reason})
	for _, text := range []string{st.Hint, st.Error} {
		if text != "" {
			rows = append(rows, row{text, yellow})
		}
	}
	for i, w := range st.Warnings {
		if i == mostWarnings {
			rows = append(rows, row{fmt.Sprintf("… %d more warnings, run: spvctl status", len(st.Warnings)-i), yellow})
			break
		}
		rows = append(rows, row{"warning: " + w.Text, yellow})
	}
	if !st.Ready {
		for i := range st.Stages {
			rows = append(rows, stageRows(&st.Stages[i], on.columns)...)
		}
	}
	return append(rows, row{text: fmt.Sprintf("tip %s, %s old, %s", grouped(st.Tip.Height), span(tipAge(st, now)), st.Tip.Hash)})
}

// tipAge returns how old the tip is at a moment, in seconds.
func tipAge(st *api.SyncStatus, now time.Time) int64 {
	if st.Tip.Time == 0 {
		return 0
	}
	return max(0, now.Unix()-st.Tip.Time)
}

// walletRows returns the lines about the wallets and their jobs.
func (d *dashboard) walletRows(columns int) []row {
	if len(d.wallets) == 0 {
		return []row{{"no wallets", dim}}
	}
	name := min(20, max(8, columns-48))
	line := func(wallet, spendable, unconfirmed, total string) string {
		if columns < wideScreen {
			return fmt.Sprintf("%-*s %15s %15s", name, fit(wallet, name), spendable, total)
		}
		return fmt.Sprintf("%-*s %15s %15s %15s", name, fit(wallet, name), spendable, unconfirmed, total)
	}
	rows := []row{{line("WALLET", "SPENDABLE", "NOT CONFIRMED", "TOTAL"), dim}}
	for i := range d.wallets {
		w := &d.wallets[i]
		switch {
		case w.trouble != "":
			rows = append(rows, row{fmt.Sprintf("%-*s %s", name, fit(w.name, name), w.trouble), red})
		case w.sums == nil:
			rows = append(rows, row{line(w.name, "-", "-", "-"), dim})
		default:
			rows = append(rows, row{text: line(w.name, w.sums.TotalSpendable.String(), w.sums.TotalUnconfirmed.String(), w.sums.CumulativeTotal.String())})
		}
		for _, j := range w.running {
			rows = append(rows, row{fmt.Sprintf("  job %d (%s) %s, %s, at %s of %s", j.ID, j.Kind, j.State, percent(j.Progress), grouped(j.At), grouped(j.Target)), cyan})
		}
	}
	if d.hidden > 0 {
		rows = append(rows, row{fmt.Sprintf("%d more wallets; choose one with: spvctl -w NAME top", d.hidden), dim})
	}
	return rows
}

// eventRows returns the lines about the events.
func (d *dashboard) eventRows() []row {
	if len(d.events) == 0 {
		return []row{{"EVENTS", dim}, {"none yet", dim}}
	}
	rows := []row{{"EVENTS", dim}}
	for _, text := range d.events {
		rows = append(rows, row{text: text})
	}
	return rows
}
