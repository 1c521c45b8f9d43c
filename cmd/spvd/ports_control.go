package main

import "github.com/spvd/spvd/internal/logging"

// controlPort steers the daemon itself.
type controlPort struct {
	logs *logging.Log
	stop func()
}

// Stop implements rpc.Control.
func (p controlPort) Stop() { p.stop() }

// SetDebugLevel implements rpc.Control.
func (p controlPort) SetDebugLevel(spec string) error { return p.logs.SetLevels(spec) }

// Subsystems implements rpc.Control.
func (p controlPort) Subsystems() []string { return p.logs.Subsystems() }
