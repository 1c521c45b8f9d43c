package peer

// SentNonce reports whether a handshake of a connection of ours that has not ended yet sent a
// nonce: then a client that sends it to a server in this program is this program.
func (p *Pool) SentNonce(nonce uint64) bool { return p.opener.HasNonce(nonce) }
