package address

import (
	"errors"
	"strings"
	"testing"
)

func TestParseDomain_AcceptedSpelling_HasOneALabel(t *testing.T) {
	for typed, want := range map[string]string{
		" Firma.Example ":   "firma.example",
		"firma.example.":    "firma.example",
		"MÜLLER.at":         "xn--mller-kva.at",
		"straße.at":         "xn--strae-oqa.at",
		"shop.firma.co.uk":  "shop.firma.co.uk",
		"firma.co.uk":       "firma.co.uk",
		"someone.github.io": "someone.github.io",
		"city.kawasaki.jp":  "city.kawasaki.jp",
	} {
		got, err := ParseDomain(typed)
		if err != nil || got != want {
			t.Errorf("ParseDomain(%q) = %q, %v, want %q", typed, got, err, want)
		}
	}
}

func TestParseDomain_WhatCannotBeSuppressed_IsRefused(t *testing.T) {
	for typed, want := range map[string]string{
		"":                  "empty",
		".":                 "empty",
		"at":                "no dot",
		"com.":              "no dot",
		"co.uk":             "public suffix",
		"CO.AT":             "public suffix",
		"github.io":         "public suffix",
		"blogspot.com":      "public suffix",
		"anything.ck":       "public suffix",
		"公司.cn":             "public suffix",
		"anna@gmx.at":       "not a domain",
		"@gmx.at":           "not a domain",
		"*.gmx.at":          "not a valid",
		"gmx .at":           "not a valid",
		"https://gmx.at":    "not a valid",
		"192.0.2.1":         "number",
		"[192.0.2.1]":       "literal",
		"gm\u200bx.at":      "zero-width",
		"gmx\xff.at":        "UTF-8",
		"a.b\u202e.example": "bidi",
	} {
		got, err := ParseDomain(typed)
		problem, ok := errors.AsType[*Error](err)
		if !ok || !strings.Contains(problem.Problem, want) || got != "" {
			t.Errorf("ParseDomain(%q) = %q, %v, want a problem with %q", typed, got, err, want)
		}
	}
}

func TestCanonicalDomain_TakesPublicSuffixesAndWhatAddressesHave(t *testing.T) {
	long := strings.Repeat("d", 61)
	long = strings.Join([]string{long, long, long, long, "exmpl"}, ".")
	for typed, want := range map[string]string{
		"co.uk": "co.uk", " MÜLLER.at. ": "xn--mller-kva.at", "firma.example": "firma.example", long: long,
	} {
		if got, err := CanonicalDomain(typed); err != nil || got != want {
			t.Errorf("CanonicalDomain(%q) = %q, %v, want %q", typed, got, err, want)
		}
	}
	for typed, want := range map[string]string{"": "empty", "at": "no dot", "anna@gmx.at": "not a domain", "d" + long: "not a valid", "10.0.0.1": "number"} {
		got, err := CanonicalDomain(typed)
		if _, ok := errors.AsType[*Error](err); !ok || got != "" || !strings.Contains(err.Error(), want) {
			t.Errorf("CanonicalDomain(%q) = %q, %v, want an error with %q", typed, got, err, want)
		}
	}
}
