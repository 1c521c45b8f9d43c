//go:build unix

package settings

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// TestCookieGroupSetting takes groups by number and name, and refuses others in words.
func TestCookieGroupSetting(t *testing.T) {
	for value, want := range map[string]string{
		"12345": "", strconv.Itoa(os.Getgid()): "",
		"no such group": `this machine has no group "no such group"`, "-1": "no group", "99999999999": "no group",
	} {
		var g Group
		err := g.UnmarshalFlag(value)
		if want == "" && (err != nil || g.String() != value || strconv.Itoa(*g.Number) != value) {
			t.Errorf("%s: %v, %v", value, g, err)
		}
		if want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v", value, err)
		}
	}
}
