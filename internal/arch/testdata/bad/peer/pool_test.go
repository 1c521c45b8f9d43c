package peer

import (
	"testing"
	"time"

	"github.com/spvd/spvd/internal/testnet"
	"github.com/spvd/spvd/spv" // want arrows
)

func TestPool(t *testing.T) {
	testnet.New(spv.New)
	time.Sleep(time.Second) // want sleep
	wait := time.Sleep      // want sleep
	wait(1)
	<-time.After(time.Second) // want sleep
	select {
	case <-time.After(time.Until(time.Now())): // want wait
	}
	time.NewTimer(0) // want wait
}
