package feed

import (
	"context"
	"slices"

	"github.com/spvd/spvd/wallet"
)

// only is what a client has chosen of a wallet's topic. The zero value is everything.
type only struct {
	addresses map[string]bool
	labels    map[string]bool // of addresses or transactions
}

// Only makes the feed send nothing but what concerns one of some addresses, or has one of some
// labels: of the transaction, or of an address. Labels count as they are when something has changed.
// It must be called before the feed is started.
func (f *Wallet) Only(addresses, labels []string) {
	f.only = only{set(addresses), set(labels)}
}

func set(list []string) map[string]bool {
	s := make(map[string]bool, len(list))
	for _, text := range list {
		s[text] = true
	}
	return s
}

// choose returns the items that the client has chosen. The list, which other clients share, stays as
// it is.
func (o only) choose(ctx context.Context, w *wallet.Wallet, list []item) ([]item, error) {
	if len(o.addresses)+len(o.labels) == 0 {
		return list, nil
	}
	var labels map[string]string // by address or transaction hash
	if len(o.labels) > 0 {
		var err error
		if labels, err = w.Labels(ctx); err != nil {
			return nil, err
		}
	}
	var chosen []item
	for i := range list {
		labelled := func(subject string) bool {
			text, ok := labels[subject]
			return ok && o.labels[text]
		}
		concerned := func(address string) bool { return o.addresses[address] || labelled(address) }
		if labelled(list[i].key) || slices.ContainsFunc(list[i].addresses, concerned) {
			chosen = append(chosen, list[i])
		}
	}
	return chosen, nil
}
