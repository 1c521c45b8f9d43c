package settings

import (
	"io"

	"github.com/spvd/spvd/internal/manual"
)

// ManualPage is the section of the manual whose page --manpage prints: 1 for spvd(1), 5 for
// spvd.conf(5).
type ManualPage string

// UnmarshalFlag implements flags.Unmarshaler.
func (p *ManualPage) UnmarshalFlag(value string) error {
	if value != "1" && value != "5" {
		return refused("manpage %q: there are pages in section 1, spvd(1), and 5, spvd.conf(5)", value)
	}
	*p = ManualPage(value)
	return nil
}

// WriteManual writes a manual page, which follows from the table of options.
// SOURCE_DATE_EPOCH sets its date.
func WriteManual(w io.Writer, page ManualPage) error {
	write := programPage
	if page == "5" {
		write = filePage
	}
	_, err := write().WriteTo(w)
	return err
}

// programPage returns spvd(1).
func programPage() *manual.Page {
	p := manual.New("spvd", 1, "keep a Decred light wallet in step with the network")
	p.Section("SYNOPSIS")
	p.Text("spvd [--option[=value] ...]")
	p.Section("DESCRIPTION")
	p.Text(`spvd downloads headers and committed filters from several peers, proves every byte, finds what belongs to
watch-only wallets, and answers JSON-RPC. It holds no keys.

Without options it keeps in step with the main network, finds peers by itself, and writes a cookie with which
spvctl(1) of the same user controls it.

Each option is also a key of the configuration file, see spvd.conf(5), and in capitals after ` + EnvPrefix + ` an environment
variable, in which commas separate the values of an option that may be repeated. The command line has precedence over
the environment, and that over the file.

The first signal, SIGTERM, SIGINT or SIGHUP, stops spvd cleanly, within ten seconds. The second one stops it at once.
Neither loses what was acknowledged.`)
	p.Section("OPTIONS")
	p.Options(newParser(Default()).Group.Find(optionGroup).Options())
	p.Entry("-h, --help", "Print the options and exit.")
	p.Section("EXIT STATUS")
	p.Entry("0", "spvd has stopped cleanly: by a signal, by spvctl stop, or because --until was reached.")
	p.Entry("1", "A fatal error, or --timeout has passed. Standard error has one line with the fault, its place and the next step.")
	p.Entry("2", "The settings are wrong, and a restart does not help. Standard error has one line.")
	p.Section("ENVIRONMENT")
	p.Entry(EnvPrefix+"OPTION", "A setting; an unknown one is refused.")
	p.Entry("SSL_CERT_FILE", "The certificates with which seeders and receivers of events are verified.")
	writeFiles(p)
	p.Section("EXAMPLES")
	p.Example("Follow the test network, and show the progress in another terminal:", "spvd --testnet\nspvctl --testnet status --watch")
	p.Example("Watch an account from a day on:", "spvd --account=savings=XPUB --birthday=2024-01-31")
	p.Example("Use only a full node of yours, or Tor:", "spvd --connect=192.0.2.7\nspvd --proxy=127.0.0.1:9050")
	p.Example("Sync once, for at most half an hour, and exit:", "spvd --until=synced --timeout=30m --nofilelogging")
	p.Section("SEE ALSO")
	p.Text("spvctl(1), spvd.conf(5)")
	return p
}

// filePage returns spvd.conf(5).
func filePage() *manual.Page {
	p := manual.New("spvd.conf", 5, "settings of spvd")
	p.Section("DESCRIPTION")
	p.Text(`A line of the file is a setting, as name = value. Lines that begin with ; or # and empty lines are comments.
A setting that may be repeated has a line for each value. A switch is on with true or 1. An unknown name is an error,
which names the line.

spvd reads the file spvd.conf in its data directory, or the one that --configfile names; spvctl(1) reads it too, for
the network, the user name and the password. It may hold passwords: let no other user read it.

Options of spvd(1) on the command line, and environment variables, have precedence over the file.`)
	p.Section("SETTINGS")
	for _, opt := range fileOptions(Default()) {
		value := opt.ValueName
		if value == "" {
			value = "true"
		}
		p.Entry(opt.LongName+" = "+value, manual.Described(opt))
	}
	writeFiles(p)
	p.Section("EXAMPLES")
	p.Example("A shop whose payment server calls JSON-RPC from another machine:",
		"account = default=XPUB\nbirthday = 2026-01-31\nrpclisten = 192.0.2.10\naltdnsnames = wallet.example.org\nwalletuser = shop:default\nwalletpass = shop:HASH")
	p.Text("spvctl hashpassword prints a password and its HASH.")
	p.Section("SEE ALSO")
	p.Text("spvd(1), spvctl(1)")
	return p
}

// writeFiles writes the section of the files in the data directory.
func writeFiles(p *manual.Page) {
	p.Section("FILES")
	p.Text(`The data directory is ~/.spvd, on macOS ~/Library/Application Support/Spvd, on Windows %LOCALAPPDATA%\Spvd, and
/var/lib/spvd for the service of systemd, whose configuration is /etc/spvd/spvd.conf. NETWORK is mainnet, testnet3 or
simnet.`)
	p.Entry("spvd.conf", "The configuration.")
	p.Entry("rpc.cert, rpc.key", "The certificate of JSON-RPC, which its clients verify, and the key of it. They are made if they are missing.")
	p.Entry("NETWORK/chain.db, NETWORK/chain.db-wal", "Headers and filters. Without them they are fetched again.")
	p.Entry("NETWORK/wallets/NAME.db", "A wallet: accounts, addresses and transactions, without keys.")
	p.Entry("NETWORK/backups", "Copies of wallets that spvctl wallet backup has written.")
	p.Entry("NETWORK/peers.json", "Known addresses of peers, and bans.")
	p.Entry("NETWORK/votes.dat", "Blocks whose votes were verified.")
	p.Entry("NETWORK/rpc.cookie", "Name and password for local programs of the same user, written at each start.")
	p.Entry("logs/NETWORK/spvd.log", "The log, with five older ones.")
}
