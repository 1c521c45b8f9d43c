package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/schema"
	"go.yaml.in/yaml/v3"
)

// composeFile is the file for docker compose in the documentation.
const composeFile = "../docs/service/compose.yaml"

// TestComposeFile holds the file to the schema of the Compose specification, and what it says of
// volumes, networks and Prometheus to itself. That the daemon takes its settings is tested beside the
// daemon.
func TestComposeFile(t *testing.T) {
	raw, err := os.ReadFile(composeFile)
	if err != nil {
		t.Fatal(err)
	}
	var untyped map[string]any
	if err := yaml.Unmarshal(raw, &untyped); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(untyped); err != nil {
		t.Error(err)
	}
	untyped["services"].(map[string]any)["spvd"].(map[string]any)["volume"] = []any{"misspelt:/data"}
	if schema.Validate(untyped) == nil {
		t.Error("the schema takes a service with a setting that there is none of")
	}
	var file struct {
		Services map[string]struct {
			Volumes, Networks []string
			Configs           []struct{ Source, Target string }
		}
		Configs  map[string]struct{ Content string }
		Volumes  map[string]any
		Networks map[string]any
	}
	if err := yaml.Unmarshal(raw, &file); err != nil {
		t.Fatal(err)
	}
	for name, s := range file.Services {
		for _, v := range s.Volumes {
			volume, _, _ := strings.Cut(v, ":")
			if _, ok := file.Volumes[volume]; !ok {
				t.Errorf("%s has the volume %s, which is not declared", name, volume)
			}
		}
		for _, n := range s.Networks {
			if _, ok := file.Networks[n]; !ok {
				t.Errorf("%s is in the network %s, which is not declared", name, n)
			}
		}
		if !slices.Contains(s.Networks, "payments") {
			t.Errorf("%s does not reach spvd", name)
		}
		for _, c := range s.Configs {
			prometheus(t, file.Configs[c.Source].Content)
		}
	}
	if len(file.Services["prometheus"].Configs) != 1 {
		t.Error("Prometheus has no configuration")
	}
}

// prometheus checks a configuration of Prometheus, also with its own tool where that is installed.
func prometheus(t *testing.T, text string) {
	t.Helper()
	var config struct {
		ScrapeConfigs []struct {
			JobName       string `yaml:"job_name"`
			StaticConfigs []struct {
				Targets []string
			} `yaml:"static_configs"`
		} `yaml:"scrape_configs"`
	}
	d := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	d.KnownFields(true)
	if err := d.Decode(&config); err != nil {
		t.Fatal(err)
	}
	if s := config.ScrapeConfigs; len(s) != 1 || s[0].JobName != "spvd" || len(s[0].StaticConfigs) != 1 || len(s[0].StaticConfigs[0].Targets) != 1 {
		t.Errorf("Prometheus is configured with %+v", config)
	}
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		return
	}
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), promtool, "check", "config", file).CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}
