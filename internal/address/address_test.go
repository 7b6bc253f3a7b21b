package address

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func mustParse(t *testing.T, typed string) Address {
	t.Helper()
	a, err := Parse(typed)
	if err != nil {
		t.Fatalf("Parse(%q): %v", typed, err)
	}
	return a
}

func TestParse_AcceptedSpelling_HasOneExactForm(t *testing.T) {
	for typed, want := range map[string]string{
		"anna@example.at":                       "anna@example.at",
		"  Anna@Example.AT\r\n":                 "anna@example.at",
		"anna@example.at.":                      "anna@example.at",
		"anna@example.at。":                      "anna@example.at",
		"anna@ＥＸＡＭＰＬＥ.at":                       "anna@example.at",
		"anna@example。at":                       "anna@example.at",
		"anna@MÜLLER.AT":                        "anna@xn--mller-kva.at",
		"anna@mu\u0308ller.at":                  "anna@xn--mller-kva.at",
		"anna@XN--Mller-KVA.at":                 "anna@xn--mller-kva.at",
		"anna@straße.at":                        "anna@xn--strae-oqa.at",
		"anna@STRAẞE.at":                        "anna@xn--strae-oqa.at",
		"anna@strasse.at":                       "anna@strasse.at",
		"ANNA.Ähre@example.at":                  "anna.ähre@example.at",
		"a\u0308hre@example.at":                 "ähre@example.at",
		"A\u0308HRE@example.at":                 "ähre@example.at",
		"I\u0307x@example.at":                   "ix@example.at",
		"İx@example.at":                         "ix@example.at",
		`"anna.huber"@example.at`:               "anna.huber@example.at",
		`"Ähre"@example.at`:                     "ähre@example.at",
		"!#$%&'*+-/=?^_`{|}~@example.at":        "!#$%&'*+-/=?^_`{|}~@example.at",
		"δοκιμή@παράδειγμα.gr":                  "δοκιμή@xn--hxajbheg2az3al.gr",
		"用户@例子.公司":                              "用户@xn--fsqu00a.xn--55qx5d",
		"a@1.2.3.example":                       "a@1.2.3.example",
		"a@123.at":                              "a@123.at",
		strings.Repeat("a", 64) + "@example.at": strings.Repeat("a", 64) + "@example.at",
		"a@" + strings.Repeat("b", 63) + ".at":  "a@" + strings.Repeat("b", 63) + ".at",
	} {
		if got := mustParse(t, typed).Exact(); got != want {
			t.Errorf("Parse(%q).Exact() = %q, want %q", typed, got, want)
		}
	}
}

func TestParse_WhatIsNoAddress_IsRefusedWithTheProblem(t *testing.T) {
	long := strings.Repeat(strings.Repeat("b", 49)+".", 5)
	for typed, want := range map[string]string{
		"":                                       "empty",
		" \t ":                                   "empty",
		"nobody":                                 "no @",
		"@gmx.at":                                "local part is empty",
		"anna@":                                  "domain is empty",
		"anna@.":                                 "domain is empty",
		"a@b":                                    "no dot",
		"a@b.":                                   "no dot",
		"anna@gmx.at..":                          "not a valid",
		"anna@gmx..at":                           "not a valid",
		"anna@.gmx.at":                           "not a valid",
		"anna@-gmx.at":                           "not a valid",
		"anna@gmx-.at":                           "not a valid",
		"anna@ab--cd.at":                         "not a valid",
		"anna@exa_mple.at":                       "not a valid",
		"anna@ gmx.at":                           "not a valid",
		"anna@gmx.at>":                           "not a valid",
		"anna@xn--a.at":                          "not a valid",
		"anna@xn--gmx-.at":                       "not a valid",
		"anna@a\u05d0.at":                        "not a valid",
		"anna@\u0301a.at":                        "not a valid",
		"anna@" + strings.Repeat("b", 64) + ".a": "not a valid",
		"anna@192.0.2.1":                         "number",
		"anna@[192.0.2.1]":                       "literal",
		"anna@[IPv6:2001:db8::1]":                "literal",
		"x y@gmx.at":                             "plain name",
		"a..b@gmx.at":                            "plain name",
		".a@gmx.at":                              "plain name",
		"a.@gmx.at":                              "plain name",
		"a@b@gmx.at":                             "plain name",
		"anna(comment)@gmx.at":                   "plain name",
		"Anna <anna@gmx.at>":                     "plain name",
		"<anna@gmx.at>":                          "plain name",
		"mailto:anna@gmx.at":                     "plain name",
		"a😀@gmx.at":                              "plain name",
		"a\u037e@gmx.at":                         "plain name",
		`"Anna" <anna@gmx.at>`:                   "quoted",
		`"a b"@gmx.at`:                           "quoted",
		`"a@b"@gmx.at`:                           "quoted",
		`"a\"b"@gmx.at`:                          "quoted",
		`""@gmx.at`:                              "quoted",
		`"@gmx.at`:                               "quoted",
		`a"b"@gmx.at`:                            "plain name",
		"an\u200bna@gmx.at":                      "zero-width",
		"anna@g\u200dmx.at":                      "zero-width",
		"anna@g\u00admx.at":                      "zero-width",
		"\ufeffanna@gmx.at":                      "zero-width",
		"an\u202ena@gmx.at":                      "bidi",
		"an\u2066na@gmx.at":                      "bidi",
		"an\x00na@gmx.at":                        "control",
		"an\nna@gmx.at":                          "control",
		"an\ufe0fna@gmx.at":                      "zero-width",
		"an\u3164na@gmx.at":                      "zero-width",
		"anna\xff@gmx.at":                        "UTF-8",
		strings.Repeat("a", 65) + "@gmx.at":      "64 octets",
		strings.Repeat("ä", 33) + "@gmx.at":      "64 octets",
		"aaaaaaaa@" + long + "at":                "254 octets",
		strings.Repeat("a", 2000) + "@gmx.at":    "far longer",
	} {
		a, err := Parse(typed)
		problem, ok := errors.AsType[*Error](err)
		if !ok || !strings.Contains(problem.Problem, want) {
			t.Errorf("Parse(%q): error %v, want a problem with %q", typed, err, want)
		}
		if !a.IsZero() {
			t.Errorf("Parse(%q) gave an address beside its error", typed)
		}
	}
}

