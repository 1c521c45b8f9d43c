package main

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/decred/dcrd/wire"

	"github.com/spvd/spvd/internal/rpc/api"
	"github.com/spvd/spvd/internal/settings"
)

// serviceDir has the files that service managers and container engines read.
const serviceDir = "../../docs/service"

func readService(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(serviceDir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestUnit holds the unit to what the daemon does: it speaks the protocol of the
// service manager, knows its flags, and needs as long to stop.
func TestUnit(t *testing.T) {
	unit := make(map[string]string)
	for line := range strings.Lines(readService(t, "spvd.service")) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && line[0] != '#' {
			unit[key] = value
		}
	}
	for key, want := range map[string]string{
		"Type": "notify", "WatchdogSec": "1min", "RestartPreventExitStatus": "2", "Restart": "on-failure",
		"TimeoutStopSec": "15s", "User": "spvd", "ProtectSystem": "strict", "NoNewPrivileges": "yes",
	} {
		if unit[key] != want {
			t.Errorf("%s is %q, want %q", key, unit[key], want)
		}
	}
	args := strings.Fields(unit["ExecStart"])
	cfg, err := settings.Load(append(args[1:], "--configfile="+os.DevNull), nil)
	if err != nil || string(cfg.AppData) != "/var/lib/"+unit["StateDirectory"] || !slices.Contains(args, "--configfile=/etc/spvd/spvd.conf") {
		t.Errorf("%q gives %v", args, err)
	}
	for _, name := range []string{"spvd.sysusers", "spvd.tmpfiles"} {
		if !strings.Contains(readService(t, name), " spvd ") {
			t.Errorf("%s does not name the user spvd", name)
		}
	}
}

// TestUnitAsSystemdReadsIt asks the real one, where it is installed.
func TestUnitAsSystemdReadsIt(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd is not installed")
	}
	// What the unit names has to be there: a program and a user, and no manual.
	text := strings.Replace(readService(t, "spvd.service"), "/usr/local/bin/spvd", os.Args[0], 1)
	text = strings.Replace(text, "Documentation=man:spvd(1)\n", "", 1)
	text = strings.Replace(text, "User=spvd\nGroup=spvd\n", "User=daemon\n", 1)
	unit := filepath.Join(t.TempDir(), "spvd.service")
	if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"verify", unit}, {"security", "--no-pager", "--offline=true", "--threshold=20", unit}} {
		out, err := exec.CommandContext(t.Context(), analyze, args...).CombinedOutput()
		if err != nil || args[0] == "verify" && len(out) > 0 {
			t.Errorf("systemd-analyze %s: %v\n%s", args[0], err, out)
		}
	}
}

// assertGo fails unless the image that builds the programs has the Go that go.mod requires:
// such an image downloads no other one.
func assertGo(t *testing.T, version string) {
	t.Helper()
	mod, err := os.ReadFile("../../go.mod")
	if err != nil || !strings.Contains(string(mod), "\ngo "+version+".") {
		t.Errorf("the image builds with Go %s, which is not that of go.mod, %v", version, err)
	}
}

// composed are the words of compose.yaml that only its user knows.
var composed = strings.NewReplacer("${XPUB:?the extended public key of the account}", keyOfDocs,
	"${SHOP_PASSWORD:?the password of the payment server}", "correct horse battery")

// keyOfDocs is an extended public key of the main network.
const keyOfDocs = "dpubZF4LSCdF9YKZfNzTVYhz4RBxsjYXqms8AQnMBHXZ8GUKoRSigG7kQnKiJt5pzk93Q8FxcdVBEkQZruSXduGtWnkwXzGnjbSovQ97dCxqaXc"

