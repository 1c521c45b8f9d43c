// Package deps keeps the modules in go.mod that the rooms still to come are
// built from. Each import goes when a room has it.
package deps

import (
	_ "github.com/coder/websocket"
	_ "github.com/decred/dcrd/blockchain/stake/v5"
	_ "github.com/decred/dcrd/blockchain/standalone/v2"
	_ "github.com/decred/dcrd/certgen"
	_ "github.com/decred/dcrd/chaincfg/chainhash"
	_ "github.com/decred/dcrd/chaincfg/v3"
	_ "github.com/decred/dcrd/crypto/blake256"
	_ "github.com/decred/dcrd/crypto/rand"
	_ "github.com/decred/dcrd/dcrjson/v4"
	_ "github.com/decred/dcrd/dcrutil/v4"
	_ "github.com/decred/dcrd/gcs/v4/blockcf2"
	_ "github.com/decred/dcrd/hdkeychain/v3"
	_ "github.com/decred/dcrd/math/uint256"
	_ "github.com/decred/dcrd/rpc/jsonrpc/types/v4"
	_ "github.com/decred/dcrd/txscript/v4/stdaddr"
	_ "github.com/decred/dcrd/txscript/v4/stdscript"
	_ "github.com/decred/dcrd/wire"
	_ "github.com/jessevdk/go-flags"
	_ "github.com/jrick/logrotate/rotator"
	_ "github.com/jrick/wsrpc/v2"
	_ "go.etcd.io/bbolt"
	_ "golang.org/x/sync/errgroup"
	_ "lukechampine.com/blake3"
)
