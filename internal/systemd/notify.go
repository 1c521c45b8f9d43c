package systemd

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// Names of the environment variables that the manager sets.
const (
	socketVariable      = "NOTIFY_SOCKET"
	watchdogVariable    = "WATCHDOG_USEC"
	watchdogPIDVariable = "WATCHDOG_PID"
)

// Messages for Tell.
const (
	Ready    = "READY=1"
	Stopping = "STOPPING=1"
	Alive    = "WATCHDOG=1"
)

// Status returns the message that shows a sentence to the administrator.
func Status(sentence string) string {
	return "STATUS=" + strings.NewReplacer("\n", " ", "\r", " ").Replace(sentence)
}

// Manager is the service manager that has started this process.
type Manager struct {
	socket string

	// Watchdog is how long the process may send nothing before it is killed; zero without a
	// watchdog.
	Watchdog time.Duration
}

// Find returns the manager that the environment names, as os.Environ gives it;
// nil if there is none. The error is one about the environment.
func Find(environ []string) (*Manager, error) {
	socket, usec, pid := lookUp(environ, socketVariable), lookUp(environ, watchdogVariable), lookUp(environ, watchdogPIDVariable)
	if socket == "" {
		return nil, nil
	}
	if socket[0] != '/' && socket[0] != '@' {
		return nil, fmt.Errorf("%s is %q, which is no socket of this machine", socketVariable, socket)
	}
	m := &Manager{socket: socket}
	if usec == "" || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return m, nil // of another process, if any
	}
	n, err := strconv.ParseInt(usec, 10, 48)
	if err != nil || n <= 0 {
		return nil, fmt.Errorf("%s is %q, not a number of microseconds", watchdogVariable, usec)
	}
	m.Watchdog = time.Duration(n) * time.Microsecond
	return m, nil
}

// lookUp returns the value of a variable.
func lookUp(environ []string, name string) string {
	for _, variable := range environ {
		if key, value, _ := strings.Cut(variable, "="); key == name {
			return value
		}
	}
	return ""
}

// Own reports whether a variable is meant for this process alone, and not for its children.
func Own(variable string) bool {
	switch name, _, _ := strings.Cut(variable, "="); name {
	case socketVariable, watchdogVariable, watchdogPIDVariable:
		return true
	}
	return false
}

// Tell sends messages to the manager. It waits for at most tellTime: a manager that does not
// read gets no message, which is an error.
func (m *Manager) Tell(messages ...string) error {
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: m.socket, Net: "unixgram"})
	if err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	defer conn.Close()
	if err := conn.SetWriteDeadline(time.Now().Add(tellTime)); err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	if _, err := conn.Write([]byte(strings.Join(messages, "\n"))); err != nil {
		return fmt.Errorf("tell the service manager: %w", err)
	}
	return nil
}

// tellTime is how long a manager may take to make room for a message.
const tellTime = time.Second
