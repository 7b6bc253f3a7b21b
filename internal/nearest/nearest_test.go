package nearest

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

func TestName_FindsWhatWasMeant(t *testing.T) {
	for _, c := range []struct {
		given string
		known []string
		want  string
	}{
		{"chekc", []string{"check", "grant", "request"}, "check"},
		{"newsleter", []string{"newsletter", "order-updates"}, "newsletter"},
		{"chanels", []string{"channels", "controllers"}, "channels"},
		{" Adress", []string{"address", "name"}, "address"},
		{"ADDRESS", []string{"address"}, "address"},
		{"ip", []string{"id", "in"}, ""},
		{"ip", []string{"id"}, "id"},
		{"newsletter-at", []string{"newsletter-de", "newsletter-ch"}, ""},
		{"newsletter-dee", []string{"newsletter-de", "newsletter-ch"}, "newsletter-de"},
		{"something", []string{"else"}, ""},
		{"x", []string{"y"}, ""},
		{"", []string{"a"}, ""},
		{"a", nil, ""},
	} {
		if got := Name(c.given, c.known); got != c.want {
			t.Errorf("%q of %q: %q, want %q", c.given, c.known, got, c.want)
		}
	}
}

func TestProperty_Within_AgreesWithTheFullDistance(t *testing.T) {
	text := rapid.StringMatching(`[ab]{0,7}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := []rune(text.Draw(t, "a")), []rune(text.Draw(t, "b"))
		for limit := range 4 {
			if got, want := Within(a, b, limit), distance(a, b) <= limit; got != want {
				t.Fatalf("%q and %q within %d: %t, want %t", string(a), string(b), limit, got, want)
			}
		}
	})
}

// distance is the edit distance by its definition.
func distance(a, b []rune) int {
	switch {
	case len(a) == 0:
		return len(b)
	case len(b) == 0:
		return len(a)
	case a[0] == b[0]:
		return distance(a[1:], b[1:])
	default:
		return 1 + min(distance(a[1:], b), distance(a, b[1:]), distance(a[1:], b[1:]))
	}
}
