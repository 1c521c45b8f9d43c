package consensus

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

func TestRatioRoundsDown(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 42))
	for range 20_000 {
		d := 1 + r.Int64N(1<<(1+r.IntN(30)))
		n := (r.Int64N(2<<31) - 1<<31) >> r.IntN(31)
		want := new(big.Int).Lsh(big.NewInt(n), 32)
		if want.Div(want, big.NewInt(d)); !want.IsInt64() {
			continue
		}
		if got := ratio(n, d); got != want.Int64() {
			t.Fatalf("%d/%d: got %d, want %d", n, d, got, want)
		}
	}
}

func TestAverageEqualsTwin(t *testing.T) {
	r := rand.New(rand.NewPCG(43, 44))
	negative := 0
	for range 5000 {
		nums := make([]int64, 1+r.IntN(20))
		var sum average
		den := 1 + r.Int64N(50_000)
		for i := range nums {
			nums[i] = r.Int64N(den<<30) - r.Int64N(den<<29)*int64(r.IntN(3))
			sum.add(ratio(nums[i], den), uint(len(nums)-i))
		}
		want := naiveAverage(nums, den, 1)
		if want.Sign() < 0 {
			negative++
			want = big.NewInt(-1)
		}
		if got := sum.value(); big.NewInt(got).Cmp(want) != 0 {
			t.Fatalf("%v of %d: got %d, want %d", nums, den, got, want)
		}
	}
	if negative < 50 {
		t.Errorf("only %d averages are negative", negative)
	}
}
