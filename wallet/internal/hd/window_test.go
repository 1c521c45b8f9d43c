package hd

import "testing"

func TestWindowKeepsTheGap(t *testing.T) {
	for gap := uint32(1); gap < 30; gap++ {
		for used := range uint32(100) {
			end := Window{Used: used}.End(gap)
			if end < used+gap+1 || end > used+2*gap {
				t.Fatalf("gap %d, used %d: end %d", gap, used, end)
			}
		}
	}
}

func TestIssueSaysWhenBeyondTheGap(t *testing.T) {
	w := Window{Used: 3}
	for i := range uint32(10) {
		next, index, beyond := w.Issue(5)
		if index != 3+i || beyond != (i >= 5) {
			t.Fatalf("issued %d, beyond %v after %d", index, beyond, i)
		}
		if next.End(5) <= index {
			t.Fatalf("issued %d is not watched", index)
		}
		w = next
	}
	if _, index, _ := w.Use(40).Issue(5); index != 41 {
		t.Fatalf("issued %d, which may be used", index)
	}
}
