package wallet

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/decred/dcrd/chaincfg/chainhash"
	bolt "go.etcd.io/bbolt"

	"github.com/spvd/spvd/wallet/internal/hd"
	"github.com/spvd/spvd/wallet/internal/rows"
	"github.com/spvd/spvd/wallet/internal/state"
)

// maxLabel is the longest label in bytes.
const maxLabel = 500

// SetLabel labels an address or a transaction hash, and removes the label if
// text is empty. The errors are those of ImportAddress.
func (w *Wallet) SetLabel(ctx context.Context, subject, text string) error {
	key, err := w.labelKey(subject)
	if err == nil {
		err = checkLabel(text)
	}
	if err != nil {
		return fmt.Errorf("label: %w", err)
	}
	return w.store.Update(ctx, func(tx *bolt.Tx, s *state.Snapshot) (*state.Snapshot, error) {
		b := tx.Bucket(state.LabelsBucket)
		if text == "" {
			return s, b.Delete(key)
		}
		return s, b.Put(key, []byte(text))
	})
}

// checkLabel refuses a text that cannot be a label: one that would break a line
// where it is shown, or holds a private key. The errors are ErrBadLabel and
// ErrPrivateKey.
func checkLabel(text string) error {
	switch {
	case slices.ContainsFunc(strings.Fields(text), hd.LooksPrivate):
		return ErrPrivateKey
	case len(text) > maxLabel || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return ErrBadLabel
	}
	return nil
}

// labelKey returns the key for the label of an address or transaction hash.
func (w *Wallet) labelKey(subject string) ([]byte, error) {
	if raw, err := hex.DecodeString(subject); err == nil && len(raw) == chainhash.HashSize {
		return []byte(hex.EncodeToString(raw)), nil
	}
	addr, err := hd.ParseAddress(w.cfg.Params.ChainParams, subject)
	if err != nil {
		return nil, err
	}
	return []byte(addr.String()), nil
}

// Labels returns all labels by what they label.
func (w *Wallet) Labels(ctx context.Context) (map[string]string, error) {
	labels := make(map[string]string)
	err := w.store.View(ctx, func(tx *bolt.Tx, _ *state.Snapshot) error {
		return rows.Each(tx.Bucket(state.LabelsBucket), func(k, v []byte) error {
			labels[string(k)] = string(v)
			return nil
		})
	})
	return labels, err
}
