package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/safetext"
	"github.com/spvd/spvd/internal/usage"
)

const clientsMethod = "getservinginfo"

func clientsCommand() command {
	return command{
		name:     "clients",
		synopsis: "clients",
		summary:  "List the light clients that spvd serves.",
		help: `
  --json     print them as JSON

spvd serves other light clients at the addresses of its setting listen. SENT and RECEIVED are
bytes of the connection, BLOCKS the number of blocks sent. A client that follows has asked
for new blocks to be announced by their headers.
`,
		flags: []string{"--json"},
		run: func(ctx context.Context, in *invocation) (int, error) {
			if _, err := in.words(0); err != nil {
				return exitUsage, err
			}
			return show(ctx, in, writeClients, clientsMethod)
		},
	}
}

// writeClients prints a table of clients, the addresses, and sums.
func writeClients(w io.Writer, s api.Serving) error {
	if len(s.Listeners) == 0 {
		_, err := fmt.Fprintln(w, "no light clients are served (start spvd with --listen IP:PORT)")
		return err
	}
	t := table{columns: []column{
		{head: "ID", align: right}, {head: "ADDRESS"}, {head: "SINCE"}, {head: "SENT", align: right}, {head: "RECEIVED", align: right},
		{head: "BLOCKS", align: right}, {head: "FOLLOWS"}, {head: "AGENT", long: true},
	}}
	for _, c := range s.Clients {
		follows := "no"
		if c.Follows {
			follows = "yes"
		}
		t.add(fmt.Sprint(c.ID), safetext.Escape(c.Addr, ""), time.Unix(c.ConnTime, 0).UTC().Format(time.DateTime), byteSize(c.BytesSent),
			byteSize(c.BytesRecv), grouped(int64(c.Blocks)), follows, cmp.Or(safetext.Escape(c.SubVer, ""), "-"))
	}
	if len(s.Clients) > 0 {
		if err := t.write(w); err != nil {
			return err
		}
	}
	if _, err := fmt.Fprintf(w, "%s, %s sent, %s received, %s blocks of which %s fetched from peers, %s transactions passed on\n",
		usage.Count(len(s.Clients), "client"), byteSize(s.BytesSent), byteSize(s.BytesRecv), grouped(int64(s.Blocks)), grouped(int64(s.Fetched)),
		grouped(int64(s.Transactions))); err != nil {
		return err
	}
	for _, l := range s.Listeners {
		state := "not served yet: the store is not open"
		switch {
		case l.Bound != "":
			state = "served at " + safetext.Escape(l.Bound, "")
		case l.Trouble != "":
			state = "not served at the moment: " + safetext.Escape(l.Trouble, "")
		}
		if _, err := fmt.Fprintf(w, "%s: %s\n", safetext.Escape(l.Address, ""), state); err != nil {
			return err
		}
	}
	return nil
}
