package metrics

// Process is what the system knows of the process.
type Process struct {
	CPUSeconds    float64 // of processors that it has used
	ResidentBytes uint64
	VirtualBytes  uint64
	OpenFiles     int
	MostFiles     uint64 // that may be open; zero for no bound
}

// process writes what the system knows of the process, nothing where that is not known.
func (p *printer) process(of *Process) {
	if of == nil {
		return
	}
	p.counter("process_cpu_seconds_total", "The time of processors that the process has used.", of.CPUSeconds)
	p.gauge("process_resident_memory_bytes", "The memory of the process.", float64(of.ResidentBytes))
	p.gauge("process_virtual_memory_bytes", "The addresses that the process has mapped.", float64(of.VirtualBytes))
	p.gauge("process_open_fds", "The files and connections that are open.", float64(of.OpenFiles))
	if of.MostFiles > 0 {
		p.gauge("process_max_fds", "The files and connections that may be open.", float64(of.MostFiles))
	}
}