func TestParse_ALabelThatHidesAJoiner_IsRefused(t *testing.T) {
	// The label is valid under IDNA: a joiner after a virama.
	if _, err := Parse("a@xn--11b5bs3a9aj6g.in"); err != nil {
		t.Fatalf("the same word without the joiner: %v", err)
	}
	joined, err := lookupProfile().ToASCII("क्\u200dष.in")
	if err != nil {
		t.Fatalf("encoding the label: %v", err)
	}
	if _, err := Parse("a@" + joined); err == nil {
		t.Error("an A-label that hides a zero-width joiner was accepted")
	}
}

func TestFolded_ProviderTable(t *testing.T) {
	for typed, want := range map[string]string{
		"g.abi.Huber+shop@gmail.com": "gabihuber@gmail.com",
		"gabi.huber@googlemail.com":  "gabihuber@gmail.com",
		"a.b-c_d+x@proton.me":        "abcd@proton.me",
		"a.b-c_d@protonmail.com":     "abcd@proton.me",
		"a-b+x+y@pm.me":              "ab@proton.me",
		"a.b+x@outlook.com":          "a.b@outlook.com",
		"a.b+x@outlook.de":           "a.b@outlook.de",
		"a.b+x@outlook.at":           "a.b@outlook.at",
		"a.b+x@hotmail.com":          "a.b@hotmail.com",
		"a.b+x@hotmail.de":           "a.b@hotmail.de",
		"a.b+x@hotmail.at":           "a.b@hotmail.at",
		"a.b+x@live.com":             "a.b@live.com",
		"a.b+x@live.de":              "a.b@live.de",
		"a.b+x@live.at":              "a.b@live.at",
		"a.b+x@msn.com":              "a.b@msn.com",
		"a.b+x@icloud.com":           "a.b@icloud.com",
		"a.b+x@me.com":               "a.b@me.com",
		"a.b+x@mac.com":              "a.b@mac.com",
		"a.b+x@fastmail.com":         "a.b@fastmail.com",
		"a.b+x@posteo.de":            "a.b@posteo.de",
		"a.b+x@mailbox.org":          "a.b@mailbox.org",
		"a.b+x@outlook.fr":           "a.b@outlook.fr",
		"a.b+x@live.co.uk":           "a.b@live.co.uk",
		"a.b+x@hotmail.ch":           "a.b@hotmail.ch",
		"a.b+x@outlook.pl":           "a.b+x@outlook.pl",
		"a.b+x@mail.gmail.com":       "a.b+x@mail.gmail.com",
		"a.b+x@gmx.at":               "a.b+x@gmx.at",
		"anna+x@straße.at":           "anna+x@strasse.at",
		"anna@xn--strae-oqa.at":      "anna@strasse.at",
		"anna@mail.straße.at":        "anna@mail.strasse.at",
		"anna@βόλος.gr":              "anna@xn--nxasmq6b.gr",
		"anna@müller.at":             "anna@xn--mller-kva.at",
		"+x@gmail.com":               "+x@gmail.com",
		"+x.y@gmail.com":             "+xy@gmail.com",
		"_-_@proton.me":              "__@proton.me",
		"-+x@proton.me":              "-@proton.me",
		"a.+x@gmail.com":             "a@gmail.com",
		"a.+x@posteo.de":             "a.@posteo.de",
	} {
		if got := mustParse(t, typed).Folded(); got != want {
			t.Errorf("Parse(%q).Folded() = %q, want %q", typed, got, want)
		}
	}
}

