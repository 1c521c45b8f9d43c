package rpctest

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/chaincfg/v3"
	"github.com/decred/dcrd/rpc/jsonrpc/types/v4"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc"
	"github.com/spvd/spvd/internal/rpc/api"
)

// Daemon is a daemon that knows a chain of a few blocks on top of the genesis
// block of mainnet, and says what it was told to say. It may be used from any
// goroutine.
type Daemon struct {
	mu     sync.Mutex
	blocks []*wire.MsgBlock
	branch uint32 // tells the blocks of one call of Grow from those of others
	status api.SyncStatus
	peers  []api.PeerInfo
	err    error
	level  string
	stall  chan struct{} // Block waits until it is closed; nil without Stall
	asked  int           // calls of Block that are waiting
	most   int           // the largest value of asked so far

	changed *sync.Cond // asked has grown

	shown chan struct{} // closed when status is replaced

	wallets chan struct{} // see ChangeWallet

	stopped chan struct{}
	once    sync.Once
}

// New returns a synced daemon with one peer.
func New() *Daemon {
	d := &Daemon{stopped: make(chan struct{}), level: "info"}
	d.changed = sync.NewCond(&d.mu)
	d.shown, d.wallets = make(chan struct{}), make(chan struct{}, 1)
	d.blocks = []*wire.MsgBlock{chaincfg.MainNetParams().GenesisBlock}
	for range 2 {
		d.blocks = append(d.blocks, nextBlock(d.blocks[len(d.blocks)-1]))
	}
	d.status = SyncedStatus()
	d.status = d.atTip(d.status)
	d.peers = []api.PeerInfo{{GetPeerInfoResult: types.GetPeerInfoResult{
		ID: 7, Addr: "192.0.2.1:9108", AddrLocal: "192.0.2.2:40000", Services: "1",
		LastSend: 1600000300, LastRecv: 1600000301, BytesSent: 1000, BytesRecv: 200000,
		ConnTime: 1600000000, PingTime: 1500, Version: 11, SubVer: "/dcrwire:1.0.0/dcrd:2.1.6/",
		StartingHeight: 2, CurrentHeight: 2, SyncNode: true,
	}, Role: "outbound", Rate: 1500000, InFlight: 2, InFlightBytes: 130000, LastReason: "request timed out"}}
	return d
}

// SyncedStatus returns the status of a daemon that follows a tip at height
// 1,000.
func SyncedStatus() api.SyncStatus {
	return api.SyncStatus{
		Synced: true, HeadersFetchProgress: 1, Seq: 42, Phase: "following", Since: 1600000000,
		Reason: "Following the chain.", Initialised: true, Ratio: 1,
		Stages: []api.Stage{
			{Name: api.StageHeaders, Current: 1000, Target: 1000},
			{Name: api.StageFilters, Current: 1000, Target: 1000},
			{Name: api.StageRescan, Current: 1000, Target: 1000},
		},
		Tip:      api.Tip{Height: 1000, Hash: chainhash.Hash{1}.String(), Time: 1600000000, Age: 60},
		Best:     api.Best{Height: 1000, Peers: 1},
		Peers:    1,
		Scanned:  1000,
		Warnings: []api.Warning{},
	}
}

// nextBlock returns a block that has parent as its parent. It proves nothing.
func nextBlock(parent *wire.MsgBlock) *wire.MsgBlock {
	b := *parent
	b.Header.PrevBlock = parent.BlockHash()
	b.Header.Height++
	b.Header.Timestamp = parent.Header.Timestamp.Add(5 * time.Minute)
	return &b
}

// Ports returns the daemon as the server wants it.
func (d *Daemon) Ports() rpc.Ports {
	return rpc.Ports{Chain: d, Blocks: d, Sync: d, Peers: roster{d}, Network: newNetwork(), Wallets: newWallets(d), Relay: &cannedRelay{d: d}, Control: d}
}

// SetStatus sets what Status returns.
func (d *Daemon) SetStatus(st api.SyncStatus) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.show(st)
}

