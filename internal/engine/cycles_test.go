package engine_test

import (
	"flag"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spvd/spvd/internal/engine"
	"github.com/spvd/spvd/internal/engine/enginetest"
)

var cycles = flag.Int("cycles", 20, "how often an engine is started and stopped at a random moment")

// longestCycle is how long an engine runs at most before it is stopped: a whole sync of the
// chain takes about half of it.
const longestCycle = 60 * time.Millisecond

// TestCycles opens, starts, calls, stops and closes an engine at random moments, from several
// goroutines at once. In the end no goroutine and no file is left, and nothing is lost: the wallet
// has what a new one finds, also after reorganisations.
func TestCycles(t *testing.T) {
	first := enginetest.Start(t, 40)
	confirmed(t, settings(t, t.TempDir(), first.Address), first) // what is made once is made
	first.Stop()
	goroutines, files := runtime.NumGoroutine(), openFiles(t)

	n := enginetest.Start(t, 400)
	config := settings(t, t.TempDir(), n.Address)
	paid := 1
	for i := range *cycles {
		switch i % 10 {
		case 3, 6:
			n.Pay(t, enginetest.First, 1e8)
			paid++
		case 9:
			n.Grow(1, 2, nil) // takes back the payment of 6
			paid--
		}
		cycle(t, config)
	}
	lived := confirmed(t, config, n)
	if fresh := confirmed(t, settings(t, t.TempDir(), n.Address), n); lived != fresh {
		t.Errorf("after all cycles the wallet has\n%s\na new one has\n%s", lived, fresh)
	}
	if payments := strings.Count(lived, `"txid"`); payments != paid {
		t.Errorf("the wallet has %d payments, want %d", payments, paid)
	}
	n.Stop()
	left := runtime.NumGoroutine()
	for range 1_000_000 { // what was waited for may still be about to end
		if left <= goroutines {
			break
		}
		runtime.Gosched()
		left = runtime.NumGoroutine()
	}
	after := openFiles(t)
	for range 10_000 { // a file is closed when the last one who used it has let it go
		if after <= files {
			break
		}
		runtime.Gosched()
		after = openFiles(t)
	}
	t.Logf("%d cycles: %d goroutines and %d open files before, %d and %d after", *cycles, goroutines, files, left, after)
	if left > goroutines {
		t.Errorf("%d goroutines before, %d after", goroutines, left)
	}
	if after > files {
		t.Errorf("%d open files before, %d after", files, after)
	}
}

// confirmed returns the mined outputs of the wallet once all is synced.
func confirmed(t *testing.T, config string, n *enginetest.Network) string {
	t.Helper()
	e := open(t, config)
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	awaitSynced(t, e, int64(n.Node.Chain().Height()))
	outputs := call(t, e, "listunspent", `[1]`)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return outputs
}

// cycle is one life of an engine, with a reader and a caller beside it.
func cycle(t *testing.T, config string) {
	t.Helper()
	e, err := engine.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	var beside sync.WaitGroup
	beside.Go(func() {
		for {
			if _, err := e.Next(time.Second); engine.Explain(err) != nil && engine.Explain(err).Code == engine.CodeClosed {
				return
			}
		}
	})
	for range 1 + rand.IntN(3) {
		if err := e.Start(); err != nil {
			t.Error(err)
		}
		beside.Go(func() {
			for _, params := range []string{`["syncstatus"]`, `["blocks"]`, `["transactions"]`} {
				_, _ = e.Call("", "subscribe", params) // refused once it is stopped
			}
			_, _ = e.Call("", "getbalance", "")
			_, _ = e.Call("", "getblock", `["298e5cc3d985bfe7f81dc135f360abe089edd4396b86d2de66b0cef42b21d980"]`)
		})
		_, _ = e.Next(rand.N(longestCycle)) // the moment is that of an event, or any other
		if rand.IntN(2) == 0 {
			if err := e.Stop(); err != nil {
				t.Error(err)
			}
			continue
		}
		break
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	beside.Wait()
}

// openFiles returns the number of open files of the process, zero where it cannot be counted.
func openFiles(t *testing.T) int {
	t.Helper()
	if runtime.GOOS != "linux" {
		return 0
	}
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}
