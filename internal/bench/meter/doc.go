// Package meter measures the process it is in: wall and processor time, where the
// processor time went, allocations, memory and bytes written. It reads what Linux
// tells a process about itself; elsewhere those numbers are zero.
package meter
