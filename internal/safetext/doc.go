// Package safetext makes text of untrusted origin harmless: of peers, clients, and users who
// confuse a private key with another value. [HideKeys] removes private keys from errors and
// log lines; [Escape] and [EscapeJSON] replace the characters that control a terminal or show
// other text than is written. It has no state.
package safetext
