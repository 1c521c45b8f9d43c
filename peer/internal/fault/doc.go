// Package fault has the reasons for which connections with peers end and requests fail. The
// list of reasons is closed: scores, bans, retries and logs all switch on it. It also contains
// panics over data from peers, as errors of reason Defect.
//
// It knows no connection and no peer. It starts no goroutines and holds no state.
//
// Read reason.go, then error.go and contain.go.
package fault
