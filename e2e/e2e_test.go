package e2e

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"
)

// TestMain catches hangups: a signal that the test program inherits as ignored, under
// nohup, stays ignored in its children, one that it catches does not.
func TestMain(m *testing.M) {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	os.Exit(m.Run())
}

// waitTime bounds every single wait: far more than anything takes on a busy
// machine.
const waitTime = 30 * time.Second

// deadline returns a context for one wait.
func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitTime)
	t.Cleanup(cancel)
	return ctx
}

// TestRealNodes holds all tests: they share programs and a chain that take
// longer to make than most of them run.
func TestRealNodes(t *testing.T) {
	s := setStage(t)
	for _, test := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"chain of votes and tickets", s.testChain},
		{"nodes reorganise", s.testNodesReorganise},
		{"sync from zero", s.testSyncFromZero},
		{"follow", s.testFollow},
		{"payment", s.testPayment},
		{"relay", s.testRelay},
		{"reorganise", s.testReorganise},
		{"restart", s.testRestart},
		{"snapshot", s.testSnapshot},
		{"serving", s.testServing},
		{"address book", s.testBook},
		{"kill mid-sync", s.testKillMidSync},
		{"node dies mid-sync", s.testNodeDies},
		{"sendheaders", s.testSendHeaders},
		{"status codes", s.testStatusCodes},
		{"calls", s.testCalls},
		{"clients", s.testClients},
		{"second instance", s.testSecondInstance},
		{"stop", s.testStop},
		{"wallet", s.testWallet},
		{"scripts", s.testScripts},
		{"cold storage", s.testColdStorage},
		{"reference wallet", s.testReference},
		{"adapter", s.testAdapter},
		{"treasury", s.testTreasury},
		{"votes", s.testVotes},
		{"examples", s.testExamples},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel() // each has nodes and daemons of its own
			test.run(t)
		})
	}
}
