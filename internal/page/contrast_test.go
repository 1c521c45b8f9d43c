package page

import (
	"math"
	"regexp"
	"strconv"
	"testing"
)

// TestContrast: every text colour stands out from what it is on by 4.5 to 1, and what is no text
// by 3 to 1, in both themes (WCAG 2, levels AA of 1.4.3 and 1.4.11).
func TestContrast(t *testing.T) {
	themes := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(style, -1)
	if len(themes) != 2 {
		t.Fatalf("%d themes", len(themes))
	}
	for i, theme := range themes {
		colours := make(map[string]string)
		for _, m := range regexp.MustCompile(`--(\w+): #([0-9a-f]{3,6})`).FindAllStringSubmatch(theme[1], -1) {
			colours[m[1]] = m[2]
		}
		for _, test := range []struct {
			least    float64
			of, upon []string
		}{
			{4.5, []string{"ink", "faint", "link", "warntext", "good", "bad"}, []string{"page", "card"}},
			{4.5, []string{"ink", "faint"}, []string{"warnback", "badback"}},
			{3, []string{"go", "goodbar"}, []string{"card"}},
		} {
			for _, of := range test.of {
				for _, upon := range test.upon {
					if got := contrast(t, colours[of], colours[upon]); got < test.least {
						t.Errorf("theme %d: %s on %s has a contrast of %.2f, want %v", i, of, upon, got, test.least)
					}
				}
			}
		}
	}
}

// contrast returns the ratio of the luminances of two colours in hex.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// luminance returns the relative luminance of a colour in hex, as WCAG defines it.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	if len(hex) == 3 {
		hex = hex[:1] + hex[:1] + hex[1:2] + hex[1:2] + hex[2:] + hex[2:]
	}
	rgb, err := strconv.ParseUint(hex, 16, 24)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i, weight := range []float64{0.0722, 0.7152, 0.2126} {
		c := float64(rgb>>(8*i)&0xff) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
