package password

import (
	"strings"
	"testing"
)

// fromPython is made by hashlib.pbkdf2_hmac('sha256', b'correct horse', b'0123456789abcdef', 2000).
const fromPython = "$pbkdf2-sha256$i=2000$MDEyMzQ1Njc4OWFiY2RlZg$MGoh2Ym969nMJuWoRTjFXPmoi5ptqegZ9PzZ3FTIVOM"

func TestHashesOfOthers(t *testing.T) {
	if !Matches(fromPython, "correct horse") {
		t.Error("the right password is refused")
	}
	for _, wrong := range []string{"", "correct horsf", "correct horse ", fromPython} {
		if Matches(fromPython, wrong) {
			t.Errorf("%q is accepted", wrong)
		}
	}
	if got, err := hash("correct horse", []byte("0123456789abcdef"), 2000); err != nil || got != fromPython {
		t.Errorf("%s, %v", got, err)
	}
}

func TestHashesAreSalted(t *testing.T) {
	a, err := Hash("secret")
	if err != nil {
		t.Fatal(err)
	}
	b, err := Hash("secret")
	if err != nil || a == b || strings.Contains(a, "secret") {
		t.Errorf("%s, %s, %v", a, b, err)
	}
	if is, err := IsHash(a); !is || err != nil || !Matches(a, "secret") {
		t.Errorf("%s: %v, %v", a, is, err)
	}
}

// TestBrokenHashesAreNoPasswords: a hash that was cut, or altered, is refused, and never taken for a
// password that somebody could send.
func TestBrokenHashesAreNoPasswords(t *testing.T) {
	for i := len(scheme); i < len(fromPython); i++ {
		if is, err := IsHash(fromPython[:i]); !is || err == nil {
			t.Errorf("%s: %v, %v", fromPython[:i], is, err)
		}
	}
	for _, text := range []string{
		strings.Replace(fromPython, "i=2000", "i=1", 1), strings.Replace(fromPython, "i=2000", "i=99999999999", 1),
		strings.Replace(fromPython, "i=2000", "2000", 1), strings.Replace(fromPython, "MDEy", "!!!!", 1), fromPython + "$", fromPython + "AA",
	} {
		if is, err := IsHash(text); !is || err == nil || Matches(text, "correct horse") {
			t.Errorf("%s: %v, %v", text, is, err)
		}
	}
	for _, text := range []string{"", "secret", "$2y$10$x", "pbkdf2-sha256$"} {
		if is, err := IsHash(text); is || err != nil {
			t.Errorf("%q: %v, %v", text, is, err)
		}
	}
}
