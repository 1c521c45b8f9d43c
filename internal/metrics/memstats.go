package metrics

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"time"
)

// memstat is a metric of the memory of the Go runtime, by the name that it has with the client
// library of Prometheus: a sum of values of the runtime.
type memstat struct {
	name, help string
	of         []string // see runtime/metrics, without the unit
}

// The parts of the memory of the Go runtime, see runtime/metrics.
const (
	heapObjects  = "/memory/classes/heap/objects:bytes"
	heapUnused   = "/memory/classes/heap/unused:bytes"
	heapFree     = "/memory/classes/heap/free:bytes"
	heapReleased = "/memory/classes/heap/released:bytes"
	stacks       = "/memory/classes/heap/stacks:bytes"
	tinyAllocs   = "/gc/heap/tiny/allocs:objects"
)

// memstatGauges returns the metrics that may fall.
func memstatGauges() []memstat {
	const classes = "/memory/classes/"
	return []memstat{
		{"go_memstats_alloc_bytes", "The memory that objects take.", []string{heapObjects}},
		{"go_memstats_sys_bytes", "The memory that was taken from the system.", []string{classes + "total:bytes"}},
		{"go_memstats_heap_alloc_bytes", "The memory of the heap that objects take.", []string{heapObjects}},
		{"go_memstats_heap_sys_bytes", "The memory of the heap.", []string{heapObjects, heapUnused, heapFree, heapReleased}},
		{"go_memstats_heap_idle_bytes", "The memory of the heap that holds nothing.", []string{heapFree, heapReleased}},
		{"go_memstats_heap_inuse_bytes", "The memory of the heap that holds something.", []string{heapObjects, heapUnused}},
		{"go_memstats_heap_released_bytes", "The memory of the heap that was returned to the system.", []string{heapReleased}},
		{"go_memstats_heap_objects", "The objects there are.", []string{"/gc/heap/objects:objects"}},
		{"go_memstats_stack_inuse_bytes", "The memory of stacks that is in use.", []string{stacks}},
		{"go_memstats_stack_sys_bytes", "The memory of stacks.", []string{stacks, classes + "os-stacks:bytes"}},
		{"go_memstats_mspan_inuse_bytes", "The memory of mspan structures that is in use.", []string{classes + "metadata/mspan/inuse:bytes"}},
		{
			"go_memstats_mspan_sys_bytes", "The memory of mspan structures.",
			[]string{classes + "metadata/mspan/inuse:bytes", classes + "metadata/mspan/free:bytes"},
		},
		{"go_memstats_mcache_inuse_bytes", "The memory of mcache structures that is in use.", []string{classes + "metadata/mcache/inuse:bytes"}},
		{
			"go_memstats_mcache_sys_bytes", "The memory of mcache structures.",
			[]string{classes + "metadata/mcache/inuse:bytes", classes + "metadata/mcache/free:bytes"},
		},
		{"go_memstats_buck_hash_sys_bytes", "The memory of the tables of profiles.", []string{classes + "profiling/buckets:bytes"}},
		{"go_memstats_gc_sys_bytes", "The memory of the garbage collector.", []string{classes + "metadata/other:bytes"}},
		{"go_memstats_other_sys_bytes", "The other memory of the runtime.", []string{classes + "other:bytes"}},
		{"go_memstats_next_gc_bytes", "The size of the heap at which the next garbage collection begins.", []string{"/gc/heap/goal:bytes"}},
		{"go_goroutines", "The goroutines there are.", []string{"/sched/goroutines:goroutines"}},
		{"go_sched_gomaxprocs_threads", "The threads that may run Go code at a time.", []string{"/sched/gomaxprocs:threads"}},
	}
}

// memstatCounters returns the metrics that only rise.
func memstatCounters() []memstat {
	return []memstat{
		{"go_memstats_alloc_bytes_total", "The memory that objects have taken since the start.", []string{"/gc/heap/allocs:bytes"}},
		{"go_memstats_mallocs_total", "The objects that were made since the start.", []string{"/gc/heap/allocs:objects", tinyAllocs}},
		{"go_memstats_frees_total", "The objects that were freed since the start.", []string{"/gc/heap/frees:objects", tinyAllocs}},
	}
}

// runtime writes the metrics of the Go runtime.
func (p *printer) runtime() {
	p.gauge("go_info", "The version of Go.", 1, label{"version", runtime.Version()})
	for _, m := range memstatGauges() {
		p.gauge(m.name, m.help, m.value())
	}
	for _, m := range memstatCounters() {
		p.counter(m.name, m.help, m.value())
	}
	threads, _ := runtime.ThreadCreateProfile(nil)
	p.gauge("go_threads", "The threads that were made.", float64(threads))
	p.collections()
}

// value returns the sum of the values of the runtime.
func (m *memstat) value() float64 {
	samples := make([]metrics.Sample, len(m.of))
	for i, name := range m.of {
		samples[i].Name = name
	}
	metrics.Read(samples)
	sum := uint64(0)
	for _, s := range samples {
		if s.Value.Kind() == metrics.KindUint64 {
			sum += s.Value.Uint64()
		}
	}
	return float64(sum)
}

// collections writes the metrics of garbage collections.
func (p *printer) collections() {
	stats := debug.GCStats{PauseQuantiles: make([]time.Duration, 5)}
	debug.ReadGCStats(&stats)
	last := 0.0
	if !stats.LastGC.IsZero() {
		last = float64(stats.LastGC.UnixNano()) / 1e9
	}
	p.gauge("go_memstats_last_gc_time_seconds", "When the last garbage collection ended.", last)
	const name = "go_gc_duration_seconds"
	p.headOf("summary", name, "How long garbage collections have stopped all else.")
	for i, pause := range stats.PauseQuantiles {
		quantile := strconv.FormatFloat(float64(i)/float64(len(stats.PauseQuantiles)-1), 'g', -1, 64)
		p.sample(name, pause.Seconds(), label{"quantile", quantile})
	}
	p.sample(name+"_sum", stats.PauseTotal.Seconds())
	p.sample(name+"_count", float64(stats.NumGC))
}
