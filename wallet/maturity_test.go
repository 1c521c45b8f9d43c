package wallet

import (
	"testing"

	"github.com/decred/dcrd/dcrutil/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/wallet/internal/hd"
)

// usable returns what can be spent now, counting unmined outputs too.
func usable(t *testing.T, x *Wallet) dcrutil.Amount {
	t.Helper()
	list, err := x.Unspent(t.Context(), OutputFilter{Usable: true})
	if err != nil {
		t.Fatal(err)
	}
	var sum dcrutil.Amount
	for _, o := range list {
		if o.Source != FromTicket {
			sum += o.Amount
		}
	}
	return sum
}

// TestExpiryDelaysSpending: the outputs of a transaction that has an expiry can be
// spent as late as a block reward, whatever they are.
func TestExpiryDelaysSpending(t *testing.T) {
	const late = 16 // confirmations, on simnet
	s := newStory(t)
	s.block(map[string]*wire.MsgTx{"fund": s.pay(s.pays[0], 8000)})
	income, ticket := s.pay(s.pays[1], 9000), s.ticket([]coin{s.of("fund", 0)}, s.stranger(), [][]byte{s.pays[2]}, [][]byte{s.back[0]})
	income.Expiry, ticket.Expiry = 1000, 1000
	change := dcrutil.Amount(ticket.TxOut[2].Value)
	s.block(map[string]*wire.MsgTx{"income": income, "ticket": ticket, "plain": s.pay(s.pays[3], 50)})
	for confs := 1; confs <= late; confs++ {
		want := dcrutil.Amount(50)
		if confs == late {
			want += 9000 + change
		}
		b, err := s.x.Balances(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.Accounts[0]; got.Spendable != want || got.Spendable+got.ImmatureStake != 9050+change {
			t.Errorf("with %d confirmations the balance is %+v, want %d spendable", confs, got.Balance, want)
		}
		if got := usable(t, s.x); got != want {
			t.Errorf("with %d confirmations outputs of %d can be spent, want %d", confs, got, want)
		}
		s.want("income", "receive 9000; net 9000; regular")
		s.blocks(1)
	}
}

// TestUnminedExpiryIsNotSpendable: what may be spent unmined may not if it can
// expire.
func TestUnminedExpiryIsNotSpendable(t *testing.T) {
	w, x, _ := funded(t, 1)
	before := usable(t, x)
	for expiry, want := range map[uint32]dcrutil.Amount{wire.NoExpiryValue: 400, 1000: 0} {
		tx := w.pay(derived(t, 1, hd.External, 5)[4], 400)
		tx.Expiry = expiry
		hash := add(t, x, tx, Relayed)
		b, err := x.Balances(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := usable(t, x) - before; got != want || b.Sum.Spendable != before+want || b.Sum.Total != before+400 {
			t.Errorf("expiry %d: %d more can be spent, balance %+v, want %d more", expiry, got, b.Sum, want)
		}
		if err := x.Abandon(t.Context(), hash); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPublishedTooEarly: nodes would drop what spends a reward before its time. What a
// peer tells of is taken: it may see another tip.
func TestPublishedTooEarly(t *testing.T) {
	const late = 16 // confirmations, on simnet
	s := newStory(t)
	income := s.pay(anyone(), 8000)
	income.Expiry = 1000
	if err := s.x.ImportScript(t.Context(), anyone(), nil); err != nil {
		t.Fatal(err)
	}
	s.block(map[string]*wire.MsgTx{"income": income})
	tx := spend([]wire.OutPoint{{Hash: income.TxHash()}}, wire.NewTxOut(7000, s.stranger()))
	for confs := 1; confs < late; confs++ {
		refused(t, s.x, tx, Published, ErrImmature)
		s.blocks(1)
	}
	add(t, s.x, tx, Published)
}
