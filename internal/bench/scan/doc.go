// Package scan measures discovery and rescans of wallets against the least that
// any program would have to do for them: to hash all scripts under the key of each
// block, and to decode each filter, on all processors ([Floor]).
//
// A [Row] is a chain and the number of scripts that the wallet watches in the end.
// They are of one account, whose addresses are paid one after the other all along
// the chain, so that discovery finds the last ones only at its end. [Run] measures
// a row. It serves the chain over loopback TCP itself; what is measured runs in
// processes of their own: a first sync with an empty wallet that only knows the
// account's key, its floor, rescans of what the wallet knows then, and the same
// filters matched as a rescan does it, from memory and with nothing besides. They
// take turns, so that the ratios hold on a machine whose speed drifts. What the
// serving process takes meanwhile is measured too: it shares the processors.
package scan
