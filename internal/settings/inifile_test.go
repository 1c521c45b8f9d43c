package settings

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated files that are tested")

// sampleFile is the sample configuration at the top of the repository.
const sampleFile = "../../sample-spvd.conf"

func TestSampleIsUpToDate(t *testing.T) {
	var want bytes.Buffer
	writeSample(&want)
	if *update {
		if err := os.WriteFile(sampleFile, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(sampleFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Errorf("sample-spvd.conf is stale: run go test ./internal/settings -run Sample -update")
	}
}

func TestSampleChangesNothing(t *testing.T) {
	sample, err := os.ReadFile(sampleFile)
	if err != nil {
		t.Fatal(err)
	}
	dir := dataDir(t, string(sample))
	with, err := Load([]string{"--appdata", dir}, nil)
	if err != nil {
		t.Fatal(err)
	}
	without, err := Load([]string{"--appdata", dir, "--configfile", os.DevNull}, nil)
	if err != nil {
		t.Fatal(err)
	}
	without.ConfigFile = ""
	assertSameSettings(t, with, without)
}

// TestSampleShowsEveryDefault uncomments the lines of the sample that show a
// default, and expects the defaults.
func TestSampleShowsEveryDefault(t *testing.T) {
	var sample bytes.Buffer
	writeSample(&sample)
	var lines []string
	for line := range strings.Lines(sample.String()) {
		key, value, ok := strings.Cut(strings.TrimPrefix(line, "; "), " = ")
		if ok && !strings.Contains(key, " ") && value != strings.ToUpper(value) {
			lines = append(lines, key+" = "+value)
		}
	}
	if len(lines) < 5 {
		t.Fatalf("found only the defaults %q", lines)
	}
	cfg, err := load(t, strings.Join(lines, ""), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.AppData = cfg.AppData
	assertSameSettings(t, cfg, want)
}

func TestDumpReadsBackAsTheSameSettings(t *testing.T) {
	cfg, err := load(t, "", nil, "--simnet", "--connect=a:1", "--connect=b:2", "--rpclisten=127.0.0.1:0",
		"--blocknotify= leading space", "--username=\"quoted\"", "--password=hunter2", "--walletuser=shop:a,b:ro", "--walletpass=shop:hunter2", "--debuglevel=off,SYNC=debug", "--logdir=/l")
	if err != nil {
		t.Fatal(err)
	}
	var dump bytes.Buffer
	WriteSettings(&dump, cfg)
	if strings.Contains(dump.String(), cfg.Password) {
		t.Errorf("the dump shows the password:\n%s", dump.String())
	}
	name := filepath.Join(t.TempDir(), "dump.conf")
	if err := os.WriteFile(name, dump.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Load([]string{"-C", name, "--password=hunter2", "--walletpass=shop:hunter2"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	again.ConfigFile = ""
	assertSameSettings(t, again, cfg)
}

// assertSameSettings compares everything but the functions behind aliases.
func assertSameSettings(t *testing.T, got, want *Config) {
	t.Helper()
	a, b := reflect.ValueOf(*got), reflect.ValueOf(*want)
	for i := range a.NumField() {
		name := a.Type().Field(i).Name
		if a.Field(i).Kind() == reflect.Func {
			continue
		}
		if x, y := a.Field(i).Interface(), b.Field(i).Interface(); !reflect.DeepEqual(x, y) {
			t.Errorf("%s is %#v, want %#v", name, x, y)
		}
	}
}
