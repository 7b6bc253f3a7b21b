package address

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"anna@example.at", `"Anna"@STRASSE.at.`, "a.+b@gmail.com", "ä@xn--strae-oqa.at", "a@b\u200b.at", "a@axn--b.at", "A+b@GMAIL.com"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		if difference := slowly(typed); difference != "" {
			t.Fatal(difference)
		}
		a, err := Parse(typed)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok || !a.IsZero() {
				t.Fatalf("error %T with address %t", err, !a.IsZero())
			}
			return
		}
		exact := a.Exact()
		if !utf8.ValidString(exact) || len(exact) > maxExact || a.at > maxLocal || !strings.Contains(a.Domain(), ".") {
			t.Fatalf("%q is no exact form", exact)
		}
		if again, err := Parse(exact); err != nil || again != a {
			t.Fatalf("Parse(%q) = %q, %v", exact, again.Exact(), err)
		}
		at := strings.LastIndexByte(a.Folded(), '@')
		if again, _ := fold(a.Folded(), at); again != a.Folded() {
			t.Fatalf("%q folds to %q", a.Folded(), again)
		}
	})
}

func FuzzParseDomain(f *testing.F) {
	for _, seed := range []string{"firma.example", "STRAẞE.at.", "co.uk", "xn--strae-oqa.at", "a。b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		domain, err := ParseDomain(typed)
		if err != nil {
			if _, ok := errors.AsType[*Error](err); !ok || domain != "" {
				t.Fatalf("error %T with domain %q", err, domain)
			}
			return
		}
		if again, err := ParseDomain(domain); err != nil || again != domain {
			t.Fatalf("ParseDomain(%q) = %q, %v", domain, again, err)
		}
		if a, err := Parse("x@" + domain); err != nil || a.Domain() != domain {
			t.Fatalf("%q is the domain of no address: %v", domain, err)
		}
	})
}
