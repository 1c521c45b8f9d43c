package main

import (
	"fmt"
	"strings"

	"github.com/spvd/spvd/internal/version"
)

// platform is an operating system and a processor.
type platform struct{ os, arch string }

// platforms returns all that are released.
func platforms() []platform {
	return []platform{
		{"linux", "amd64"}, {"linux", "arm64"}, {"linux", "arm"}, {"linux", "386"}, {"linux", "riscv64"},
		{"darwin", "amd64"}, {"darwin", "arm64"},
		{"windows", "amd64"}, {"windows", "arm64"},
		{"freebsd", "amd64"}, {"openbsd", "amd64"},
	}
}

// String returns the platform as Go writes it.
func (p platform) String() string { return p.os + "/" + p.arch }

// environ returns the variables that a build for the platform needs. Variables of the user
// that would change a build are reset.
func (p platform) environ() []string {
	return []string{"GOOS=" + p.os, "GOARCH=" + p.arch, "GOARM=7", "GOAMD64=v1", "GO386=sse2",
		"CGO_ENABLED=0", "GOFLAGS=", "GOEXPERIMENT=", "GOWORK=off"}
}

// program returns the file name of a program.
func (p platform) program(name string) string {
	if p.os == "windows" {
		return name + ".exe"
	}
	return name
}

// directory returns the name of the directory in the archive for the platform.
func (p platform) directory() string {
	return fmt.Sprintf("spvd-%s-%s-%s", version.Number(), p.os, p.arch)
}

// archive returns the name of the archive for the platform.
func (p platform) archive() string {
	if p.os == "windows" {
		return p.directory() + ".zip"
	}
	return p.directory() + ".tar.gz"
}

// choose returns the platforms that a list names, as in "linux/amd64,linux/arm"; all
// for an empty one.
func choose(list string) ([]platform, error) {
	if list == "" {
		return platforms(), nil
	}
	known := make(map[string]platform)
	for _, p := range platforms() {
		known[p.String()] = p
	}
	var out []platform
	for name := range strings.SplitSeq(list, ",") {
		p, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("unknown platform %q, use some of %v", name, platforms())
		}
		out = append(out, p)
	}
	return out, nil
}
