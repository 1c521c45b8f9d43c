package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
)

// ticketUnmined is what this program calls an immature ticket that is not mined.
const ticketUnmined = "unmined"

// ticketStatuses are what may have become of a ticket, in the order of its life.
func ticketStatuses() []string {
	return []string{ticketUnmined, "immature", "live", "voted", "missed", "expired", "unknown"}
}

func ticketsCommand() command {
	return command{
		name:     "tickets",
		synopsis: "tickets [STATUS]",
		summary:  "List the tickets of the wallet, with price and age, and what has become of them.",
		help: `
  tickets         list all, newest first
  tickets live    list those of one status: unmined, immature, live, voted, missed,
                  expired, or unknown for those of others that are spent
  --json          print them as JSON

The chain shows that a ticket has missed its vote when it is revoked. The age of a ticket
that has voted or was revoked ends there, and the reward is what that has added to the
wallet.
`,
		args:  ticketStatuses(),
		flags: []string{"--json"},
		run: func(ctx context.Context, in *invocation) (int, error) {
			words, err := in.words(1)
			if err != nil {
				return exitUsage, err
			}
			status := wordOr(words, "")
			if status != "" && !slices.Contains(ticketStatuses(), status) {
				return exitUsage, usagef("tickets: %q is none of %s", status, strings.Join(ticketStatuses(), ", "))
			}
			write := func(w io.Writer, list []api.TicketInfo) error { return writeTickets(w, list, status, time.Now()) }
			return showMoney(ctx, in, write, "ticketinfo")
		},
	}
}

// writeTickets prints a table of the tickets of a status, all for none, and sums of all of them.
func writeTickets(w io.Writer, list []api.TicketInfo, status string, now time.Time) error {
	counts := make(map[string]int)
	var locked, rewards api.Amount
	t := table{columns: []column{{head: "STATUS"}, {head: "PRICE", align: point}, {head: "REWARD", align: point}, {head: "AGE", align: right},
		{head: "BLOCKS", align: right}, {head: "HEIGHT", align: right}, {head: "TICKET", long: true}}}
	for i := range list {
		k := &list[i]
		is, height := k.Status, grouped(k.BlockHeight)
		if k.BlockHeight < 0 {
			is, height = ticketUnmined, ""
		}
		counts[is]++
		reward, end := "", now.Unix()
		if k.Reward != nil {
			reward, end = fmt.Sprint(*k.Reward), k.SpentTime
			rewards += *k.Reward
		} else if is != "unknown" {
			locked += k.Cost
		}
		if status == "" || is == status {
			t.add(is, fmt.Sprint(k.Cost), reward, span(max(0, end-k.Time)), grouped(k.Age), height, k.Hash)
		}
	}
	if len(list) == 0 {
		return writeLine(w, "no tickets that the wallet has paid for, or that return to it")
	}
	if len(t.rows) > 0 {
		if err := t.write(w); err != nil {
			return err
		}
	}
	var parts []string
	for _, s := range ticketStatuses() {
		if counts[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", counts[s], s))
		}
	}
	_, err := fmt.Fprintf(w, "%s; %v DCR in tickets, %v DCR of rewards\n", strings.Join(parts, ", "), locked, rewards)
	return err
}
