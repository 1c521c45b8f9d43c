// Package e2e proves spvd against real Decred full nodes: the dcrd that this
// module pins, on simnet, with tickets that are bought and vote. Main go.mod
// therefore never requires a full node.
//
// What is under test are programs: they are built, started, talked to as users
// talk to them, and killed. Nothing of the project is imported, so that every
// name and number these tests rely on is one that users can rely on too. For
// the same reason the go command cannot know that a result depends on the
// project's sources: run the tests with -count=1.
//
// The rooms: proc runs programs, node runs dcrd, miner extends its chain, proxy
// records and gates the wire between a node and spvd, daemon runs spvd and
// spvctl. keys spends what spvd watches, and replay reads the chain a second time,
// as plainly as can be, to say what spvd should say of it. cmd/demo shows it all to
// a person. Read stage_test.go first.
package e2e
