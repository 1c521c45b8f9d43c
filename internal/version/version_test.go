package version

import (
	"fmt"
	"runtime/debug"
	"strings"
	"testing"
)

func TestFormat(t *testing.T) {
	base := fmt.Sprintf("%d.%d.%d", Major, Minor, Patch)
	tests := []struct{ pre, meta, want string }{
		{"", "", base},
		{"rc.1", "", base + "-rc.1"},
		{"", "0123abcd", base + "+0123abcd"},
		{"rc.1", "0123abcd", base + "-rc.1+0123abcd"},
	}
	for _, tt := range tests {
		if got := format(tt.pre, tt.meta); got != tt.want {
			t.Errorf("format(%q, %q) = %q, want %q", tt.pre, tt.meta, got, tt.want)
		}
	}
	if want := format(PreRelease, ""); Number() != want || !strings.HasPrefix(String(), want) {
		t.Errorf("Number() = %q and String() = %q, want them to begin with %q", Number(), String(), want)
	}
}

func TestMetadataNamesTheRevision(t *testing.T) {
	set := func(revision, modified string) []debug.BuildSetting {
		return []debug.BuildSetting{
			{Key: "vcs.modified", Value: modified},
			{Key: "vcs.revision", Value: revision},
		}
	}
	long := strings.Repeat("0123456789", 4)
	tests := []struct {
		settings []debug.BuildSetting
		want     string
	}{
		{nil, ""},
		{set("", "true"), ""},
		{set("abc", "false"), "abc"},
		{set(long, "false"), "012345678901"},
		{set(long, "true"), "012345678901.modified"},
	}
	for _, tt := range tests {
		if got := metadata(tt.settings); got != tt.want {
			t.Errorf("metadata(%v) = %q, want %q", tt.settings, got, tt.want)
		}
	}
}
