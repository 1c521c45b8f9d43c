package main

import (
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: clientgen ROOT")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "clientgen:", err)
		os.Exit(1)
	}
}

// write writes the clients below the root of the source tree.
func write(root string) error {
	files, err := generate(root)
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generate returns the files of the clients by their names below the root.
func generate(root string) (map[string]string, error) {
	d, err := read(filepath.Join(root, "docs", "openrpc.json"))
	if err != nil {
		return nil, err
	}
	ts, err := typescript(d)
	if err != nil {
		return nil, fmt.Errorf("typescript: %w", err)
	}
	structs, copied, err := goTypes(filepath.Join(root, "internal", "rpc", "api"))
	if err != nil {
		return nil, fmt.Errorf("go: %w", err)
	}
	methods, err := goMethods(d, copied)
	if err != nil {
		return nil, fmt.Errorf("go: %w", err)
	}
	return map[string]string{
		"docs/clients/spvd.ts":         ts,
		"adapter/rpcclient/types.go":   structs,
		"adapter/rpcclient/methods.go": methods,
	}, nil
}
