package casework

import (
	"errors"
	"strings"
	"testing"
)

func TestPersonalAddress_IsNoRoleAndNoMailboxOfADesk(t *testing.T) {
	ours := func(exact string) bool { return exact == "leserpost@netz.example" }
	for to, want := range map[string]string{
		"anna.moser@netz.example":                             "anna.moser@netz.example",
		"moser@netz.example":                                  "moser@netz.example",
		"a.moser@netz.example":                                "a.moser@netz.example",
		"jürgen@netz.example":                                 "jürgen@netz.example",
		"Kontaktlinsen.Huber@netz.example":                    "Kontaktlinsen.Huber@netz.example",
		"123@netz.example":                                    "",
		"info@netz.example":                                   "",
		"Support-AT@netz.example":                             "",
		"no-reply@netz.example":                               "",
		"abuse@netz.example":                                  "",
		"datenschutz@netz.example":                            "",
		"newsletter+2026@netz.example":                        "",
		"leserpost@netz.example":                              "",
		"anna.moser@netz.example leserpost@netz.example":      "", // The desk got it, too.
		"anna.moser@netz.example info@netz.example":           "",
		"123@netz.example ben@netz.example anna@netz.example": "ben@netz.example",
		"":    "",
		"who": "",
	} {
		if got, personal := PersonalAddress(strings.Fields(to), ours); got != want || personal != (want != "") {
			t.Errorf("%s: %q, %t, want %q", to, got, personal, want)
		}
	}
}

func TestMayHandOver_ALetterToAPerson_OnlyWhenTheyWereInformed(t *testing.T) {
	for _, c := range []struct {
		personal bool
		informed Informed
		reason   string
		ok       bool
	}{
		{false, NotInformed, "", true},
		{true, NotInformed, "", false},
		{true, NotInformed, "busy", false},
		{true, Told, "", true},
		{true, Agreed, "", true},
		{true, NotNeeded, "  ", false},
		{true, NotNeeded, "the desk got a copy", true},
		{true, "maybe", "x", false},
	} {
		err := MayHandOver(c.personal, c.informed, c.reason)
		if (err == nil) != c.ok {
			t.Errorf("%+v: %v", c, err)
		}
		if c.informed == NotInformed && err != nil && !errors.Is(err, ErrNotInformed) {
			t.Errorf("%+v: %v is not told apart", c, err)
		}
	}
}
