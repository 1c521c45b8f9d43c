package main

import (
	"cmp"
	"context"
	"io"

	"github.com/jessevdk/go-flags"

	"github.com/spvd/spvd/internal/manual"
)

func manCommand() command {
	return command{
		name:     "man",
		synopsis: "man",
		summary:  "Print the manual page.",
		help: `
  spvctl man > spvctl.1

SOURCE_DATE_EPOCH sets its date.
`,
		run: func(_ context.Context, in *invocation) (int, error) {
			if len(in.args) > 0 {
				return exitUsage, usagef("man: unexpected %q", in.args[0])
			}
			return exitOK, writeManual(in.out)
		},
	}
}

// writeManual writes the manual page: the options from their table, the commands from their
// help.
func writeManual(w io.Writer) error {
	p := manual.New("spvctl", 1, "show and control a running spvd")
	p.Section("SYNOPSIS")
	p.Text("spvctl [--option[=value] ...] COMMAND [parameters]\n\nspvctl [--option[=value] ...] METHOD [parameters]")
	p.Section("DESCRIPTION")
	p.Text(`spvctl shows how far a running spvd(1) has got, shows and changes its wallets, and calls any method of its
JSON-RPC. It finds the daemon of the same user by itself: the network, the user name and the password, or the cookie,
are those of the daemon's configuration file.

A parameter of a method that is - is read from standard input, a line for each.`)
	p.Section("OPTIONS")
	p.Options(publicOptions())
	p.Entry("-h, --help", "Print options and commands, or behind a command its description, and exit.")
	p.Section("COMMANDS")
	for _, c := range append(commands(), callCommand()) {
		p.Subsection(cmp.Or(c.synopsis, methodSynopsis))
		p.Text(c.summary)
		p.Help(c.help)
	}
	p.Section("EXIT STATUS")
	p.Entry("0", "The command has succeeded; status: synced.")
	p.Entry("1", "The command has failed, and standard error has one line; doctor: something is wrong; tx check, tx --verify: not signed, or not approved.")
	p.Entry("2", "The command line is wrong; status: syncing.")
	p.Entry("3", "status: no peers.")
	p.Entry("4", "status: spvd is not running.")
	p.Section("ENVIRONMENT")
	p.Entry(envPrefix+"OPTION", "An option in capitals, as "+envPrefix+"TESTNET=1. The command line has precedence.")
	p.Entry("NO_COLOR", "If it is set, no colours are used.")
	p.Section("FILES")
	p.Text("In the data directory of the daemon, see spvd(1), or where --configfile and --rpccert say:")
	p.Entry("spvd.conf", "The configuration of the daemon, see spvd.conf(5).")
	p.Entry("rpc.cert", "The certificate with which the daemon is verified.")
	p.Entry("NETWORK/rpc.cookie", "The user name and the password, where none is configured.")
	p.Entry("/etc/spvd/spvd.conf, /usr/local/etc/spvd/spvd.conf",
		"The configuration of an installed daemon, which is used where the user has no data directory. Its files are in "+systemData+".")
	p.Section("EXAMPLES")
	p.Example("See how far the daemon of the test network is, until it is synced:", "spvctl --testnet status --watch")
	p.Example("Follow sync, peers, wallets and events on one screen, until q is pressed:", "spvctl top")
	p.Example("Watch an account, and hand out an address of it:", "spvctl account import savings -\nspvctl address new savings")
	p.Example("Build a transaction for a signer with the keys, and send what that returns:",
		"spvctl tx build --account savings --out unsigned.json ADDRESS 1.5\nspvctl tx check signed.hex\nspvctl send - <signed.hex")
	p.Example("Read what a transaction does on the machine with the keys, without spvd, and verify the signatures there:",
		"spvctl tx show unsigned.json\nspvctl tx check signed.hex --with unsigned.json")
	p.Example("Call a method:", "spvctl getblockhash 1000000")
	p.Example("Look at the service of systemd beside a daemon of one's own, as a member of the group spvd:", "spvctl --configfile /etc/spvd/spvd.conf status")
	p.Section("SEE ALSO")
	p.Text("spvd(1), spvd.conf(5)")
	_, err := p.WriteTo(w)
	return err
}

// publicOptions returns the options that help shows, in order.
func publicOptions() []*flags.Option {
	_, g, err := newParser(&options{})
	if err != nil {
		panic("spvctl: " + err.Error()) // the tags of options are wrong
	}
	var out []*flags.Option
	for _, o := range g.Options() {
		if !o.Hidden {
			out = append(out, o)
		}
	}
	return out
}

// optionNames returns the long names of the options with their dashes.
func optionNames() []string {
	var names []string
	for _, o := range publicOptions() {
		names = append(names, "--"+o.LongName)
	}
	return append(names, "--help")
}

// valueOptions returns the names of the options that a value follows.
func valueOptions() []string {
	var names []string
	for _, o := range publicOptions() {
		if o.ValueName == "" {
			continue
		}
		names = append(names, "--"+o.LongName)
		if o.ShortName != 0 {
			names = append(names, "-"+string(o.ShortName))
		}
	}
	return names
}
