package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
)

// Headers of a request.
const (
	eventHeader     = "Spvd-Event"     // the topic
	deliveryHeader  = "Spvd-Delivery"  // STREAM/SEQ
	signatureHeader = "Spvd-Signature" // t=UNIX SECONDS,v1=HEX
)

// sign returns the signature of a body at a time: HMAC-SHA256 of the Unix seconds in decimal, a dot,
// and the body. The time keeps a recorded request from being accepted later.
func sign(secret, body []byte, at time.Time) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(seconds + "."))
	mac.Write(body)
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// topic is what events are about: a topic of subscriptions, and the wallet, empty for the topics
// of the chain.
type topic struct{ name, wallet string }

// place is how far a receiver has been told of a topic.
type place struct {
	// Cursor is that of the last complete step.
	Cursor string `json:"cursor"`

	// Unmined are the hashes of the unmined transactions that the receiver knows.
	Unmined []string `json:"unmined,omitempty"`
}

// news is the part of a notification that is needed for the place after it.
type news struct {
	Cursor        string
	Gap           bool
	Disconnected  []json.RawMessage
	Connected     []json.RawMessage
	Removed       []string
	Transactions  []mention
	Confirmations []mention
}

// mention is the entry of a transaction.
type mention struct {
	TxID      string `json:"txid"`
	BlockHash string `json:"blockhash"`
}

// read splits the notification of a feed into its parameter and what it means for the place.
func read(message []byte) (data json.RawMessage, n news, err error) {
	var in struct{ Params []json.RawMessage }
	if err = json.Unmarshal(message, &in); err == nil && len(in.Params) != 1 {
		err = fmt.Errorf("it has %d parameters", len(in.Params))
	}
	if err == nil {
		data = in.Params[0]
		err = json.Unmarshal(data, &n)
	}
	if err != nil {
		return nil, n, fmt.Errorf("read a notification: %w", err)
	}
	return data, n, nil
}

// empty reports whether a step of a wallet has no content: only the cursor is new.
func (n *news) empty() bool {
	return !n.Gap && len(n.Disconnected)+len(n.Connected)+len(n.Removed)+len(n.Transactions)+len(n.Confirmations) == 0
}

// after returns the place after the news. The order of the hashes is that in which the receiver
// came to know them.
func (p place) after(n *news) place {
	if n.Cursor != "" {
		p.Cursor = n.Cursor
	}
	leave := make(map[string]bool)
	for _, hash := range n.Removed {
		leave[hash] = true
	}
	var fresh []string
	for _, m := range append(n.Transactions, n.Confirmations...) {
		leave[m.TxID] = true
		if m.BlockHash == "" {
			fresh = append(fresh, m.TxID)
		}
	}
	unmined := make([]string, 0, len(p.Unmined)+len(fresh))
	for _, hash := range p.Unmined {
		if !leave[hash] {
			unmined = append(unmined, hash)
		}
	}
	p.Unmined = append(unmined, fresh...)
	return p
}

// encode returns the body of a request.
func encode(e *api.WebhookEvent) ([]byte, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode an event: %w", err)
	}
	return body, nil
}
