package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"

	sys "golang.org/x/sys/unix"
)

// traced is a daemon in a process of its own whose every system call is looked at
// before it happens.
type traced struct {
	*daemon
	cmd *exec.Cmd

	mu   sync.Mutex
	seen map[string]int // where the process has sent anything by itself, and how often
}

// startTraced runs a daemon under ptrace. It is stopped with the test.
func startTraced(t *testing.T, args ...string) *traced {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), processLimit)
	d := &traced{
		daemon: &daemon{out: newTranscript(), err: newTranscript(), ended: make(chan struct{})},
		cmd:    exec.Command(os.Args[0], args...),
		seen:   make(map[string]int),
	}
	d.cmd.Env = append(os.Environ(), mainVariable+"=1")
	d.cmd.Stdout, d.cmd.Stderr = d.out, d.err
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true}
	started := make(chan error)
	var wg sync.WaitGroup
	wg.Go(func() {
		runtime.LockOSThread() // one thread is the tracer; it ends with this function
		defer close(d.ended)
		err := d.cmd.Start()
		started <- err
		if err == nil {
			d.trace(t)
			_ = d.cmd.Wait() // the end was seen already; what remains is its output
		}
	})
	if err := <-started; errors.Is(err, sys.EPERM) {
		t.Skip("this system does not let processes be traced")
	} else if err != nil {
		t.Fatal(err)
	}
	pid := d.cmd.Process.Pid
	d.stop = func() { _ = sys.Kill(pid, sys.SIGINT) }
	killed := context.AfterFunc(ctx, func() { _ = sys.Kill(pid, sys.SIGKILL) })
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		killed()
	})
	return d
}

// trace lets the process run until it has ended, one system call after the other.
func (d *traced) trace(t *testing.T) {
	pid := d.cmd.Process.Pid
	var status sys.WaitStatus
	if _, err := sys.Wait4(pid, &status, sys.WALL, nil); err != nil {
		t.Errorf("wait for the traced process: %v", err)
		return
	}
	if err := sys.PtraceSetOptions(pid, sys.PTRACE_O_TRACESYSGOOD|sys.PTRACE_O_TRACECLONE|
		sys.PTRACE_O_TRACEFORK|sys.PTRACE_O_TRACEVFORK|sys.PTRACE_O_TRACEEXEC|sys.PTRACE_O_EXITKILL); err != nil {
		t.Errorf("trace the process: %v", err)
	}
	thread, deliver := pid, 0
	for {
		_ = sys.PtraceSyscall(thread, deliver) // fails for a thread that was killed meanwhile
		var err error
		thread, err = sys.Wait4(-1, &status, sys.WALL|sys.WNOTHREAD, nil)
		for errors.Is(err, sys.EINTR) {
			thread, err = sys.Wait4(-1, &status, sys.WALL|sys.WNOTHREAD, nil)
		}
		if err != nil {
			return // none is left
		}
		deliver = 0
		switch stop := status.StopSignal(); {
		case !status.Stopped(), stop == sys.SIGTRAP, stop == sys.SIGSTOP: // an event, or a new thread
		case stop == sys.SIGTRAP|0x80:
			d.look(t, thread)
		default:
			deliver = int(stop)
		}
	}
}

// syscallInfo is what PTRACE_GET_SYSCALL_INFO tells at the entry of a system call.
type syscallInfo struct {
	op     uint8
	_      [3]uint8
	arch   uint32
	ip, sp uint64
	nr     uint64
	args   [6]uint64
}

// look notes where a system call of a thread would send something.
func (d *traced) look(t *testing.T, thread int) {
	var info syscallInfo
	if _, _, errno := sys.Syscall6(sys.SYS_PTRACE, sys.PTRACE_GET_SYSCALL_INFO, uintptr(thread),
		unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0); errno != 0 {
		if errno != sys.ESRCH { // killed meanwhile
			t.Errorf("read a system call: %v", errno)
		}
		return
	}
	if info.op != sys.PTRACE_SYSCALL_INFO_ENTRY {
		return
	}
	addr, size := uint64(0), uint64(0)
	switch info.nr {
	case sys.SYS_CONNECT:
		addr, size = info.args[1], info.args[2]
	case sys.SYS_SENDTO:
		addr, size = info.args[4], info.args[5]
	case sys.SYS_SENDMSG, sys.SYS_SENDMMSG:
		var head [12]byte // of struct msghdr: the address and its length
		if _, err := sys.PtracePeekData(thread, uintptr(info.args[1]), head[:]); err == nil {
			addr, size = binary.NativeEndian.Uint64(head[:]), uint64(binary.NativeEndian.Uint32(head[8:]))
		}
	case sys.SYS_IO_URING_SETUP:
		d.note("a ring of system calls that cannot be looked at")
	}
	if addr == 0 {
		return
	}
	raw := make([]byte, min(size, sys.SizeofSockaddrAny))
	if _, err := sys.PtracePeekData(thread, uintptr(addr), raw); err != nil {
		d.note("an address that cannot be read")
		return
	}
	d.note(sockaddr(raw))
}

