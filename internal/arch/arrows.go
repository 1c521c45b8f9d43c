package arch

import (
	"slices"
	"strconv"
	"strings"
)

// module is the import path of the repository's root.
const module = "github.com/spvd/spvd"

// room is one directory and what its code may import. Directories below it
// follow the same rule unless they are listed themselves.
type room struct {
	dir string

	// imports are the rooms of the project that it may import besides itself and the
	// directories below it. Tests may import testOnly as well.
	imports  []string
	testOnly []string

	// never are packages from outside it must not import, with all below them,
	// not even in tests.
	never []string
}

// rooms returns the table of arrows. Every directory with Go files is below
// one of them.
func rooms() []room {
	const simulated = "internal/testnet"
	network := []string{"net", "net/http"}
	core := []string{"spv", "peer", "wallet"}
	consensus := []string{
		"github.com/decred/dcrd/blockchain",
		"github.com/decred/dcrd/gcs",
		"go.etcd.io/bbolt",
	}
	return []room{
		{dir: ".", imports: append(core, "internal/orchestrator", "internal/prune", "internal/snapshot", "internal/version", "internal/votecheck"), testOnly: []string{simulated}},
		{dir: "peer", imports: []string{"internal/parse", "internal/regular", "spv/p2p"}, testOnly: []string{simulated}, never: consensus},
		{dir: "peer/internal/addrbook", never: append(consensus, "log/slog", "net/http")},
		{dir: "peer/internal/conn", imports: []string{"internal/parse", "peer/internal/addrbook", "peer/internal/fault", "spv/p2p"}, testOnly: []string{"peer/internal/peertest"}, never: append(consensus, "net/http")},
		{dir: "peer/internal/connectivity", imports: []string{"peer/internal/dialing"}, never: append(network, consensus...)},
		{dir: "peer/internal/dialing", imports: []string{"peer/internal/fault", "spv/p2p"}, never: append(network, "log/slog", "sync")},
		{dir: "peer/internal/fault", never: consensus},
		{dir: "peer/internal/misbehavior", imports: []string{"peer/internal/addrbook", "peer/internal/fault"}, never: append(consensus, "net/http")},
		{dir: "peer/internal/manual", imports: []string{"peer/internal/addrbook", "peer/internal/connectivity", "peer/internal/dialing", "peer/internal/fault", "peer/internal/misbehavior", "peer/internal/roster"}, never: append(network, consensus...)},
		{dir: "peer/internal/outbound", imports: []string{"peer/internal/addrbook", "peer/internal/connectivity", "peer/internal/dialing", "peer/internal/fault", "peer/internal/misbehavior", "peer/internal/roster"}, testOnly: []string{"peer/internal/conn", "peer/internal/peertest"}, never: append(consensus, "net/http")},
		{dir: "peer/internal/peersfile", imports: []string{"internal/regular", "peer/internal/addrbook", "peer/internal/fault", "peer/internal/misbehavior"}, never: append(consensus, "net/http")},
		{dir: "peer/internal/peertest", never: consensus},
		{dir: "peer/internal/pick", imports: []string{"peer/internal/conn", "peer/internal/fault", "spv/p2p"}, never: append(network, "log/slog", "sync")},
		{dir: "peer/internal/requests", imports: []string{"internal/parse", "peer/internal/conn", "peer/internal/fault", "peer/internal/pick", "peer/internal/roster", "spv/p2p"}, testOnly: []string{"peer/internal/addrbook", "peer/internal/peertest"}, never: append(consensus, "net/http")},
		{dir: "peer/internal/roster", imports: []string{"peer/internal/addrbook", "peer/internal/conn", "spv/p2p"}, never: append(consensus, "log/slog", "net/http")},
		{dir: "peer/internal/seeds", imports: []string{"peer/internal/addrbook", "peer/internal/dialing", "peer/internal/fault"}, never: consensus},
		{dir: "peer/internal/session", imports: []string{"peer/internal/addrbook", "peer/internal/conn", "peer/internal/connectivity", "peer/internal/dialing", "peer/internal/fault", "peer/internal/misbehavior", "peer/internal/roster"}, testOnly: []string{"peer/internal/peertest"}, never: append(consensus, "net/http")},
		{dir: "peer/internal/socks", never: consensus},
		{dir: "peer/internal/syncpeers", imports: []string{"peer/internal/connectivity", "peer/internal/fault", "peer/internal/misbehavior", "peer/internal/outbound", "peer/internal/requests", "peer/internal/roster", "peer/internal/txrelay", "spv/p2p"}, never: append(network, consensus...)},
		{dir: "peer/internal/txrelay", imports: []string{"peer/internal/addrbook", "spv/p2p"}, never: append(consensus, "net/http")},
		{dir: "peer/serve", imports: []string{"internal/parse", "peer/internal/fault", "spv/consensus"}, testOnly: []string{simulated}, never: consensus},
		{dir: "spv/p2p", never: append(network, "go.etcd.io/bbolt", "log/slog")},
		{dir: "spv/consensus", never: append(network, "go.etcd.io/bbolt", "log/slog")},
		{dir: "spv/chain/internal/store", imports: []string{"spv/consensus", "internal/bboltcheck"}, never: append(network, "log/slog")},
		{dir: "spv/chain/internal/sidetree", imports: []string{"spv/consensus"}, never: append(network, "log/slog")},
		{dir: "spv/chain/internal/recent", imports: []string{"spv/consensus"}, never: append(network, "log/slog")},
		{dir: "spv/chain/internal/longbranch", imports: []string{"spv/consensus", "spv/chain/internal/recent", "spv/chain/internal/sidetree"}, never: append(network, "log/slog", "go.etcd.io/bbolt")},
		{dir: "spv/chain/internal/waypoints", imports: []string{"spv/consensus"}, never: append(network, "log/slog", "go.etcd.io/bbolt")},
		{dir: "spv/chain/internal/early", imports: []string{"spv/consensus"}, never: append(network, "log/slog", "go.etcd.io/bbolt")},
		{dir: "spv/chain", imports: []string{"spv/consensus", "spv/chain/internal/early", "spv/chain/internal/longbranch", "spv/chain/internal/recent", "spv/chain/internal/sidetree", "spv/chain/internal/store", "spv/chain/internal/waypoints"}, testOnly: []string{"internal/bboltcheck"}, never: network},
		{dir: "spv/match", testOnly: []string{simulated, "spv/consensus"}, never: append(network, "go.etcd.io/bbolt")},
		{dir: "internal/votes", imports: []string{"spv/consensus"}, never: append(network, "go.etcd.io/bbolt")},
		{dir: "internal/snapshot", imports: []string{"spv/consensus", "spv/chain", "internal/defect"}, testOnly: []string{simulated}, never: append(network, "go.etcd.io/bbolt")},
		{dir: "internal/snapshot/source", imports: []string{"internal/snapshot"}, testOnly: []string{simulated, "spv/consensus"}},
		{dir: "internal/snapshot/checkpointer", imports: []string{"spv", "internal/snapshot", "spv/chain", "spv/consensus"}, testOnly: []string{simulated}, never: append(network, "go.etcd.io/bbolt")},
		{dir: "internal/snapshot/snapshottest", imports: []string{"internal/snapshot", "spv/consensus", simulated}, never: network},
		{dir: "internal/prune", imports: []string{"spv", "spv/consensus"}, testOnly: []string{simulated}, never: append(network, "go.etcd.io/bbolt")},
		{dir: "internal/votecheck", imports: []string{"spv", "spv/chain", "internal/votes"}, testOnly: []string{simulated, "peer", "wallet"}, never: append(network, "go.etcd.io/bbolt")},
		{dir: "spv/internal/blocks", imports: []string{"spv/consensus", "spv/chain", "spv/p2p", "internal/defect", "internal/parse"}, testOnly: []string{simulated}, never: network},
		{dir: "internal/defect", imports: []string{"spv/p2p"}, never: append(network, "go.etcd.io/bbolt")},
		{dir: "spv/internal/jobs", imports: []string{"internal/defect", "spv/p2p"}, never: append(network, "go.etcd.io/bbolt")},
		{dir: "spv/internal/txrelay", imports: []string{"spv/consensus", "spv/chain", "spv/match", "spv/p2p", "spv/internal/blocks", "internal/defect", "spv/internal/jobs", "internal/parse"}, never: network},
		{dir: "spv/internal/rescan", imports: []string{"spv/consensus", "spv/chain", "spv/match", "spv/p2p", "spv/internal/blocks", "internal/defect", "spv/internal/jobs"}, testOnly: []string{simulated}, never: network},
		{dir: "spv/internal/headersync", imports: []string{"spv/consensus", "spv/chain", "spv/p2p", "internal/defect", "spv/internal/jobs"}, testOnly: []string{simulated}, never: network},
		{dir: "spv/internal/filtersync", imports: []string{"spv/consensus", "spv/chain", "spv/p2p", "internal/defect", "spv/internal/jobs"}, testOnly: []string{simulated}, never: network},
		{dir: "spv/internal/progress", imports: []string{"spv/consensus"}, never: append(network, "go.etcd.io/bbolt")},
		{dir: "spv", imports: []string{"internal/defect", "internal/parse", "internal/snapshot", "spv/consensus", "spv/chain"}, testOnly: []string{simulated, "peer", "wallet"}, never: network},
		{dir: "wallet", imports: []string{"spv/consensus", "spv/chain", "internal/parse", "internal/bboltcheck"}, testOnly: []string{simulated}, never: network},
		{dir: "wallet/internal/apply", imports: []string{"spv/consensus", "spv/chain", "wallet/internal/birthday", "wallet/internal/ledger", "wallet/internal/remembered", "wallet/internal/rows", "wallet/internal/state", "wallet/internal/store", "wallet/internal/txn"}, never: network},
		{dir: "wallet/internal/birthday", imports: []string{"spv/consensus", "wallet/internal/remembered"}, never: append(network, "go.etcd.io/bbolt", "log/slog")},
		{dir: "wallet/internal/hd", imports: []string{"wallet/internal/rows"}, never: append(network, "go.etcd.io/bbolt", "log/slog", "time")},
		{dir: "wallet/internal/ledger", imports: []string{"spv/consensus", "spv/chain", "internal/parse", "wallet/internal/rows", "wallet/internal/txn"}, never: append(network, "log/slog")},
		{dir: "wallet/internal/remembered", imports: []string{"spv/consensus"}, never: append(network, "go.etcd.io/bbolt", "log/slog")},
		{dir: "wallet/internal/rows", imports: []string{"spv/consensus"}, never: append(network, "log/slog")},
		{dir: "wallet/internal/state", imports: []string{"spv/consensus", "spv/chain", "wallet/internal/birthday", "wallet/internal/hd", "wallet/internal/ledger", "wallet/internal/remembered", "wallet/internal/rows", "wallet/internal/txn"}, never: append(network, "log/slog")},
		{dir: "wallet/internal/store", imports: []string{"spv/consensus", "internal/bboltcheck", "wallet/internal/birthday", "wallet/internal/ledger", "wallet/internal/remembered", "wallet/internal/state", "wallet/internal/txn"}, never: network},
		{dir: "wallet/internal/txn", imports: []string{"spv/consensus"}, never: append(network, "go.etcd.io/bbolt", "log/slog", "time")},
		{dir: "wallet/txbuild", never: append(network, "go.etcd.io/bbolt", "log/slog", "time")},
		{dir: "internal/rpc/api"},
		{dir: "internal/parse"},
		{dir: "internal/bboltcheck", never: network},
		{dir: "internal/rpc/txcheck", imports: []string{"internal/parse", "internal/rpc/api", "wallet/txbuild"}, never: append(network, "go.etcd.io/bbolt", "log/slog", "os", "time")},
		{dir: "internal/rpc/view", imports: append(core, "internal/rpc/api", "internal/rpc/txcheck", "internal/snapshot/checkpointer", "internal/votecheck")},
		{dir: "internal/rpc/feed", imports: append(core, "internal/rpc/api", "internal/rpc/view", "internal/votecheck"), testOnly: []string{"internal/rpc"}},
		{dir: "internal/rpc/method", imports: append(core, "internal/rpc/api", "internal/rpc/txcheck", "internal/rpc/view", "internal/rpc/feed", "internal/logging", "internal/parse", "internal/snapshot/checkpointer", "internal/votecheck"), testOnly: []string{simulated}},
		{dir: "internal/rpc/local", imports: []string{"wallet", "internal/rpc/api", "internal/rpc/feed", "internal/rpc/method", "internal/rpc/view", "internal/safetext"}, testOnly: append(core, "internal/rpc/rpctest", simulated)},
		{dir: "internal/webhook", imports: []string{"spv", "wallet", "internal/bboltcheck", "internal/regular", "internal/rpc/api", "internal/rpc/feed"}, testOnly: append(core, "internal/rpc/rpctest", simulated)},
		{dir: "internal/hooks", imports: []string{"spv", "spv/consensus", "wallet"}, testOnly: []string{"internal/logging"}, never: network},
		{dir: "internal/engine", imports: append([]string{".", "internal/rpc", "internal/logging", "internal/regular", "internal/safetext", "internal/version"}, core...), never: network},
		{dir: "internal/engine/enginetest", imports: []string{simulated, "spv/consensus"}},
		{dir: "internal/rpc/rpctest", imports: append(core, "internal/rpc", "internal/logging", "internal/votecheck", simulated)},
		{dir: "internal/rpc", imports: []string{"wallet", "internal/certificate", "internal/safetext", "internal/version", "internal/localhost", "internal/password", "internal/regular"}, testOnly: append(core, simulated)},
		{dir: "internal/certificate", imports: []string{"internal/regular"}, never: []string{"net/http", "log/slog"}},
		{dir: "internal/localhost"},
		{dir: "internal/usage", never: network},
		{dir: "internal/password", never: network},
		{dir: "internal/safetext"},
		{dir: "internal/regular"},
		{dir: "internal/metrics", imports: []string{"internal/rpc/api"}},
		{dir: "internal/page", imports: append(core, "internal/rpc/api", "internal/rpc/view", "internal/localhost", "internal/metrics"), testOnly: []string{"internal/rpc", simulated}},
		{dir: "internal/testnet", imports: []string{"spv/consensus"}, testOnly: []string{"spv", "peer", "wallet"}},
		{dir: "internal/bench", imports: []string{".", "spv", "peer", "wallet", "internal/snapshot", "internal/testnet", "internal/metrics", "internal/rpc/api"}},
		{dir: "internal/logging", imports: []string{"internal/safetext"}},
		{dir: "internal/manual", imports: []string{"internal/version"}, never: network},
		{dir: "internal/manual/manualtest", never: network},
		{dir: "internal/release", imports: []string{"internal/version"}},
		{dir: "internal/systemd"},
		{dir: "internal/parent"},
		{dir: "internal/version"},
		{dir: "internal/flaky"},
		{dir: "internal/orchestrator"},
		{dir: "internal/wait"},    // every room may import it
		{dir: "internal/race"},    // the tests of every room may import it
		{dir: "internal/testenv"}, // likewise
		{dir: "internal/arch"},
		{dir: "internal/settings", imports: []string{".", "spv", "peer", "wallet", "internal/certificate", "internal/logging", "internal/manual", "internal/password", "internal/regular", "internal/rpc", "internal/usage", "internal/webhook"}},
		{dir: "cmd/spvd", imports: []string{".", "peer", "spv", "wallet", "internal"}},
		{dir: "cmd/libspvd", imports: []string{"internal/engine", "internal/rpc/api", "internal/rpc/view", "internal/version"}},
		{dir: "cmd/spvctl", imports: []string{"internal/certificate", "internal/manual", "internal/password", "internal/safetext", "internal/parse", "internal/rpc/api", "internal/rpc/txcheck", "internal/usage", "internal/version"}, testOnly: append(core, "internal/rpc", simulated)},
		{dir: "adapter", imports: []string{".", "spv", "peer", "internal/version"}, testOnly: []string{simulated}},
		{dir: "adapter/notifier", imports: []string{"spv"}, testOnly: []string{".", "wallet", simulated}, never: network},
		{dir: "adapter/rpcclient", imports: []string{"internal/rpc/api"}, testOnly: []string{"internal/rpc", "internal/rpc/rpctest", simulated}},
		{dir: "adapter/mobile", imports: []string{"internal/engine", "internal/version"}},
		{dir: "adapter/dcrwallet/internal/seedwallet", imports: []string{".", "adapter/dcrwallet", "spv", simulated}},
		{dir: "docs/examples", imports: append([]string{".", "adapter/notifier"}, core...), testOnly: []string{simulated}},
		{dir: "e2e", imports: []string{".", "spv", "peer", "wallet", "internal"}},
	}
}

