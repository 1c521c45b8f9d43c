package version

import (
	"fmt"
	"runtime/debug"
)

// The version of this release (https://semver.org). PreRelease is empty for a
// release.
const (
	Major      = 0
	Minor      = 1
	Patch      = 0
	PreRelease = ""
)

// revisionDigits is how many digits of a revision are shown: enough to be unique.
const revisionDigits = 12

// String returns the version as semver writes it, without a leading v.
func String() string { return format(PreRelease, Metadata()) }

// Number returns the version without metadata, as it is sent to peers.
func Number() string { return format(PreRelease, "") }

// Metadata returns the revision that was built, with ".modified" when the
// sources differed from it, or nothing when that is unknown.
func Metadata() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	return metadata(info.Settings)
}

func metadata(settings []debug.BuildSetting) string {
	var revision, modified string
	for _, s := range settings {
		switch {
		case s.Key == "vcs.revision":
			revision = s.Value[:min(len(s.Value), revisionDigits)]
		case s.Key == "vcs.modified" && s.Value == "true":
			modified = ".modified"
		}
	}
	if revision == "" {
		return ""
	}
	return revision + modified
}

func format(preRelease, metadata string) string {
	s := fmt.Sprintf("%d.%d.%d", Major, Minor, Patch)
	if preRelease != "" {
		s += "-" + preRelease
	}
	if metadata != "" {
		s += "+" + metadata
	}
	return s
}
