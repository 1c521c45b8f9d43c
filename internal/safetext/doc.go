// Package safetext makes text harmless that may hold what other people wrote: peers,
// clients, and users who confuse a private key with something else. [HideKeys] takes
// private keys out of errors and log lines; [Escape] and [EscapeJSON] take out the
// characters that make a terminal do or show something else than is written. It has
// no state.
package safetext
