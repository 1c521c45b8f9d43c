package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestClientsAreUpToDate compares the clients with what is generated now.
func TestClientsAreUpToDate(t *testing.T) {
	const root = "../../.."
	files, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(filepath.Join(root, name))
		if err != nil || string(got) != want {
			t.Errorf("%s is not what is generated (run: go generate ./internal/rpc); %v", name, err)
		}
	}
}
