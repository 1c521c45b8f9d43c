package meter

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"sync"
	"time"
)

// sampleEvery is how often memory is looked at.
const sampleEvery = 5 * time.Millisecond

// Usage is what something took.
type Usage struct {
	Wall    time.Duration
	User    time.Duration // processor time in the program
	System  time.Duration // and in the system for it
	Mallocs uint64        // objects allocated
	Alloc   uint64        // bytes allocated
	PeakRSS uint64        // anonymous resident memory, in bytes
	Written uint64        // bytes sent to the disk
	Parts   Parts         // of the processor time; nil without a profile
	Served  time.Duration // processor time of who served it meanwhile; zero if not measured
	Items   int           // how many of what it is about; zero if not counted
}

// CPU returns all processor time.
func (u *Usage) CPU() time.Duration { return u.User + u.System }

// Meter measures from Start to Stop.
type Meter struct {
	began   time.Time
	cpu     [2]time.Duration
	mem     runtime.MemStats
	written uint64
	profile *bytes.Buffer // nil without one
	rules   []Rule

	sampling sync.WaitGroup
	done     chan struct{}
	peak     uint64
	heap     *bytes.Buffer // the profile of the memory in use near the peak; nil without one
}

// Start begins to measure. With rules, a profile says which part of the
// processor time is whose. There can be one such meter at a time.
func Start(rules []Rule) (*Meter, error) { return start(rules, nil) }

// start does the same, and writes profiles of the heap to a buffer unless it is nil.
func start(rules []Rule, heap *bytes.Buffer) (*Meter, error) {
	m := &Meter{done: make(chan struct{}), rules: rules, heap: heap}
	runtime.ReadMemStats(&m.mem)
	m.written = written()
	if rules != nil {
		m.profile = new(bytes.Buffer)
		if err := pprof.StartCPUProfile(m.profile); err != nil {
			return nil, fmt.Errorf("profile: %w", err)
		}
	}
	m.cpu = processorTime()
	m.began = time.Now()
	m.sampling.Go(m.sample)
	return m, nil
}

// Stop ends the measurement.
func (m *Meter) Stop() (Usage, error) {
	cpu := processorTime()
	u := Usage{Wall: time.Since(m.began), User: cpu[0] - m.cpu[0], System: cpu[1] - m.cpu[1]}
	close(m.done)
	m.sampling.Wait()
	u.PeakRSS, u.Written = m.peak, written()-m.written
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	u.Mallocs, u.Alloc = mem.Mallocs-m.mem.Mallocs, mem.TotalAlloc-m.mem.TotalAlloc
	if m.profile == nil {
		return u, nil
	}
	pprof.StopCPUProfile()
	var err error
	u.Parts, err = Split(bytes.NewReader(m.Profile()), m.rules)
	return u, err
}

// Profile returns the processor profile after Stop, if there are rules.
func (m *Meter) Profile() []byte { return m.profile.Bytes() }

// Measure measures what do does. With rules, the profile goes to a file as well,
// unless its name is empty, and that of the heap near the peak of the memory to one
// whose name ends with .heap.
func Measure(rules []Rule, file string, do func() error) (Usage, error) {
	var heap *bytes.Buffer
	if rules != nil && file != "" {
		heap = new(bytes.Buffer)
	}
	m, err := start(rules, heap)
	if err != nil {
		return Usage{}, err
	}
	err = do()
	u, stopErr := m.Stop()
	if err = errors.Join(err, stopErr); err == nil && heap != nil {
		err = errors.Join(os.WriteFile(file, m.Profile(), 0o600), os.WriteFile(file+".heap", m.heap.Bytes(), 0o600))
	}
	return u, err
}

// Median returns the one of some measurements that has the median wall time.
func Median[T any](all []T, wall func(T) time.Duration) T {
	all = slices.SortedFunc(slices.Values(all), func(a, b T) int { return cmp.Compare(wall(a), wall(b)) })
	return all[len(all)/2]
}

// heapStep is how much higher, in bytes, a peak must be for another profile of the heap.
const heapStep = 1 << 20

// sample looks at the memory until the end.
func (m *Meter) sample() {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	profiled := uint64(0)
	for {
		m.peak = max(m.peak, anonymous())
		if m.heap != nil && m.peak >= profiled+heapStep {
			profiled = m.peak
			m.heap.Reset()
			if err := pprof.WriteHeapProfile(m.heap); err != nil {
				m.heap.Reset()
			}
		}
		select {
		case <-tick.C:
		case <-m.done:
			return
		}
	}
}
