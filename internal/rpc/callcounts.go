package rpc

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/spvd/spvd/internal/rpc/api"
)

// callCounts counts the calls of each method. The zero value is ready. Clients cannot make it grow
// beyond the methods that exist.
type callCounts struct {
	mu      sync.Mutex
	methods map[string]*api.MethodCalls
}

// count adds a call.
func (c *callCounts) count(method string, failed bool, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.methods[method]
	if m == nil {
		if c.methods == nil {
			c.methods = make(map[string]*api.MethodCalls)
		}
		m = &api.MethodCalls{Method: method}
		c.methods[method] = m
	}
	m.Calls++
	m.Seconds += took.Seconds()
	if failed {
		m.Errors++
	}
}

// list returns the counts, ordered by method.
func (c *callCounts) list() []api.MethodCalls {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []api.MethodCalls
	for _, m := range c.methods {
		list = append(list, *m)
	}
	slices.SortFunc(list, func(a, b api.MethodCalls) int { return cmp.Compare(a.Method, b.Method) })
	return list
}

// Calls returns the counts of the calls of each method that was called, ordered by method.
func (s *Server) Calls() []api.MethodCalls { return s.dispatcher.counts.list() }
