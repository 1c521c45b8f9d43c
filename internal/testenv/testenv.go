package testenv

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// inherited returns the variables that change the programs' behaviour, but for SPVD_*.
func inherited() []string {
	return []string{
		"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", // of service managers
		"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
		"http_proxy", "https_proxy", "all_proxy", "no_proxy",
		"GOGC", "GOMEMLIMIT",
		"COLUMNS", "LINES", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE",
	}
}

// Set removes settings that the test program has inherited and its children would inherit:
// variables that configure spvd, its service manager, proxies or the Go runtime, and a hangup
// signal that is ignored, as under nohup. It panics if the environment cannot be changed.
func Set() {
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, "SPVD_") {
			unset(name)
		}
	}
	for _, name := range inherited() {
		unset(name)
	}
	// A signal that is caught is reset to its default in a child, one that is
	// ignored stays ignored there.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
}

func unset(name string) {
	if err := os.Unsetenv(name); err != nil {
		panic(fmt.Sprintf("unset %s: %v", name, err))
	}
}
