package peer

import (
	"context"
	"fmt"

	"github.com/spvd/spvd/peer/internal/peertest"
)

// A pool does nothing until it runs, and Run returns when its context ends.
func ExamplePool() {
	pool, err := New(Config{Params: peertest.Params, UserAgent: "/example:1.0.0/"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	fmt.Println(pool.Run(ctx), len(pool.Infos()))
	// Output: <nil> 0
}
