package conn

import "github.com/spvd/spvd/spv/p2p"

// reader handles the messages of a connection, in their order. The goroutine that reads owns it: only
// that goroutine uses its fields, and calls its methods, once Run has begun.
type reader struct {
	conn *Conn
	id   p2p.PeerID
	on   Handler

	frames    *frameReader
	early     []frame // messages that arrived before the verack
	throttle  throttle
	stateSent bool // the only initstate was sent
	addrQuota quota
}

// read handles one message after the other, those from before the verack first. It returns
// the error that ends the connection.
func (rd *reader) read() error {
	rd.frames.in = rd
	for _, f := range rd.early {
		if err := rd.handle(f); err != nil {
			return err
		}
	}
	rd.early = nil
	for {
		f, err := rd.frames.next()
		if err != nil {
			return err
		}
		if err := rd.handle(f); err != nil {
			return err
		}
	}
}
