package webhook

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheSecretIsMadeOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "webhook.secret")
	made, err := LoadSecret(file)
	if err != nil || len(made) != 64 {
		t.Fatalf("%q, %v", made, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if again, err := LoadSecret(file); err != nil || string(again) != string(made) {
		t.Errorf("%q, %v", again, err)
	}
	for content, want := range map[string]string{"": "remove the file", "short\n": "fewer than 16", "  \n\n": "remove the file"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadSecret(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", content, err)
		}
	}
	if _, err := LoadSecret(t.TempDir()); err == nil {
		t.Error("a directory is a secret")
	}
}
