package mobile

import (
	"encoding/json"
	"errors"
	"math"
	"time"

	"github.com/spvd/spvd/internal/engine"
	"github.com/spvd/spvd/internal/version"
)

// Version returns the version of the library.
func Version() string { return version.String() }

// Client is a light client on the data of one directory.
type Client struct{ engine *engine.Engine }

// NewClient opens the data of a network with a configuration, which is a JSON object. It makes no
// connection.
func NewClient(config string) (*Client, error) {
	e, err := engine.Open(config)
	if err != nil {
		return nil, explain(err)
	}
	return &Client{e}, nil
}

// Start starts to connect and to sync, and returns at once. It may be called again after Stop.
func (c *Client) Start() error { return explain(c.engine.Start()) }

// Stop ends what Start has begun, with calls that wait and subscriptions, within two seconds.
func (c *Client) Stop() error { return explain(c.engine.Stop()) }

// Call calls a method of JSON-RPC for a wallet, "" for the default one, with parameters that
// are a JSON array or object, or "". It returns the result as JSON.
func (c *Client) Call(wallet, method, params string) (string, error) {
	result, err := c.engine.Call(wallet, method, params)
	return result, explain(err)
}

// Next waits for the next event of all subscriptions: at most so many milliseconds, without a
// bound if the number is negative.
func (c *Client) Next(milliseconds int64) (string, error) {
	within := time.Duration(min(milliseconds, math.MaxInt64/int64(time.Millisecond))) * time.Millisecond
	if milliseconds < 0 {
		within = -1
	}
	event, err := c.engine.Next(within)
	return event, explain(err)
}

// Close stops the client, closes its files and releases its directory. It may be called again.
func (c *Client) Close() error { return explain(c.engine.Close()) }

// explain returns an error whose text is the JSON of its number and message.
func explain(err error) error {
	answer := engine.Explain(err)
	if answer == nil {
		return nil
	}
	text, err := json.Marshal(answer)
	if err != nil {
		return answer // a number and text can be encoded
	}
	return errors.New(string(text))
}
