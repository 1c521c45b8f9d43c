// Package progress measures how far a sync is over all its stages, how fast each stage
// goes, and how long the rest takes.
//
// A [Tracker] is a value that is fed with samples and times: it reads no clock, and starts
// nothing. tracker.go weighs the samples, cost.go knows what a block costs in each stage,
// meter.go averages a rate.
package progress
