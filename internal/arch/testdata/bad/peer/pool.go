package peer

import (
	"log" // want arrows

	"go.etcd.io/bbolt" // want arrows

	"github.com/spvd/spvd/internal/testnet"  // want arrows
	"github.com/spvd/spvd/internal/testnets" // want arrows
	"github.com/spvd/spvd/spv/chain"         // want arrows
)

func use() {
	log.Print(bbolt.DefaultOptions, testnet.New, testnets.New, chain.Never)
	go use() // want go
	func() {
		defer func() {
			go use() // want go
		}()
	}()
}