// nowhere are packages that no room imports.
func nowhere() []string {
	return []string{
		"log",       // a logger is injected as *slog.Logger
		"math/rand", // math/rand/v2 with a source of its own can be seeded by a test
	}
}

func checkArrows(t *Tree) []Finding {
	var out []Finding
	for _, f := range t.Files {
		r, ok := roomOf(f.Room())
		if !ok {
			out = append(out, Finding{Path: f.Path, Text: "room " + f.Room() + " is not in the table of arrows"})
			continue
		}
		for _, spec := range f.AST.Imports {
			target, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue // the parser has refused such a file
			}
			if reason := r.refuses(target, f); reason != "" {
				out = append(out, t.at(spec, "%s imports %s: %s", r.dir, target, reason))
			}
		}
	}
	return out
}

// roomOf returns the room with the longest name that holds a directory.
func roomOf(dir string) (room, bool) {
	var best room
	for _, r := range rooms() {
		if within(dir, r.dir) && len(r.dir) > len(best.dir) {
			best = r
		}
	}
	return best, best.dir != ""
}

// refuses returns why a file of the room must not import a package, empty if it may.
func (r room) refuses(target string, f *File) string {
	inner, ours := strings.CutPrefix(target, module+"/")
	if target == module {
		inner, ours = ".", true
	}
	if !ours {
		if slices.Contains(nowhere(), target) {
			return "no room does"
		}
		for _, never := range r.never {
			if within(target, never) {
				return "this room has nothing to do with " + never
			}
		}
		return ""
	}
	allowed := append([]string{r.dir, "internal/wait"}, r.imports...)
	if f.Test() {
		allowed = append(append(allowed, "internal/race", "internal/testenv"), r.testOnly...)
	}
	for _, dir := range allowed {
		if within(inner, dir) {
			return ""
		}
	}
	return "the arrow points the wrong way"
}

// within reports whether a slash separated path is dir or below it.
func within(name, dir string) bool {
	return name == dir || strings.HasPrefix(name, dir+"/")
}
