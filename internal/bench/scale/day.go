package scale

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spvd/spvd/internal/bench/report"
	"github.com/spvd/spvd/spv/consensus"
)

// Day is what a number of blocks has cost a daemon with a quiet wallet and one that is
// paid in some blocks.
type Day struct {
	Blocks, Reorgs, Reloads, Clients int

	Wall    time.Duration
	CPU     time.Duration
	Written uint64 // bytes for each block, the mean

	// Memory and files at the first tenth, when all is warm, and at the end. Memory is
	// anonymous, in bytes.
	Memory, Files [2]uint64
}

// What happens each so many blocks.
const (
	reorgEvery  = 25
	reloadEvery = 40
	clientEvery = 3
)

// RunDay lets a daemon follow so many blocks, with reorganisations, reloads of a
// wallet, and clients that vanish in the middle of a request. It is an error if the
// daemon has more files open at the end, or a third more memory.
func RunDay(ctx context.Context, cfg Config, blocks int) (day Day, err error) {
	day.Blocks = blocks
	plan, addresses, _, err := planOf(200)
	if err != nil {
		return day, err
	}
	dir, err := os.MkdirTemp(cfg.Dir, "scalebench-")
	if err != nil {
		return day, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	err = serve(ctx, plan, func(ctx context.Context, s *served) error {
		tip := int64(s.node.Chain().Height())
		d, err := start(ctx, cfg.Program, dir, s.addr)
		if err != nil {
			return err
		}
		err = d.synced(tip)
		for _, a := range addresses[:50] {
			err = errors.Join(err, d.call("", "importaddress", nil, a))
		}
		err = errors.Join(err, d.call("", "createwallet", nil, "quiet"), d.call("quiet", "importaddress", nil, addresses[60]))
		if err = errors.Join(err, d.synced(tip)); err == nil {
			err = day.live(d, s)
		}
		return errors.Join(err, d.stop())
	})
	if err == nil && day.Files[1] > day.Files[0] {
		err = fmt.Errorf("%d files are open, %d more than at first", day.Files[1], day.Files[1]-day.Files[0])
	}
	if err == nil && day.Memory[1] > day.Memory[0]*4/3 {
		err = fmt.Errorf("memory has grown from %s to %s", mib(day.Memory[0]), mib(day.Memory[1]))
	}
	return day, err
}

// live lets the daemon follow the blocks of a day.
func (day *Day) live(d *daemon, s *served) error {
	warm := max(1, day.Blocks/10)
	var before uint64
	var began time.Time
	for i := range day.Blocks {
		if i == warm {
			day.Memory[0], day.Files[0] = d.settled()
			before, began, day.CPU = d.written(), time.Now(), -d.cpu()
		}
		c := s.node.Chain()
		if i%reorgEvery == reorgEvery-1 {
			c = c.Outgrow(c.Height()-consensus.Height(1+i%3), uint64(100+i))
			day.Reorgs++
		} else {
			c = c.Extend(1)
		}
		s.node.SetChain(c)
		if i%clientEvery == 0 {
			if err := d.vanish(); err != nil {
				return err
			}
			day.Clients++
		}
		if i%reloadEvery == 0 {
			if err := errors.Join(d.call("", "unloadwallet", nil, "quiet"), d.call("", "loadwallet", nil, "quiet")); err != nil {
				return err
			}
			day.Reloads++
		}
		if err := d.synced(int64(c.Height())); err != nil {
			return err
		}
	}
	day.Wall, day.CPU = time.Since(began), day.CPU+d.cpu()
	day.Written = (d.written() - before) / uint64(max(1, day.Blocks-warm))
	day.Memory[1], day.Files[1] = d.settled()
	return nil
}

// vanish connects, asks for half a request, and is gone.
func (d *daemon) vanish() error {
	c, err := net.Dial("tcp", d.rpc)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: 1000\r\n\r\n{", d.rpc)
	return errors.Join(err, c.Close())
}

// settled returns memory and number of open files, once the number has not changed for a
// while.
func (d *daemon) settled() (memory, files uint64) {
	for same := 0; same < 10; time.Sleep(20 * time.Millisecond) {
		list, err := os.ReadDir(filepath.Join("/proc", fmt.Sprint(d.cmd.Process.Pid), "fd"))
		if err != nil {
			return 0, 0
		}
		if same++; uint64(len(list)) != files {
			same, files = 0, uint64(len(list))
		}
	}
	return d.anonymous(), files
}

// cpu returns the processor time that the daemon has used.
func (d *daemon) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	var user, system int64
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		return 0
	}
	return time.Duration(user+system) * 10 * time.Millisecond
}

// DayTable writes a day.
func DayTable(day Day) string {
	var b strings.Builder
	report.Columns(&b, "blocks", "reorganisations", "reloads", "vanished clients", "wall", "processor time", "written for a block",
		"memory, warm", "memory, at the end", "files, warm", "files, at the end")
	fmt.Fprintf(&b, "| %d | %d | %d | %d | %.1f s | %.1f s | %.1f KiB | %s | %s | %d | %d |\n", day.Blocks, day.Reorgs, day.Reloads, day.Clients,
		day.Wall.Seconds(), day.CPU.Seconds(), float64(day.Written)/1024, mib(day.Memory[0]), mib(day.Memory[1]), day.Files[0], day.Files[1])
	return b.String()
}