// show replaces the status. The caller holds d.mu.
func (d *Daemon) show(st api.SyncStatus) {
	d.status = st
	close(d.shown)
	d.shown = make(chan struct{})
}

// atTip returns a status that is synced to the last block.
func (d *Daemon) atTip(st api.SyncStatus) api.SyncStatus {
	height := int64(len(d.blocks) - 1)
	st.Tip.Height, st.Tip.Hash = height, d.blocks[height].BlockHash().String()
	st.Stages = slices.Clone(st.Stages)
	for i := range st.Stages {
		st.Stages[i].Current, st.Stages[i].Target = height, height
	}
	return st
}

// Grow takes back some blocks, puts on others, and shows the new status.
func (d *Daemon) Grow(takeBack, putOn int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.blocks = slices.Clone(d.blocks[:len(d.blocks)-takeBack])
	d.branch++
	for range putOn {
		b := nextBlock(d.blocks[len(d.blocks)-1])
		b.Header.Nonce = d.branch
		d.blocks = append(d.blocks, b)
	}
	st := d.atTip(d.status)
	st.Seq++
	d.show(st)
}

// SetPeers sets who is connected.
func (d *Daemon) SetPeers(peers []api.PeerInfo) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.peers = peers
}

// Fail makes chain and blocks return err.
func (d *Daemon) Fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err = err
}

// Stall makes Block wait until its context ends or release is called.
func (d *Daemon) Stall() (release func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	stall := make(chan struct{})
	d.stall = stall
	return sync.OnceFunc(func() { close(stall) })
}

// Await returns once n calls of Block are waiting, and fails the test if they do not
// come.
func (d *Daemon) Await(t testing.TB, n int) {
	t.Helper()
	d.mu.Lock()
	defer d.mu.Unlock()
	late := false
	timer := time.AfterFunc(20*time.Second, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		late = true
		d.changed.Broadcast()
	})
	defer timer.Stop()
	for d.asked < n {
		if late {
			t.Fatalf("%d of %d calls are waiting", d.asked, n)
		}
		d.changed.Wait()
	}
}

// Most returns the largest number of calls of Block that waited at once.
func (d *Daemon) Most() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.most
}

// Level returns the log level that was set last.
func (d *Daemon) Level() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.level
}

// Stopped is closed once Stop was called.
func (d *Daemon) Stopped() <-chan struct{} { return d.stopped }

// Best implements rpc.Chain.
func (d *Daemon) Best() (chainhash.Hash, int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return chainhash.Hash{}, 0, d.err
	}
	height := len(d.blocks) - 1
	return d.blocks[height].BlockHash(), int64(height), nil
}

// HashAt implements rpc.Chain.
func (d *Daemon) HashAt(height int64) (chainhash.Hash, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.err != nil:
		return chainhash.Hash{}, d.err
	case height < 0 || height >= int64(len(d.blocks)):
		return chainhash.Hash{}, rpc.ErrNotFound
	}
	return d.blocks[height].BlockHash(), nil
}

// Header implements rpc.Chain.
func (d *Daemon) Header(hash chainhash.Hash) (rpc.Header, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	height, err := d.find(hash)
	if err != nil {
		return rpc.Header{}, err
	}
	b := d.blocks[height]
	raw, err := b.Header.Bytes()
	if err != nil {
		return rpc.Header{}, err
	}
	h := rpc.Header{
		Raw:        [180]byte(raw),
		Hash:       hash,
		PowHash:    b.PowHashV1(),
		Height:     int64(height),
		MedianTime: d.blocks[height/2].Header.Timestamp,
		Work:       [32]byte{31: byte(height + 1)},
		Tip:        int64(len(d.blocks) - 1),
	}
	if height+1 < len(d.blocks) {
		h.Next = d.blocks[height+1].BlockHash()
	}
	return h, nil
}

