package spv

import (
	"context"
	"iter"
	"time"

	"github.com/decred/dcrd/chaincfg/chainhash"
	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/spv/chain"
	"github.com/spvd/spvd/spv/consensus"
	"github.com/spvd/spvd/spv/p2p"
)

// Peers is the network as the syncer sees it. Peers are named by numbers that
// are unique within a process and never reused; zero names no peer.
//
// Every method may be called from any goroutine. Nothing a peer sends through
// it has been checked against the chain: that is the syncer's task, and
// everything it learns from one peer it can name that peer for.
type Peers interface {
	Fetcher
	Roster
	Feedback
	Relay
}

// Fetcher asks peers for chain data. Each method blocks until a reply arrived,
// the request's own deadline passed, the peer went away, or ctx ended; with no
// fitting peer connected it waits for one. It may ask
// further peers when the first is slow, and names the one whose reply it returns, or
// the first one asked if all have failed. After a failure the caller asks again,
// and names the peers to avoid. When every live peer is to be avoided, the list is
// ignored.
type Fetcher interface {
	// Headers asks a peer for the headers after the first locator hash it
	// knows, up to stop (zero: as many as a message holds, 2,000). It returns
	// the payload of a well-formed headers message, byte for byte.
	Headers(ctx context.Context, avoid []p2p.PeerID, locator []chainhash.Hash, stop chainhash.Hash) (payload []byte, from p2p.PeerID, err error)

	// HeadersFrom is Headers of one peer. It fails at once when that peer is
	// gone.
	HeadersFrom(ctx context.Context, id p2p.PeerID, locator []chainhash.Hash, stop chainhash.Hash) (payload []byte, err error)

	// CFilters asks a peer for the version 2 committed filters of the blocks
	// from start to end, both included, at most 100 of one chain. It returns
	// the payload of a well-formed cfiltersv2 message, byte for byte. A node
	// that lacks one of them stays silent, which is an error here and proves
	// nothing against it. The blocks justify at most so many bytes; a larger reply
	// is a proven fault.
	CFilters(ctx context.Context, avoid []p2p.PeerID, start, end chainhash.Hash, most int) (payload []byte, from p2p.PeerID, err error)

	// Block asks a peer for a block.
	Block(ctx context.Context, avoid []p2p.PeerID, hash chainhash.Hash) (block *wire.MsgBlock, from p2p.PeerID, err error)

	// TakeLate removes and returns the oldest reply to a request of these methods that
	// arrived after another peer had answered the request, or after the request was
	// abandoned. It returns false if there is none. The bytes of late replies are bounded.
	// Changed is poked when there is one.
	TakeLate() (p2p.LateReply, bool)
}

// Roster says which peers are connected and what they announce.
type Roster interface {
	// Live yields the peers that are connected and through their handshake,
	// with the height each of them claims. A claim is never a fact.
	Live() iter.Seq2[p2p.PeerID, uint32]

	// Group returns the network group that a live peer's address lies in: peers in
	// different groups are hardly run by the same one. It is empty if the group is not
	// known, as of addresses that are not routed publicly.
	Group(id p2p.PeerID) string

	// Dialling reports whether a connection is being made, the handshake included. A
	// dial whose peer is live is over. Those that only try an address out do not count.
	Dialling() bool

	// Host names the machine behind a live peer as far as its address tells: an IPv4
	// address, the /64 network of an IPv6 address, or the name of the host. It is empty
	// for other peers.
	Host(id p2p.PeerID) string

	// Trip returns the round trip to a live peer as its handshake, or its last reply to a
	// ping, took it; zero if that is not known.
	Trip(id p2p.PeerID) time.Duration

	// Defects returns how often this program has failed, in the pool, over what a peer
	// sent: it has panicked, and gone on. The log has the details.
	Defects() int

	// Changed is poked (capacity one) whenever Live, Dialling, the announcements of
	// TakeAnnouncements or the replies of TakeLate may have changed. It has one reader, the syncer.
	Changed() <-chan struct{}

	// TakeAnnouncements yields the announcements of blocks since the last call, oldest
	// first per peer. They are removed when they are yielded. Of a peer that announces
	// too much the oldest announcements are dropped.
	TakeAnnouncements() iter.Seq[p2p.Announcement]

	// SendHeaders tells a peer to announce blocks by their headers. It is sent
	// once per connection however often it is asked for.
	SendHeaders(ctx context.Context, id p2p.PeerID) error
}

