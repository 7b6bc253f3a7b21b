package address

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

// spelling draws what people type: mostly addresses, of listed providers and
// others, in every kind of spelling, and sometimes anything at all.
func spelling() *rapid.Generator[string] {
	local := rapid.OneOf(
		rapid.StringMatching(`[a-cA-C.+_\-]{1,8}`),
		rapid.StringMatching(`[a-c]{1,3}\+[a-c]{0,3}`),
		rapid.StringMatching(`"?[a-zäöüßÄÖÜİσΣς]{1,5}"?`),
		rapid.StringOfN(rapid.RuneFrom(nil, unicode.L, unicode.M, unicode.N), 1, 6, -1),
	)
	domain := rapid.OneOf(
		rapid.SampledFrom([]string{
			"gmail.com", "GoogleMail.com", "proton.me", "pm.me", "posteo.de", "outlook.at", "gmx.at",
			"straße.at", "xn--strae-oqa.at", "STRASSE.at", "βόλος.gr", "müller.at.", "ex。at",
		}),
		rapid.StringMatching(`[a-cßςü\-]{1,5}\.[a-cß0-1]{1,3}\.?`),
		rapid.StringMatching(`xn--[a-z0-9]{1,8}\.at`),
		rapid.Map(rapid.StringOfN(rapid.RuneFrom(nil, unicode.L, unicode.M), 1, 4, -1), func(s string) string { return s + ".at" }),
	)
	typed := rapid.Custom(func(t *rapid.T) string {
		return local.Draw(t, "local") + "@" + domain.Draw(t, "domain")
	})
	return rapid.OneOf(typed, typed, typed, rapid.String())
}

// parsed draws an address.
func parsed() *rapid.Generator[Address] {
	return rapid.Custom(func(t *rapid.T) Address {
		typed := spelling().Filter(func(s string) bool { _, err := Parse(s); return err == nil }).Draw(t, "typed")
		a, _ := Parse(typed)
		return a
	})
}

func TestProperty_ExactForm_ParsesToTheSameAddress(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := parsed().Draw(t, "address")
		again, err := Parse(a.Exact())
		if err != nil || again != a {
			t.Fatalf("Parse(%q) = %q, %v", a.Exact(), again.Exact(), err)
		}
	})
}

func TestProperty_FoldingAFoldedForm_ChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := parsed().Draw(t, "address")
		at := strings.LastIndexByte(a.Folded(), '@')
		if again, _ := fold(a.Folded(), at); again != a.Folded() {
			t.Fatalf("%q folds to %q", a.Folded(), again)
		}
		if again, err := Parse(a.Folded()); err == nil && again.Folded() != a.Folded() {
			t.Fatalf("%q parses and folds to %q", a.Folded(), again.Folded())
		}
	})
}

func TestProperty_Folding_NeverEmptiesAPartNorLengthensTheLocalPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := parsed().Draw(t, "address")
		local, domain, _ := strings.Cut(a.Folded(), "@")
		if local == "" || domain == "" || len(local) > a.at {
			t.Fatalf("%q folds to %q", a.Exact(), a.Folded())
		}
		if a.Tagged() && !strings.Contains(a.Exact()[:a.at], "+") {
			t.Fatalf("%q is tagged but has no '+'", a.Exact())
		}
	})
}

func TestProperty_FastPath_AgreesWithSlowPath(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		if difference := slowly(spelling().Draw(t, "typed")); difference != "" {
			t.Fatal(difference)
		}
	})
}

// slowly returns how Parse differs from the rules without its short cut; empty if it does not.
func slowly(typed string) string {
	fast, err := Parse(typed)
	slow, slowErr := parseSlowly(strings.TrimSpace(typed))
	switch {
	case (err == nil) != (slowErr == nil) || err != nil && err.Error() != slowErr.Error():
		return fmt.Sprintf("%q: error %v, but %v the long way", typed, err, slowErr)
	case fast.exact != slow.exact || fast.at != slow.at || fast.folded != slow.folded || fast.tagged != slow.tagged:
		return fmt.Sprintf("%q is %q, folded %q, but %q, folded %q, the long way", typed, fast.exact, fast.folded, slow.exact, slow.folded)
	case fast.Role() != slow.Role() || !slices.Equal(fast.Domains(), slow.Domains()):
		return fmt.Sprintf("%q has another role or other domains the long way", typed)
	}
	return ""
}

