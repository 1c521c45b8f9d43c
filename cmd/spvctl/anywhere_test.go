package main

import (
	"strings"
	"testing"

	"github.com/spvd/spvd/internal/rpc/rpctest"
)

// TestGlobalFlagsAnywhere: an option for all commands may stand behind the command and its words.
func TestGlobalFlagsAnywhere(t *testing.T) {
	address, _ := rpctest.Start(t, rpctest.Config(rpctest.NewOffline(t).Registry))
	flags := []string{"--rpcserver", address, "--notls", "-u", rpctest.User, "--password=" + rpctest.Password}
	want := spvctl(t, "", append(append([]string{}, flags...), "help", "getblockcount")...)
	if want.code != exitOK {
		t.Fatalf("%+v", want)
	}
	for i := range 3 {
		words := []string{"help", "getblockcount"}
		line := append(append(append([]string{}, words[:min(i, 2)]...), flags...), words[min(i, 2):]...)
		if got := spvctl(t, "", line...); got != want {
			t.Errorf("%v: %+v, want %+v", line, got, want)
		}
	}
	if got := spvctl(t, "", append(append([]string{"status"}, flags...), "--json")...); got.code != exitOK || !strings.HasPrefix(got.out, "{") {
		t.Errorf("status gave %+v", got)
	}
	if got := spvctl(t, "", append(append([]string{}, flags...), "getblockhash", "--", "--json")...); got.code != exitError {
		t.Errorf("behind --: %+v", got)
	}
}

// TestSuggestions name the command, method or flag that was likely meant.
func TestSuggestions(t *testing.T) {
	flags := daemon(t, rpctest.NewOffline(t).Registry)
	for line, want := range map[string]string{
		"statsu":            "did you mean spvctl status?",
		"getblockcoun":      "did you mean spvctl getblockcount?",
		"zzzzzzzzzz":        "there is no method",
		"status --jsn":      "there is no flag --jsn: did you mean --json?",
		"--testnt status":   "there is no flag --testnt: did you mean --testnet?",
		"history --count=x": `--count: "x" is not a whole number`,
	} {
		got := spvctl(t, "", append(append([]string{}, flags...), strings.Fields(line)...)...)
		if got.code == exitOK || !strings.Contains(got.err, want) || strings.Contains(got.err, "strconv") {
			t.Errorf("%s: %+v, want %q", line, got, want)
		}
		if !strings.Contains(want, "?") && strings.Contains(got.err, "did you mean") {
			t.Errorf("%s: %+v", line, got)
		}
	}
	dir := t.TempDir()
	for _, line := range [][]string{{"-A", dir, "statsu"}, {"-A", dir, "help", "statsu"}} {
		if got := spvctl(t, "", line...); got.code != 4 && got.code != exitError || !strings.Contains(got.err, "there is no command statsu: did you mean") {
			t.Errorf("%v without a daemon: %+v", line, got)
		}
	}
}

// TestAnotherNetworkIsNamed: a daemon of the simulation network that is asked for another one.
func TestAnotherNetworkIsNamed(t *testing.T) {
	flags := daemon(t, rpctest.NewOffline(t).Registry)
	for flag, want := range map[string]string{"": "", "--simnet": "", "--testnet": "is on simnet, and testnet3 was asked for"} {
		got := spvctl(t, "", append(append([]string{}, flags...), strings.Fields(flag+" getblockcount")...)...)
		if (got.code == exitOK) != (want == "") || !strings.Contains(got.err, want) {
			t.Errorf("%s: %+v, want %q", flag, got, want)
		}
	}
}
