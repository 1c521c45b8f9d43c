package dcrwallet

import (
	"sync"

	"decred.org/dcrwallet/v5/wallet"
	"github.com/decred/dcrd/blockchain/stake/v5"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/txscript/v4/stdaddr"
	"github.com/decred/dcrd/txscript/v4/stdscript"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/match"
)

// watch is what the wallet watches: addresses and unspent outputs. The wallet adds to it by
// LoadTxFilter. Committed filters hold the scripts that a block pays to and those that it
// spends from, so the scripts of the addresses find both.
type watch struct {
	params *chaincfg.Params

	mu      sync.Mutex
	exact   *wallet.RescanFilter
	known   map[string]bool // the scripts
	scripts [][]byte
	set     *match.Set // of the scripts; nil when some were added
}

func newWatch(params *chaincfg.Params) *watch {
	w := &watch{params: params}
	w.clearLocked()
	return w
}

// clearLocked forgets everything. The caller holds the lock, unless nothing else has the watch.
func (w *watch) clearLocked() {
	w.exact, w.known = wallet.NewRescanFilter(nil, nil), make(map[string]bool)
	w.scripts, w.set = nil, nil
}

// load adds addresses and outputs, after it has forgotten everything if reload is set.
func (w *watch) load(reload bool, addrs []stdaddr.Address, outpoints []wire.OutPoint) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if reload {
		w.clearLocked()
	}
	for _, addr := range addrs {
		w.exact.AddAddress(addr)
		_, script := addr.PaymentScript()
		if !w.known[string(script)] {
			w.known[string(script)] = true
			w.scripts, w.set = append(w.scripts, script), nil
		}
	}
	for i := range outpoints {
		w.exact.AddUnspentOutPoint(&outpoints[i])
	}
}

// matched returns the scripts, prepared for matching.
func (w *watch) matched() *match.Set {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.set == nil {
		w.set = match.NewSet(w.scripts)
	}
	return w.set
}

// inBlock returns the transactions of a block that concern the wallet, those of the stake
// tree first. Outputs that pay to the wallet are watched from then on.
func (w *watch) inBlock(b *wire.MsgBlock) []*wire.MsgTx {
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []*wire.MsgTx
	for _, tx := range b.STransactions {
		kind := stake.DetermineTxType(tx)
		inputs := tx.TxIn
		if kind == stake.TxTypeSSGen {
			inputs = inputs[1:] // the stakebase
		}
		if w.takesLocked(tx, inputs, wire.TxTreeStake) {
			found = append(found, tx)
		}
	}
	for i, tx := range b.Transactions {
		inputs := tx.TxIn
		if i == 0 {
			inputs = nil // the coinbase
		}
		if w.takesLocked(tx, inputs, wire.TxTreeRegular) {
			found = append(found, tx)
		}
	}
	return found
}

// takesLocked reports whether a transaction of a block concerns the wallet, and adds its outputs.
// The caller holds the lock.
func (w *watch) takesLocked(tx *wire.MsgTx, inputs []*wire.TxIn, tree int8) bool {
	concerns := w.spendsLocked(inputs)
	hash := tx.TxHash()
	for i, out := range tx.TxOut {
		if w.paysLocked(out) {
			w.exact.AddUnspentOutPoint(&wire.OutPoint{Hash: hash, Index: uint32(i), Tree: tree})
			concerns = true
		}
	}
	return concerns
}

// concerns reports whether an unmined transaction concerns the wallet.
func (w *watch) concerns(tx *wire.MsgTx) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.spendsLocked(tx.TxIn) {
		return true
	}
	for _, out := range tx.TxOut {
		if w.paysLocked(out) {
			return true
		}
	}
	return false
}

func (w *watch) spendsLocked(inputs []*wire.TxIn) bool {
	for _, in := range inputs {
		if w.exact.ExistsUnspentOutPoint(&in.PreviousOutPoint) {
			return true
		}
	}
	return false
}

func (w *watch) paysLocked(out *wire.TxOut) bool {
	_, addrs := stdscript.ExtractAddrs(out.Version, out.PkScript, w.params)
	for _, addr := range addrs {
		if w.exact.ExistsAddress(addr) {
			return true
		}
	}
	return false
}