// TestCompose gives the daemon the flags and variables of compose.yaml, and looks for the
// ports, the volume and the host name that its services share.
func TestCompose(t *testing.T) {
	text := composed.Replace(readService(t, "compose.yaml"))
	var args, environ []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if word, ok := strings.CutPrefix(line, "- "); ok && strings.HasPrefix(strings.Trim(word, `"`), "--") {
			args = append(args, strings.Trim(word, `"`))
		}
		if name, value, ok := strings.Cut(strings.TrimPrefix(line, "# "), ": "); ok && strings.HasPrefix(name, settings.EnvPrefix) && name != "SPVD_TESTNET" {
			environ = append(environ, name+"="+strings.Trim(value, `"`))
		}
	}
	if len(args) < 5 || len(environ) == 0 {
		t.Fatalf("it has the flags %q and the variables %q", args, environ)
	}
	cfg, err := settings.Load(append(args, "--appdata=/data", "--configfile="+os.DevNull), environ)
	if err != nil {
		t.Fatalf("%q and %q are refused: %v", args, environ, err)
	}
	host := string(cfg.AltDNSNames[0])
	for _, want := range []string{
		"https://" + host + ":" + api.DefaultPort(wire.MainNet), `["` + host + `:9113"]`, "  " + host + ":\n    build:",
		"context: ../..\n", "dockerfile: docs/service/Dockerfile\n", "- spvd:/data\n",
		"- certificate:" + filepath.Dir(cfg.Cert()) + "\n", "- certificate:/spvd:ro\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not contain %q", want)
		}
	}
	if n := strings.Count(text, "- spvd:"); n != 1 || filepath.Dir(cfg.Key()) != string(cfg.AppData) {
		t.Errorf("the data is in %d containers, and the key in %s", n, cfg.Key())
	}
}

func TestAgent(t *testing.T) {
	d := xml.NewDecoder(strings.NewReader(readService(t, "org.spvd.spvd.plist")))
	var words []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := token.(xml.CharData); ok && strings.TrimSpace(string(text)) != "" {
			words = append(words, string(text))
		}
	}
	for _, want := range []string{"Label", "org.spvd.spvd", "ProgramArguments", "/usr/local/bin/spvd", "KeepAlive", "SuccessfulExit"} {
		if !slices.Contains(words, want) {
			t.Errorf("the agent lacks %s", want)
		}
	}
}

// instruction is one of a Dockerfile.
type instruction struct{ name, rest string }

func instructions(text string) (out []instruction) {
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			name, rest, _ := strings.Cut(line, " ")
			out = append(out, instruction{strings.ToUpper(name), strings.TrimSpace(rest)})
		}
	}
	return out
}

// TestImage checks that the Dockerfile copies files that exist, builds the programs and sets
// known settings, and that the image holds only the programs, run by a user without rights.
func TestImage(t *testing.T) {
	last := make(map[string]string) // instructions of the last stage
	var copied []string
	stages := 0
	for _, in := range instructions(readService(t, "Dockerfile")) {
		switch in.name {
		case "FROM":
			if version, ok := strings.CutPrefix(in.rest, "golang:"); ok {
				assertGo(t, strings.Fields(version)[0])
			}
			stages++
			clear(last)
			copied = nil
		case "COPY":
			words := strings.Fields(in.rest)
			for _, word := range words[:len(words)-1] {
				assertCopied(t, stages, word)
			}
			copied = append(copied, words...)
		case "RUN":
			for _, dir := range []string{"./cmd/spvd", "./cmd/spvctl", "CGO_ENABLED=0", "-trimpath"} {
				if strings.Contains(in.rest, "go build") && !strings.Contains(in.rest, dir) {
					t.Errorf("the programs are built without %s", dir)
				}
			}
		}
		last[in.name] = in.rest
	}
	if stages != 2 || last["FROM"] != "scratch" || last["USER"] != "65532:65532" || last["VOLUME"] != "/data" || last["RUN"] != "" {
		t.Errorf("the last of %d stages is %v", stages, last)
	}
	_, check, _ := strings.Cut(last["HEALTHCHECK"], "CMD ")
	for text, want := range map[string][]string{last["ENTRYPOINT"]: {"/spvd"}, check: {"/spvctl", "status", "--live"}} {
		var words []string
		if err := json.Unmarshal([]byte(text), &words); err != nil || !slices.Equal(words, want) || !slices.Contains(copied, "/out"+words[0]) {
			t.Errorf("the image runs %s, want %q", text, want)
		}
	}
	cfg, err := settings.Load([]string{"--configfile=" + os.DevNull}, strings.Fields(last["ENV"]))
	if err != nil || cfg.AppData != "/data" || !cfg.NoFileLogging {
		t.Errorf("%s gives %+v, %v", last["ENV"], cfg, err)
	}
}

// assertCopied checks a word of COPY: in the first stage it is a file of the
// repository, and in the last one something of the first.
func assertCopied(t *testing.T, stage int, word string) {
	t.Helper()
	from, flagged := strings.CutPrefix(word, "--from=")
	switch {
	case flagged && from != "build":
		t.Errorf("COPY from %s, which is no stage", from)
	case stage == 1 && !strings.HasPrefix(word, "-"):
		if _, err := os.Stat(filepath.Join("../..", word)); err != nil {
			t.Error(err)
		}
	}
}
