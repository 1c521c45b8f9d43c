package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// run builds what the arguments ask for.
func run(ctx context.Context, args []string, stdout io.Writer) error {
	set := flag.NewFlagSet("release", flag.ContinueOnError)
	out := set.String("out", filepath.Join("build", "release"), "directory for the archives")
	only := set.String("only", "", "platforms to build, as linux/amd64,linux/arm64 (default: all)")
	check := set.Bool("check", false, "build everything again in another place, and fail if it differs")
	if err := set.Parse(args); err != nil {
		return err
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	first, err := releaseAll(ctx, chosen, *out)
	if err != nil {
		return err
	}
	fmt.Fprint(stdout, first)
	if !*check {
		return nil
	}
	again, err := os.MkdirTemp("", "spvd-release-again-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(again)
	second, err := releaseAll(ctx, chosen, again)
	if err != nil {
		return err
	}
	if second != first {
		return fmt.Errorf("two builds differ; the second gives\n%s", second)
	}
	fmt.Fprintf(stdout, "%d platforms built twice, in two places: all bytes are the same\n", len(chosen))
	return nil
}

// releaseAll clones the sources into a new place, builds the platforms, and writes their
// archives. It returns their lines of SHA256SUMS, which it writes too: over these and all
// other archives in the directory.
func releaseAll(ctx context.Context, chosen []platform, out string) (string, error) {
	if err := os.MkdirAll(out, 0o755); err != nil {
		return "", err
	}
	place, err := os.MkdirTemp("", "spvd-source-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(place)
	s, err := clone(ctx, filepath.Join(place, "spvd"))
	if err != nil {
		return "", err
	}
	var made []string
	for _, p := range chosen {
		made = append(made, p.files()...)
	}
	others, err := kept(out, s.commit, made)
	if err != nil {
		return "", err
	}
	for _, p := range chosen {
		if err := s.release(ctx, p, out); err != nil {
			return "", err
		}
	}
	all, err := sums(out, append(others, made...))
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(out, sumsFile), []byte(all), 0o644); err != nil {
		return "", err
	}
	return sums(out, made)
}
