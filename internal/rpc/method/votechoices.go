package method

import (
	"context"
	"encoding/hex"
	"slices"

	"github.com/decred/dcrd/chaincfg/v3"

	"github.com/spvd/spvd/internal/rpc/api"
)

// abstain is the choice in every vote: the daemon has no keys, and votes on nothing.
const abstain = "abstain"

// votesOnNothing is what the help of the methods about votes has in common.
const votesOnNothing = "The daemon has no keys and votes on nothing: the choice is abstain everywhere."

// ticketParam is the ticket that is asked about. It makes no difference.
func ticketParam(name string) param {
	return param{name: name, kind: kindString, optional: true, def: "", text: "The hash of a ticket; it makes no difference."}
}

// optionalHash returns a parameter that is a hash, or empty.
func (c *Call) optionalHash(name string) (string, error) {
	text := c.str(name)
	if text == "" {
		return "", nil
	}
	p := param{name: name}
	_, err := p.parseHash(text)
	return text, err
}

func getVoteChoices() Method {
	return Method{
		Name:    "getvotechoices",
		Reads:   true,
		Summary: "Returns the choices in the newest votes on rules of the network.",
		Help:    votesOnNothing,
		Params:  []param{ticketParam("tickethash")},
		Result:  "an object with dcrwallet's fields",
		Returns: []any{api.VoteChoices{}},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			if _, err := c.optionalHash("tickethash"); err != nil {
				return nil, err
			}
			if _, err := c.open(); err != nil {
				return nil, err
			}
			return voteChoices(c.Params.ChainParams), nil
		},
	}
}

// voteChoices returns the choices in the newest votes of a network.
func voteChoices(net *chaincfg.Params) api.VoteChoices {
	out := api.VoteChoices{Choices: []api.VoteChoice{}}
	for version := range net.Deployments {
		out.Version = max(out.Version, version)
	}
	for _, d := range net.Deployments[out.Version] {
		choice := api.VoteChoice{AgendaID: d.Vote.Id, AgendaDescription: d.Vote.Description, ChoiceID: abstain}
		i := slices.IndexFunc(d.Vote.Choices, func(c chaincfg.Choice) bool { return c.IsAbstain })
		if i >= 0 {
			choice.ChoiceID, choice.ChoiceDescription = d.Vote.Choices[i].Id, d.Vote.Choices[i].Description
		}
		out.Choices = append(out.Choices, choice)
	}
	return out
}

func tspendPolicy() Method {
	return Method{
		Name:    "tspendpolicy",
		Reads:   true,
		Summary: "Returns how tickets vote on payments of the treasury.",
		Help:    votesOnNothing,
		Params: []param{
			{name: "hash", kind: kindString, optional: true, def: "", text: "The hash of one payment."},
			ticketParam("ticket"),
		},
		Result:  "an object for the payment; without one an empty array",
		Returns: []any{api.TSpendPolicy{}, []api.TSpendPolicy{}},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			ticket, err := c.optionalHash("ticket")
			if err != nil {
				return nil, err
			}
			hash, err := c.optionalHash("hash")
			if err != nil {
				return nil, err
			}
			if _, err := c.open(); err != nil {
				return nil, err
			}
			if hash == "" {
				return []api.TSpendPolicy{}, nil
			}
			return api.TSpendPolicy{Hash: hash, Policy: abstain, Ticket: ticket}, nil
		},
	}
}

func treasuryPolicy() Method {
	return Method{
		Name:    "treasurypolicy",
		Reads:   true,
		Summary: "Returns how tickets vote on the payments that a key of the treasury signs.",
		Help:    votesOnNothing,
		Params: []param{
			{name: "key", kind: kindString, optional: true, def: "", text: "The key in hex."},
			ticketParam("ticket"),
		},
		Result:  "an object for the key; without one an empty array",
		Returns: []any{api.KeyPolicy{}, []api.KeyPolicy{}},
		Example: `[]`,
		Handle: func(_ context.Context, c *Call) (any, error) {
			ticket, err := c.optionalHash("ticket")
			if err != nil {
				return nil, err
			}
			key := c.str("key")
			if _, err := hex.DecodeString(key); err != nil {
				return nil, fail(api.CodeHex, "parameter key is not hex")
			}
			if _, err := c.open(); err != nil {
				return nil, err
			}
			if key == "" {
				return []api.KeyPolicy{}, nil
			}
			return api.KeyPolicy{Key: key, Policy: abstain, Ticket: ticket}, nil
		},
	}
}
