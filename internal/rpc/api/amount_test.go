package api

import (
	"encoding/json"
	"math"
	"testing"
)

func TestAmountsAreExact(t *testing.T) {
	for atoms, want := range map[Amount]string{
		0: "0", 1: "0.00000001", -1: "-0.00000001", 1e8: "1", -15e7: "-1.5", 21e14: "21000000",
		123456789: "1.23456789", math.MaxInt64: "92233720368.54775807", math.MinInt64: "-92233720368.54775808",
	} {
		got, err := json.Marshal(atoms)
		if err != nil || string(got) != want {
			t.Errorf("%d atoms are %s, %v; want %s", int64(atoms), got, err, want)
		}
		var back Amount
		if err := json.Unmarshal(got, &back); err != nil || back != atoms {
			t.Errorf("%s is read as %d, %v; want %d", got, int64(back), err, int64(atoms))
		}
	}
	for _, bad := range []string{"1.234567891", `"1"`, "1e3", "99999999999999999999"} {
		var a Amount
		if err := json.Unmarshal([]byte(bad), &a); err == nil {
			t.Errorf("%s is read as %v", bad, a)
		}
	}
}
