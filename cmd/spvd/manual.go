package main

import "io"

// writeManual writes the manual page, which follows from the table of options.
// SOURCE_DATE_EPOCH sets its date.
func writeManual(w io.Writer) {
	p := newParser(defaultConfig())
	p.ShortDescription = "keep a Decred light wallet in step with the network"
	p.LongDescription = "spvd downloads headers and committed filters from several peers, proves every byte, " +
		"finds what belongs to a watch-only wallet, and answers JSON-RPC. It holds no keys.\n\n" +
		"Each option is also a key of the configuration file, and in capitals after " + envPrefix +
		" an environment variable. The command line has precedence over the environment, and that over the file.\n\n" +
		"The exit code is 0 after a clean stop, 1 after a fatal error, and 2 when the settings are wrong. " +
		"The first signal stops cleanly within ten seconds, the second one at once."
	p.WriteManPage(w)
}