func TestParse_OrdinaryASCII_TakesTheFastPath(t *testing.T) {
	for _, typed := range []string{"anna.huber+x@mail.example.at", "A@B.CD", "o'neil@a-b.example", "1@2.c3"} {
		if _, _, ok := parsePlain(typed); !ok {
			t.Errorf("%q takes the slow path", typed)
		}
	}
}

func TestProperty_CanonicallyEqualText_IsOneAddress(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typed := spelling().Draw(t, "typed")
		composed, errC := Parse(norm.NFC.String(typed))
		decomposed, errD := Parse(norm.NFD.String(typed))
		if (errC == nil) != (errD == nil) || composed != decomposed {
			t.Fatalf("%q: composed %q (%v), decomposed %q (%v)", typed, composed.Exact(), errC, decomposed.Exact(), errD)
		}
	})
}

func TestProperty_TransitionalTwins_FoldAlike(t *testing.T) {
	older := strings.NewReplacer("ß", "ss", "ς", "σ")
	rapid.Check(t, func(t *rapid.T) {
		domain := rapid.StringMatching(`[a-cßςσ]{1,6}\.(at|gr)`).Draw(t, "domain")
		a, errA := Parse("x@" + domain)
		twin, errB := Parse("x@" + older.Replace(domain))
		if errA != nil || errB != nil {
			t.Fatalf("%q and its twin are domains, but Parse says %v and %v", domain, errA, errB)
		}
		alabel, err := Parse(a.Exact())
		if err != nil || a.Folded() != twin.Folded() || alabel.Folded() != twin.Folded() {
			t.Fatalf("%q folds to %q, its A-label to %q, its twin to %q", domain, a.Folded(), alabel.Folded(), twin.Folded())
		}
	})
}

func TestProperty_DomainsOfAnAddress_AreItsDomainAndParents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := parsed().Draw(t, "address")
		domains := a.Domains()
		if len(domains) != strings.Count(a.Domain(), ".") || domains[0] != a.Domain() {
			t.Fatalf("%q has the domains %q", a.Exact(), domains)
		}
		for _, domain := range domains {
			if !strings.Contains(domain, ".") || !strings.HasSuffix("."+a.Domain(), "."+domain) {
				t.Fatalf("%q has the domain %q", a.Exact(), domain)
			}
		}
	})
}

func TestProperty_ParseDomain_AgreesWithTheDomainOfAnAddress(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		typed := spelling().Draw(t, "typed")
		_, name, _ := strings.Cut(typed, "@")
		domain, err := ParseDomain(name)
		if err != nil {
			return
		}
		if again, err := ParseDomain(domain); err != nil || again != domain {
			t.Fatalf("ParseDomain(%q) = %q, %v", domain, again, err)
		}
		a, err := Parse("x@" + strings.TrimSpace(name))
		if err != nil || !slices.Contains(a.Domains(), domain) {
			t.Fatalf("a domain of %q is %q, but its address has %q (%v)", name, domain, a.Domains(), err)
		}
	})
}

func TestProperty_ErrorText_IsOneOfAFewSentences(t *testing.T) {
	// What does not vary with the input cannot hold a part of it.
	seen := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		typed := spelling().Draw(t, "typed")
		_, err := Parse(typed)
		if err == nil {
			_, err = ParseDomain(typed)
		}
		if problem, ok := errors.AsType[*Error](err); ok {
			seen[problem.Error()] = true
		} else if err != nil {
			t.Fatalf("the error is a %T", err)
		}
	})
	if len(seen) == 0 || len(seen) > 16 {
		t.Errorf("%d different error texts: %v", len(seen), seen)
	}
}

func TestCanonicalLocal_EveryCharacter_IsSettledAtOnce(t *testing.T) {
	for r := range unicode.MaxRune + 1 {
		for _, typed := range []string{string(r), "a" + string(r), string(r) + "\u0301"} {
			once, problem := canonicalLocal(typed)
			if problem != "" {
				continue
			}
			if twice, problem := canonicalLocal(once); twice != once || problem != "" {
				t.Fatalf("%U: %q becomes %q", r, once, twice)
			}
		}
	}
}
