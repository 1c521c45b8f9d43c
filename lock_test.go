package spvd

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestSecondHolderIsToldTheFirst(t *testing.T) {
	name := filepath.Join(t.TempDir(), LockFile)
	first, err := takeLock(name)
	if err != nil {
		t.Fatal(err)
	}
	_, err = takeLock(name)
	if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("process id %d ", os.Getpid())) || !strings.Contains(err.Error(), name) {
		t.Errorf("second lock: %v, want an error that names process %d and %s", err, os.Getpid(), name)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := takeLock(name)
	if err != nil {
		t.Fatalf("after the release: %v", err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
}

func TestGarbageInTheLockFileIsNoObstacle(t *testing.T) {
	name := filepath.Join(t.TempDir(), LockFile)
	if err := os.WriteFile(name, []byte(strings.Repeat("99999\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := takeLock(name)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	content, err := os.ReadFile(name)
	if want := fmt.Sprintln(os.Getpid()); err != nil || string(content) != want {
		t.Errorf("the file holds %q, %v; want %q", content, err, want)
	}
}

// TestKilledHolderIsNoObstacle has another process take the lock and kills it
// without any chance to clean up.
func TestKilledHolderIsNoObstacle(t *testing.T) {
	name := filepath.Join(t.TempDir(), LockFile)
	if os.Getenv("TEST_LOCK") != "" {
		if _, err := takeLock(os.Getenv("TEST_LOCK")); err != nil {
			t.Fatal(err)
		}
		fmt.Println("locked")
		select {}
	}
	holder := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	holder.Env = append(os.Environ(), "TEST_LOCK="+name)
	out, err := holder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "locked\n" {
		t.Fatalf("the holder said %q, %v", line, err)
	}
	if _, err := takeLock(name); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("process id %d ", holder.Process.Pid)) {
		t.Errorf("while it is held: %v, want an error that names process %d", err, holder.Process.Pid)
	}
	if err := holder.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := holder.Wait(); err == nil {
		t.Error("the killed holder exited cleanly")
	}
	l, err := takeLock(name)
	if err != nil {
		t.Fatalf("after the holder was killed: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}
