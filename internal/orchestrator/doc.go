// Package orchestrator starts the workers of a program in a line, keeps them running, and stops them
// in reverse.
//
// # Guarantees
//
//   - A worker may use those before it in the list: it is stopped, and has returned, before one of
//     them is stopped.
//   - A worker with a gate is started when its gate has opened, not before.
//   - A required worker that returns before it is stopped ends all, also when it returns nil.
//   - An optional worker never ends the others. When it returns before it is stopped, that is
//     reported, and it is started again after a pause, as often as that happens. The report is
//     withdrawn when it has worked for as long as the pause again.
//   - When Run returns nil or an error of a worker, all goroutines have returned. Only with
//     StopWithin it may give up on one that hangs.
//
// Run owns one goroutine for each worker, and one more while an optional worker is started again.
// There is no other state. Read orchestrator.go.
package orchestrator