func (d *traced) note(where string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen[where]++
}

// sockaddr names an address as the system has it.
func sockaddr(raw []byte) string {
	family := uint16(0)
	if len(raw) >= 2 {
		family = binary.NativeEndian.Uint16(raw)
	}
	switch {
	case family == sys.AF_INET && len(raw) >= 8:
		ip, _ := netip.AddrFromSlice(raw[4:8])
		return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(raw[2:])).String()
	case family == sys.AF_INET6 && len(raw) >= 24:
		ip, _ := netip.AddrFromSlice(raw[8:24])
		return netip.AddrPortFrom(ip.Unmap(), binary.BigEndian.Uint16(raw[2:])).String()
	}
	return fmt.Sprintf("family %d: %q", family, raw)
}

// sent stops the daemon and returns where it has sent anything.
func (d *traced) sent(t *testing.T) map[string]int {
	t.Helper()
	d.stop()
	<-d.ended
	return d.seen
}

// TestTheProcessReachesNothingButTheProxy looks at every system call of daemons that
// have a proxy: whatever the program or a library in it tries, nothing is sent to any
// other address, over any protocol, and nothing that looks up names is asked.
func TestTheProcessReachesNothingButTheProxy(t *testing.T) {
	const onion = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion:18555"
	common := []string{"--rpclisten=127.0.0.1:0", "--notls", "--nofilelogging"}
	ns := serveNodes(t, 2)
	first, second := ns.flags[0][len("--connect="):], ns.flags[1][len("--connect="):]
	// What asks the kernel which addresses the machine has: netlink, to process zero.
	kernel := fmt.Sprintf("family %d: %q", syscall.AF_NETLINK, "\x10"+strings.Repeat("\x00", 11))
	onlyTo := func(t *testing.T, d *traced, addr string, atLeast int) {
		t.Helper()
		seen := d.sent(t)
		if addr == first { // without a proxy
			delete(seen, kernel)
		}
		if seen[addr] < atLeast {
			t.Errorf("%d connections to %s, want %d: are they noticed?", seen[addr], addr, atLeast)
		}
		delete(seen, addr)
		if len(seen) != 0 {
			t.Errorf("other ways out: %v", seen)
		}
	}
	synced := fmt.Sprintf("Synced at height %d", blocks)

	t.Run("without a proxy", func(t *testing.T) { // so that we know what is noticed
		d := startTraced(t, append(common, "--simnet", "--appdata", t.TempDir(), "--connect="+first)...)
		d.await(t, synced)
		onlyTo(t, d, first, 1)
	})
	t.Run("peers of all kinds", func(t *testing.T) {
		proxy := startProxy(t, map[string]string{"node.example:18555": first, onion: second})
		d := startTraced(t, append(common, "--simnet", "--appdata", t.TempDir(), "--proxy="+proxy.addr,
			"--addpeer=node.example", "--addpeer="+onion, "--addpeer="+first, "--addpeer=192.0.2.1", "--addpeer=[2001:db8::1]:9")...)
		d.await(t, synced)
		for _, addr := range []string{"node.example:18555", onion, first, "192.0.2.1:18555", "[2001:db8::1]:9"} {
			proxy.await(t, addr)
		}
		onlyTo(t, d, proxy.addr, 5)
	})
	t.Run("seeders", func(t *testing.T) {
		proxy := startProxy(t, nil)
		d := startTraced(t, append(common, "--testnet", "--appdata", t.TempDir(), "--proxy="+proxy.addr)...)
		for _, seeder := range testNetSeeders() {
			proxy.await(t, seeder+":443")
		}
		onlyTo(t, d, proxy.addr, len(testNetSeeders()))
	})
}