// Filter implements rpc.Chain.
func (d *Daemon) Filter(hash chainhash.Hash) ([]byte, [16]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	height, err := d.find(hash)
	if err != nil {
		return nil, [16]byte{}, err
	}
	return []byte{1, 2, 3, byte(height)}, [16]byte(d.blocks[height].Header.MerkleRoot[:16]), nil
}

// Block implements rpc.Blocks.
func (d *Daemon) Block(ctx context.Context, hash chainhash.Hash) (*wire.MsgBlock, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.wait(ctx); err != nil {
		return nil, err
	}
	height, err := d.find(hash)
	if err != nil {
		return nil, err
	}
	return d.blocks[height], nil
}

// wait waits for the end of a stall. The caller holds d.mu, which is free in
// the meantime.
func (d *Daemon) wait(ctx context.Context) error {
	stall := d.stall
	if stall == nil {
		return nil
	}
	d.asked++
	d.most = max(d.most, d.asked)
	d.changed.Broadcast()
	d.mu.Unlock()
	var err error
	select {
	case <-stall:
	case <-ctx.Done():
		err = ctx.Err()
	}
	d.mu.Lock()
	d.asked--
	return err
}

// find returns the height of a block. The caller holds d.mu.
func (d *Daemon) find(hash chainhash.Hash) (int, error) {
	if d.err != nil {
		return 0, d.err
	}
	height := slices.IndexFunc(d.blocks, func(b *wire.MsgBlock) bool { return b.BlockHash() == hash })
	if height < 0 {
		return 0, rpc.ErrNotFound
	}
	return height, nil
}

// Status implements rpc.Sync.
func (d *Daemon) Status() api.SyncStatus {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.status
}

// Changes implements rpc.Sync.
func (d *Daemon) Changes(ctx context.Context, from uint64) iter.Seq[api.SyncStatus] {
	return func(yield func(api.SyncStatus) bool) {
		for {
			d.mu.Lock()
			st, shown := d.status, d.shown
			d.mu.Unlock()
			if st.Seq > from {
				from = st.Seq
				if !yield(st) {
					return
				}
				continue
			}
			select {
			case <-shown:
			case <-ctx.Done():
				return
			}
		}
	}
}

// Since implements rpc.Chain.
func (d *Daemon) Since(locator []api.BlockID, most int) (rpc.Step, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err != nil {
		return rpc.Step{}, d.err
	}
	for i, id := range locator {
		if id.Height >= int64(len(d.blocks)) || d.blocks[id.Height].BlockHash().String() != id.Hash {
			continue
		}
		step := rpc.Step{Reverted: locator[:i]}
		after := d.blocks[id.Height+1:]
		step.More = len(after) > most
		for _, b := range after[:min(most, len(after))] {
			raw, err := b.Header.Bytes()
			if err != nil {
				return rpc.Step{}, err
			}
			step.Applied = append(step.Applied, rpc.Applied{
				ID:  api.BlockID{Height: int64(b.Header.Height), Hash: b.BlockHash().String()},
				Raw: [180]byte(raw),
			})
		}
		return step, nil
	}
	return rpc.Step{}, rpc.ErrNotFound
}

// ChangeWallet makes it known that a wallet has changed, to one reader.
func (d *Daemon) ChangeWallet() {
	select {
	case d.wallets <- struct{}{}:
	default:
	}
}

// Stop implements rpc.Control.
func (d *Daemon) Stop() { d.once.Do(func() { close(d.stopped) }) }

// SetDebugLevel implements rpc.Control.
func (d *Daemon) SetDebugLevel(spec string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if spec != "info" && spec != "debug" {
		return errors.New(`unknown level "` + spec + `"`)
	}
	d.level = spec
	return nil
}

// Subsystems implements rpc.Control.
func (d *Daemon) Subsystems() []string { return []string{"PEER", "SYNC"} }

// roster implements rpc.Peers.
type roster struct{ d *Daemon }

// Peers implements rpc.Peers.
func (r roster) Peers() []api.PeerInfo {
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	return slices.Clone(r.d.peers)
}
