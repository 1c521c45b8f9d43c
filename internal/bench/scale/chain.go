package scale

import (
	"context"
	"encoding/binary"
	"net"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/dcrec"
	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/txscript/v4"
	"github.com/decred/dcrd/txscript/v4/sign"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/wire"
	"golang.org/x/sync/errgroup"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/internal/testnet/link"
	"github.com/spvd/spvd/spv/consensus"
)

const (
	// payingBlocks is how many blocks of a chain pay, at most: the payments are spread
	// over them.
	payingBlocks = 2000

	// spentAfter is after how many blocks one in spentOneIn payments is spent.
	spentAfter, spentOneIn = 100, 4

	// mostAddresses is how many addresses are paid, at most.
	mostAddresses = 100_000
)

// keyAt returns the private key of an address of the wallet, by number.
func keyAt(n int) []byte {
	return chainhash.HashB(binary.BigEndian.AppendUint64([]byte("scale"), uint64(n)))
}

// addressAt returns an address of the wallet and its script, by number.
func addressAt(n int, params *chaincfg.Params) (address string, script []byte, err error) {
	key := secp256k1.PrivKeyFromBytes(keyAt(n)).PubKey().SerializeCompressed()
	addr, err := stdaddr.NewAddressPubKeyHashEcdsaSecp256k1V0(stdaddr.Hash160(key), params)
	if err != nil {
		return "", nil, err
	}
	_, script = addr.PaymentScript()
	return addr.String(), script, nil
}

// planOf plans so many payments to as many addresses, at most mostAddresses, in turn. It
// returns how many are spent again.
func planOf(payments int) (plan testnet.Plan, addresses []string, spent int, err error) {
	params := chaincfg.SimNetParams()
	scripts := make([][]byte, min(payments, mostAddresses))
	addresses = make([]string, len(scripts))
	for i := range scripts {
		if addresses[i], scripts[i], err = addressAt(i, params); err != nil {
			return nil, nil, 0, err
		}
	}
	_, stranger, err := addressAt(-1, params)
	if err != nil {
		return nil, nil, 0, err
	}
	perBlock := max(1, (payments+payingBlocks-1)/payingBlocks)
	plan = testnet.Plan{}
	var paid [][]wire.OutPoint // by block
	for n := 0; n < payments; {
		h := consensus.Height(len(paid) + 1)
		var outs []wire.OutPoint
		var txs []testnet.Tx
		for range min(perBlock, payments-n) {
			from := wire.OutPoint{Hash: chainhash.HashH(binary.BigEndian.AppendUint64(nil, uint64(n)))}
			script := scripts[n%len(scripts)]
			txs, outs = append(txs, payment(from, stranger, script)), append(outs, wire.OutPoint{Hash: hashOf(from, script)})
			n++
		}
		if b := len(paid) - spentAfter; b >= 0 {
			for i := 0; i < len(paid[b]); i += spentOneIn {
				from := (b*perBlock + i) % len(scripts)
				tx := payment(paid[b][i], scripts[from], stranger)
				sig, err := sign.SignatureScript(tx.Msg, 0, scripts[from], txscript.SigHashAll, keyAt(from), dcrec.STEcdsaSecp256k1, true)
				if err != nil {
					return nil, nil, 0, err
				}
				tx.Msg.TxIn[0].SignatureScript = sig
				txs = append(txs, tx)
				spent++
			}
		}
		plan[h] = txs
		paid = append(paid, outs)
	}
	return plan, addresses, spent, nil
}

// amount is what each payment is, in atoms.
const amount = 100_000

// payment is a transaction that spends an output with a script and pays another one.
func payment(from wire.OutPoint, spends, pays []byte) testnet.Tx {
	return testnet.Tx{Msg: transaction(from, pays), Spends: [][]byte{spends}}
}

func transaction(from wire.OutPoint, pays []byte) *wire.MsgTx {
	tx := wire.NewMsgTx()
	tx.AddTxIn(wire.NewTxIn(&from, amount, make([]byte, 107))) // as long as a signature and a key
	tx.AddTxOut(wire.NewTxOut(amount, pays))
	return tx
}

func hashOf(from wire.OutPoint, pays []byte) chainhash.Hash { return transaction(from, pays).TxHash() }

// served is a chain that a peer serves.
type served struct {
	addr string
	node *testnet.Node
}

// serve serves a chain of payments until ctx ends.
func serve(ctx context.Context, plan testnet.Plan, run func(ctx context.Context, s *served) error) error {
	c, err := testnet.Generate(ctx, testnet.Config{Seed: 1, Blocks: len(plan) + 20, Start: testnet.DefaultStart(), Plan: plan})
	if err != nil {
		return err
	}
	c.Warm()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	network := testnet.NewNetwork(1, nil)
	s := &served{addr: l.Addr().String(), node: testnet.NewNode(testnet.NodeConfig{Chain: c})}
	host := network.Add(s.addr, s.node, link.Shape{})
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return network.Run(ctx) })
	g.Go(func() error { return network.ServeTCP(ctx, host, l) })
	g.Go(func() error {
		defer cancel()
		return run(ctx, s)
	})
	return g.Wait()
}
