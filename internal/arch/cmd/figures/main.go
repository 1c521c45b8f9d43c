package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spvd/spvd/internal/arch"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run prints the figures of a directory, and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	root := "."
	switch len(args) {
	case 0:
	case 1:
		root = args[0]
	default:
		fmt.Fprintln(stderr, "usage: figures [DIR]")
		return 2
	}
	tree, err := arch.Load(root)
	if err != nil {
		fmt.Fprintln(stderr, "figures:", err)
		return 1
	}
	for _, f := range arch.Figures(tree) {
		where := ""
		if f.Where != "" {
			where = " (" + f.Where + ")"
		}
		fmt.Fprintf(stdout, "%7d  %s%s\n", f.Value, f.What, where)
	}
	return 0
}
