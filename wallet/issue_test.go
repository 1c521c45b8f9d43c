package wallet

import (
	"errors"
	"sync"
	"testing"
)

// TestTheLastAddressIsGrantedOnce: of many concurrent calls that may not go behind the gap
// limit, as many succeed as addresses are left, and each gets another one.
func TestTheLastAddressIsGrantedOnce(t *testing.T) {
	const gap, calls = 20, 30
	for left := 1; left <= 3; left++ {
		w := openTest(t, Birthday{})
		importTest(t, w, "a", 1, AccountOptions{Gap: gap})
		for range gap - left {
			if _, err := w.NewAddress(t.Context(), "a", External, GapRefuse); err != nil {
				t.Fatal(err)
			}
		}
		var mu sync.Mutex
		granted, refused := make(map[string]bool), 0
		var callers sync.WaitGroup
		for range calls {
			callers.Go(func() {
				issued, err := w.NewAddress(t.Context(), "a", External, GapRefuse)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil && !issued.BeyondGap:
					granted[issued.Address] = true
				case errors.Is(err, ErrBehindGap):
					refused++
				default:
					t.Errorf("got %+v, %v", issued, err)
				}
			})
		}
		callers.Wait()
		if len(granted) != left || refused != calls-left {
			t.Errorf("with %d addresses left %d are granted and %d calls refused", left, len(granted), refused)
		}
	}
}
