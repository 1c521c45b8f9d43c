package main

import "testing"

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 7: "7", 999: "999", 1000: "1,000", 12345: "12,345", 999999: "999,999", 1000000: "1,000,000",
		-5: "-5", -999: "-999", -1000: "-1,000", -100000: "-100,000",
	} {
		if got := grouped(n); got != want {
			t.Errorf("grouped(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestSpan(t *testing.T) {
	for seconds, want := range map[int64]string{
		0: "0s", 59: "59s", 60: "1m 0s", 3599: "59m 59s", 3600: "1h 0m", 86399: "23h 59m", 90000: "1d 1h",
	} {
		if got := span(seconds); got != want {
			t.Errorf("span(%d) = %s, want %s", seconds, got, want)
		}
	}
}

func TestPercentIsNeverRoundedUp(t *testing.T) {
	for ratio, want := range map[float64]string{0: "0.0%", 0.5: "50.0%", 0.99999: "99.9%", 1: "100.0%"} {
		if got := percent(ratio); got != want {
			t.Errorf("percent(%v) = %s, want %s", ratio, got, want)
		}
	}
}

func TestByteSize(t *testing.T) {
	for n, want := range map[uint64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 2_500_000: "2.5 MB", 1 << 63: "9.2 EB"} {
		if got := byteSize(n); got != want {
			t.Errorf("byteSize(%d) = %s, want %s", n, got, want)
		}
	}
}

func TestAddress(t *testing.T) {
	for _, test := range []struct {
		server    string
		listening []string
		want      string
	}{
		{"", nil, "localhost:9112"},
		{"", []string{"127.0.0.1:1", "127.0.0.1:2"}, "127.0.0.1:1"},
		{"", []string{":7"}, "localhost:7"},
		{"", []string{"0.0.0.0"}, "localhost:9112"},
		{"", []string{"[::]:7"}, "localhost:7"},
		{"host", []string{"127.0.0.1:1"}, "host:9112"},
		{"host:5", nil, "host:5"},
		{"::1", nil, "[::1]:9112"},
		{"[::1]", nil, "[::1]:9112"},
		{"[::1]:5", nil, "[::1]:5"},
	} {
		if got := address(test.server, test.listening, "9112"); got != test.want {
			t.Errorf("address(%q, %q) = %s, want %s", test.server, test.listening, got, test.want)
		}
	}
}
