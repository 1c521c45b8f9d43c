// Package bench measures a first sync against the least that any program would
// have to do. It is a module of its own, so that what reads profiles, and the
// linter of Prometheus that the test of the metrics runs, are not among what the programs of the project are built from.
//
// A [Row] is one situation: a chain of some length, a number of peers, a round
// trip, with waypoints or without. [Run] measures it. It lets a process of its
// own serve the synthetic network over loopback TCP, and then, in turns, another
// one that syncs ([Sync]), which has nothing else in its memory or its processor
// time, and one that only downloads, hashes, proves and appends ([floor.Run]).
// Taking turns makes the ratio between both hold on a machine whose speed drifts.
//
// What is reported of a number of turns is the one with the median wall time;
// only the split of processor time is summed over all of them, because a profile
// of one has too few samples.
package bench