func TestMailbox_DropsTheTagAtEveryDomain(t *testing.T) {
	for typed, want := range map[string]string{
		"victim+1@firm.example": "victim@firm.example",
		"a.b+x@gmail.com":       "ab@gmail.com",
		"+x@firm.example":       "+x@firm.example",
		"a+b+c@firm.example":    "a@firm.example",
		"a@firm.example":        "a@firm.example",
	} {
		if got := mustParse(t, typed).Mailbox(); got != want {
			t.Errorf("Parse(%q).Mailbox() = %q, want %q", typed, got, want)
		}
	}
	if got := (Address{}).Mailbox(); got != "" {
		t.Errorf("the mailbox of no address is %q", got)
	}
}

func TestFolded_TwinThatIsNoDomain_LeavesTheDomain(t *testing.T) {
	a := mustParse(t, "anna@"+strings.Repeat("ß", 40)+".at")
	if a.Folded() != a.Exact() {
		t.Errorf("Folded() = %q, want the exact form, for the twin's label is too long", a.Folded())
	}
}

func TestTagged_OnlyWhereTheProviderDropsTheTag(t *testing.T) {
	for typed, want := range map[string]bool{
		"a+x@gmail.com":        true,
		"a+x@posteo.de":        true,
		"a+@gmail.com":         true,
		"+x@gmail.com":         false,
		"a.b@gmail.com":        false,
		"a@googlemail.com":     false,
		"a+x@gmx.at":           false,
		"a+x@straße.at":        false,
		"a+x@protonmail.com":   true,
		"a-x@protonmail.com":   false,
		"a+x@mail.example.com": false,
	} {
		if got := mustParse(t, typed).Tagged(); got != want {
			t.Errorf("Parse(%q).Tagged() = %t, want %t", typed, got, want)
		}
	}
}

func TestRole_LocalPartUpToAPlus(t *testing.T) {
	for typed, want := range map[string]bool{
		"Abuse@example.at":            true,
		"postmaster+x@example.at":     true,
		"noreply@example.at":          true,
		"no-reply+a+b@example.at":     true,
		"MAILER-DAEMON@example.at":    true,
		`"postmaster"@example.at`:     true,
		"abuse.team@example.at":       false,
		"no.reply@example.at":         false,
		"n.o-reply@proton.me":         false,
		"anna+abuse@example.at":       false,
		"+abuse@example.at":           false,
		"anna@postmaster.example.org": false,
	} {
		if got := mustParse(t, typed).Role(); got != want {
			t.Errorf("Parse(%q).Role() = %t, want %t", typed, got, want)
		}
	}
}

func TestDomains_EveryParentWithADot_MostSpecificFirst(t *testing.T) {
	for typed, want := range map[string][]string{
		"a@example.at":           {"example.at"},
		"a@mail.news.example.at": {"mail.news.example.at", "news.example.at", "example.at"},
		"a@shop.müller.at":       {"shop.xn--mller-kva.at", "xn--mller-kva.at"},
	} {
		if diff := cmp.Diff(want, mustParse(t, typed).Domains()); diff != "" {
			t.Errorf("Parse(%q).Domains() (-want +got):\n%s", typed, diff)
		}
	}
}

func TestAddress_ZeroValue_IsNoAddressAndHarmless(t *testing.T) {
	var a Address
	if !a.IsZero() || a.Exact() != "" || a.Folded() != "" || a.Domain() != "" || a.Domains() != nil || a.Tagged() || a.Role() {
		t.Error("the zero value says something")
	}
}

func TestAddress_SpellingsOfOneAddress_AreOneMapKey(t *testing.T) {
	seen := map[Address]int{}
	for _, typed := range []string{"Anna@Müller.at", "anna@xn--mller-kva.at ", `"anna"@MÜLLER.AT.`} {
		seen[mustParse(t, typed)]++
	}
	if len(seen) != 1 {
		t.Errorf("three spellings made %d keys", len(seen))
	}
	if !cmp.Equal(mustParse(t, "a@b.at"), mustParse(t, "A@B.at")) || cmp.Equal(mustParse(t, "a@b.at"), mustParse(t, "b@b.at")) {
		t.Error("Equal does not compare the exact form")
	}
}

func TestAddress_Printed_ShowsAPlaceholder(t *testing.T) {
	a := mustParse(t, "anna@example.at")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		for _, value := range []any{a, &a, []Address{a}, struct{ A Address }{a}} {
			if printed := fmt.Sprintf(verb, value); strings.Contains(printed, "anna") || strings.Contains(printed, "616e6e61") {
				t.Errorf("%s of %T shows the address", verb, value)
			}
		}
	}
}
