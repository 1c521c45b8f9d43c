package txrelay

import (
	"errors"
	"testing"

	"github.com/decred/dcrd/wire"
)

// plainTx returns a transaction that depends on a number only.
func plainTx(n uint32) *wire.MsgTx {
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&wire.OutPoint{Index: n}, 1000, nil))
	tx.AddTxOut(wire.NewTxOut(900, []byte{0x51}))
	return tx
}

// TestOffered checks to which peer offered transactions are served, and which announcements
// are echoes.
func TestOffered(t *testing.T) {
	s, tx := newOffered(), plainTx(1)
	hash := tx.TxHash()
	if announce, err := s.offer(1, hash, tx); !announce || err != nil {
		t.Fatal(announce, err)
	}
	if announce, err := s.offer(1, hash, tx); announce || err != nil {
		t.Error("announced twice to the same peer", err)
	}
	if s.serve(1, hash) != tx {
		t.Error("not served to the peer that it was announced to")
	}
	for range maxServed - 1 {
		if s.serve(1, hash) != tx {
			t.Error("not served again")
		}
	}
	if s.serve(1, hash) != nil {
		t.Error("served without end")
	}
	if announce, err := s.offer(1, hash, tx); announce || err != nil || s.serve(1, hash) != nil {
		t.Error("offered again, served without end", announce, err)
	}
	if s.serve(2, hash) != nil {
		t.Error("served to a peer that it was not announced to")
	}
	if s.echoes(1, hash) || !s.echoes(2, hash) {
		t.Error("an announcement by a peer that was not offered the transaction is an echo")
	}
	s.left(1)
	if s.serve(1, hash) != nil {
		t.Error("served after the peer left")
	}
	s.withdraw(hash)
	s.withdraw(hash)
	if s.echoes(2, hash) || s.bytes != 0 || len(s.txs) != 0 {
		t.Errorf("%d wares, %d bytes after it was withdrawn", len(s.txs), s.bytes)
	}
}

// TestOfferedIsBounded checks that nothing more is offered above the limits, and again when
// there is room.
func TestOfferedIsBounded(t *testing.T) {
	s := newOffered()
	for n := range uint32(maxOffered) {
		tx := plainTx(n)
		if _, err := s.offer(1, tx.TxHash(), tx); err != nil {
			t.Fatal(err)
		}
	}
	tx, first := plainTx(maxOffered), plainTx(0)
	if _, err := s.offer(1, tx.TxHash(), tx); !errors.Is(err, ErrOffersFull) {
		t.Errorf("with too many offers: %v", err)
	}
	if _, err := s.offer(2, first.TxHash(), first); err != nil {
		t.Errorf("an offered transaction is refused to another peer: %v", err)
	}
	s.withdraw(first.TxHash())
	if _, err := s.offer(1, tx.TxHash(), tx); err != nil {
		t.Error(err)
	}
}