// Feedback tells the network what the chain proves about its peers. None of its
// methods waits.
type Feedback interface {
	// Accuse reports that something a peer sent is proven wrong. The error is
	// the evidence that is kept with the ban.
	Accuse(id p2p.PeerID, evidence error)

	// Useless reports that a peer sends, again and again, what brings nothing: that
	// raises its ban score, in the end it costs the connection. It is proof of no
	// fault. The error says what it sent.
	Useless(id p2p.PeerID, what error)

	// Acquit takes back what Accuse has led to, also for a peer that left not long ago.
	Acquit(id p2p.PeerID)

	// Credit reports that a peer has sent the header of the newest block of the
	// chain with the most work, which has the given height. Further headers of the
	// same height are no news, whatever the peer announces.
	Credit(id p2p.PeerID, height uint32)

	// Seek reports that what the connected peers have shown may be less than, or
	// other than, what the network has. The reason is a sentence for the log. Until it
	// is called with an empty reason, peers in other network groups are looked for, in
	// addition to the connected ones. A call with another reason changes the reason.
	Seek(reason string)
}

// Relay passes unmined transactions on, from peers to us and from us to peers.
// None of its methods waits for a peer.
type Relay interface {
	// WantTxs says whether transactions that peers announce are fetched. From the
	// first time on peers are asked to announce them, for which connections may
	// have to be made again, never all at once.
	WantTxs(want bool)

	// AskMempool asks a peer to announce all transactions that wait for a block.
	// It is an error if the peer cannot be asked, or was not long ago.
	AskMempool(ctx context.Context, id p2p.PeerID) error

	// ForgetUnkept has transactions that the wallet did not keep fetched again when
	// they are announced again: it watches more than it did.
	ForgetUnkept()

	// Offer announces a transaction to a peer, once per connection, and serves it
	// to that peer until Withdraw.
	Offer(ctx context.Context, id p2p.PeerID, tx *wire.MsgTx) error

	// Withdraw stops serving a transaction.
	Withdraw(hash chainhash.Hash)

	// TakeTxs removes and returns the oldest transactions that peers have sent, of at most
	// most bytes together but at least one, or none if most is zero. The others stay in
	// bounded memory, in which no source displaces the transactions of other sources. The
	// events are about offered transactions. Changed is poked when there is something.
	TakeTxs(most int) ([]p2p.Tx, []p2p.TxEvent)

	// JudgeTx says whether the wallet keeps a transaction that TakeTxs has given: then
	// a second copy is fetched from another network, because the hash leaves out the
	// witness. One that was refused as it is is fetched from another peer.
	JudgeTx(hash chainhash.Hash, kept, refused bool)
}

// Wallet is what the chain is scanned for, and what keeps the unmined
// transactions that concern it.
type Wallet interface {
	Books
	Mempool
}

// Troubled is a Wallet that says what is wrong with it.
type Troubled interface {
	// Troubles returns what users should know, one sentence each: parts of the wallet that
	// are not taken along because they have failed, for example. It may be called from
	// any goroutine, after Changed was poked. They are shown as a warning.
	Troubles() []string

	// TroublesHint returns what users can do about what Troubles returns.
	TroublesHint() string
}

// Notified is a Wallet that has readers of its own, which wait for changes of the wallet.
type Notified interface {
	// Synced is called each time the status has become synced, after readers of the status
	// can see it. A reader that was notified of a block before that, and waits for the
	// status as well, is to look again. It does not wait for anybody.
	Synced()
}

// Importer is a Wallet that may watch more while it is used.
type Importer interface {
	// Imports returns a number that changes when the wallet has begun to watch scripts
	// that may have been paid before: by an import, because a wallet was opened, or
	// because a search of old blocks has found more to watch. Then peers are asked for
	// all that waits for a block again. New addresses that are issued, and windows that
	// grow with new blocks, do not change it. It may be called from any goroutine.
	Imports() uint64
}

// Selective is a Wallet that knows of which blocks it will never need a filter. All filters are
// kept for a Wallet that is not.
type Selective interface {
	// FiltersFrom returns the lowest height of a block that is matched against what the wallet
	// watches, as far as it knows now, or consensus.Never. If some of that begins with the
	// first block of a time, and no block of the wallet's chain has that time, it also returns
	// the earliest such time, or else the zero time. It may be called from any goroutine. It
	// decides what is fetched; a scan that comes to need older filters has them fetched then.
	FiltersFrom() (h consensus.Height, since time.Time)
}

