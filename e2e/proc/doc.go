// Package proc runs the programs that the end-to-end tests and the demo are
// about, and sees to it that none of them outlives its starter.
//
// Every process leads a process group of its own, so that a key press in the
// terminal reaches only the starter, which then stops its children in order.
// When the starter dies without having done so, Linux kills them: the death
// signal is bound to the thread that started the process, which is why one
// goroutine stays on that thread for as long as the process lives.
//
// It needs a Unix system.
package proc