// Mempool keeps the unmined transactions of a wallet. Any goroutine may call its
// methods. None of them changes what is confirmed.
type Mempool interface {
	// Heard takes a transaction that a peer has relayed, which proves nothing, and that
	// is not in the blocks that Unsearched names. What does not concern the wallet, or
	// cannot be mined, it does not keep. Source is the network of the peer: what a
	// source can fill is bounded. Agreed says that peers of two networks have sent
	// these very bytes: the hash leaves out the witness, which anybody can forge.
	//
	// Kept says that the wallet keeps it, refused that it is not valid as it is: with
	// another witness it may be. An error means that the wallet cannot be used.
	Heard(ctx context.Context, tx *wire.MsgTx, source string, agreed bool) (kept, refused bool, err error)

	// Unsearched says where a transaction may have been mined without the wallet
	// knowing: it returns the scripts through which the transaction concerns the
	// wallet, and the last block of those from a height on that were searched for all
	// of them, the zero value if not even the first one was. It returns no scripts if
	// the transaction is known, or does not concern the wallet. What is given to Heard and
	// Publish after that is in no block below the height, or too old to be searched for.
	Unsearched(ctx context.Context, tx *wire.MsgTx, from consensus.Height) (scripts [][]byte, last consensus.BlockID, err error)

	// Publish takes a transaction that a user publishes, and reports whether it
	// concerns the wallet, which then keeps it, across restarts too. An error says
	// why it cannot be mined as far as the wallet can tell, and then nothing has
	// changed. One that is published already is taken again.
	Publish(ctx context.Context, tx *wire.MsgTx) (own bool, err error)

	// Published returns the transactions that are to be offered to peers until
	// they are mined: the published ones, and those that spend from the wallet and
	// were mined in a block that has left the chain. Parents precede children.
	Published(ctx context.Context) ([]*wire.MsgTx, error)

	// MinedAt returns the height of the block that holds a transaction of the
	// wallet; ok is false if none does.
	MinedAt(ctx context.Context, hash chainhash.Hash) (h consensus.Height, ok bool, err error)
}

// Books are what the chain is scanned for. They have a tip of their own, which may
// lag behind the chain or lie on a branch that lost. Only the syncer calls
// these methods, one at a time, except Scanned and Scripts.
//
// Users change wallets too: they import, and ask for a rescan. What then has to
// be scanned follows from Scanned, Locator and Scripts, as it always does.
type Books interface {
	// Scanned returns the last block up to which everything that the wallet
	// watches has been searched for. It is the tip of the filters when nothing is
	// left to do. Without anything to watch it returns false, and needs no blocks.
	// It may be called from any goroutine, and is at once what users have changed:
	// a status that is read after that is not synced.
	Scanned() (at consensus.BlockID, watching bool)

	// Locator begins a step of the scan. It returns blocks of a chain the wallet
	// has applied, newest first, the one to go on from at the front: enough of the
	// newest ones to find the fork point of any plausible reorganisation, and at
	// last the genesis block. While old blocks are searched, the front is some
	// block from the one Scanned returns to the newest one applied. An empty
	// locator says that there is nothing to do after all.
	Locator() []consensus.BlockID

	// Scripts returns the scripts whose outputs concern the wallet, and a
	// number that changes whenever they do. It may be called from any
	// goroutine. Without scripts no block is fetched.
	Scripts() (scripts [][]byte, revision uint64)

	// Apply takes the wallet along the update. The update starts at the front of
	// the last locator; the wallet may go no further than some block of it. Its
	// applied blocks carry their transactions if the filter matched a script. When those
	// transactions make the wallet watch more scripts, it keeps the new scripts,
	// applies nothing and returns grown: the syncer then matches the same blocks
	// against all scripts and applies again. What is applied in the end therefore
	// does not depend on the order of discovery. The list of applied blocks is the
	// syncer's again when Apply returns. A *consensus.InvalidBlock as the error says that the
	// chain has to leave a block; any other one ends the run.
	Apply(ctx context.Context, u chain.Update) (grown bool, err error)

	// Changed is poked (capacity one) after Scanned or Scripts have changed,
	// by users or by Apply. The syncer is its one reader, and asks for the
	// channel each time it waits. Nil means that they never change but by
	// Apply.
	Changed() <-chan struct{}
}
