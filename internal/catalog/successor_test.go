package catalog

import (
	"errors"
	"strings"
	"testing"
)

func everythingUsed(Ref) bool { return true }

func only(kind RefKind, name string) func(Ref) bool {
	return func(r Ref) bool { return r == Ref{Kind: kind, Name: name} }
}

// succeed checks the changed example against the example itself.
func succeed(t *testing.T, used func(Ref) bool, exchanges ...string) []Problem {
	t.Helper()
	document := example(t, "every-key.yaml")
	old := mustParse(t, document)
	for i := 0; i < len(exchanges); i += 2 {
		document = replaced(t, document, exchanges[i], exchanges[i+1])
	}
	err := CheckSuccessor(old, mustParse(t, document), used)
	if err == nil {
		return nil
	}
	invalid, ok := errors.AsType[*Invalid](err)
	if !ok {
		t.Fatalf("the error is %T, want *Invalid", err)
	}
	return invalid.Problems
}

const (
	webVersion   = "      - version: \"1\"\n        language: de\n        channels: [magazine, offers]\n        text: Ja zum Magazin und zu Angeboten.\n"
	outagesRule  = "  - id: outages\n    name: {en: Planned outages, de: Abschaltungen}\n"
	magazineFrom = "  - id: magazine\n    department: press\n    from"
)

func TestCheckSuccessor_WhatEventsReferTo_StaysWhatItWas(t *testing.T) {
	for _, c := range []struct {
		rule      string
		used      func(Ref) bool
		exchanges []string
		code      Code
		path      string
		message   string
	}{
		{
			"text of a version", only(RefDeclarationVersion, "web@1"),
			[]string{"Ja zum Magazin und zu Angeboten.", "Ja zum Magazin, zu Angeboten."},
			CodeVersionInUse, "declarations[0].versions[0].text", `the text of "web@1" changed`,
		},
		{
			"channels of a version", only(RefDeclarationVersion, "web@1"),
			[]string{"channels: [magazine, offers]", "channels: [magazine]"},
			CodeVersionInUse, "declarations[0].versions[0].channels", `the channels of "web@1" changed`,
		},
		{
			"another channel in a version", only(RefDeclarationVersion, "web@1"),
			[]string{"channels: [magazine, offers]", "channels: [magazine, old-letter]"},
			CodeVersionInUse, "declarations[0].versions[0].channels", `the channels of "web@1" changed`,
		},
		{
			"kind of a declaration", only(RefDeclarationVersion, "web@1"),
			[]string{"kind: consent ", "kind: terms ", "        text: Ja zum", "        counts_as: none\n        text: Ja zum"},
			CodeVersionInUse, "declarations[0].versions[0]", `the kind of "web@1" was consent`,
		},
		{
			"version that goes", only(RefDeclarationVersion, "web@1"),
			[]string{webVersion, strings.Replace(webVersion, `"1"`, `"2"`, 1)},
			CodeVersionInUse, "declarations[0].versions", `"web@1" was removed, but grants refer to it`,
		},
		{
			"declaration that goes", only(RefDeclarationVersion, "web@1"),
			[]string{"  - id: web\n", "  - id: web-2\n"},
			CodeVersionInUse, "declarations", `"web@1" was removed, but grants refer to it`,
		},
		{
			"text of a notice", only(RefDeclarationVersion, "checkout-notice@1"),
			[]string{"über ähnliche Angebote.", "über Angebote."},
			CodeVersionInUse, "declarations[2].versions[0].text", `the text of "checkout-notice@1" changed`,
		},
		{
			"channels of a notice", only(RefDeclarationVersion, "checkout-notice@1"),
			[]string{"channels: [offers]\n        place", "channels: [magazine]\n        place"},
			CodeVersionInUse, "declarations[2].versions[0].channels", `the channels of "checkout-notice@1" changed`,
		},
		{
			"place of a notice", only(RefDeclarationVersion, "checkout-notice@1"),
			[]string{"place: checkout, above the button", "place: checkout, below the button"},
			CodeVersionInUse, "declarations[2].versions[0].place", `the place of "checkout-notice@1" changed`,
		},
		{
			"notice that goes", only(RefDeclarationVersion, "checkout-notice@1"),
			[]string{"- id: checkout-notice", "- id: till-notice"},
			CodeVersionInUse, "declarations", `"checkout-notice@1" was removed, but grants refer to it`,
		},
		{
			"channel that goes", only(RefChannel, "outages"),
			[]string{outagesRule, strings.Replace(outagesRule, "id: outages", "id: disruptions", 1)},
			CodeInUse, "channels", `the channel "outages" was removed, but recorded events name it; put it back with retired: true`,
		},
		{
			"class of a channel", only(RefChannel, "old-letter"),
			[]string{"class: marketing\n    legal_bases: [consent]\n    retired", "class: legal_notice\n    legal_bases: [legal_obligation]\n    retired"},
			CodeInUse, "channels[3].class", `the class of the channel "old-letter" was marketing`,
		},
		{
			"sender identity that goes", only(RefSenderIdentity, "magazine"),
			[]string{magazineFrom, strings.Replace(magazineFrom, "id: magazine", "id: magazin", 1), "sender_identities: [magazine]", "sender_identities: [magazin]", "sender_identities: [magazine]", "sender_identities: [magazin]"},
			CodeInUse, "sender_identities", `the sender identity "magazine" was removed, but recorded events name it; put it back with retired: true`,
		},
		{
			"department that goes", only(RefDepartment, "sales"),
			[]string{"- id: sales", "- id: vertrieb", "{department: sales}", "{department: vertrieb}", "department: sales", "department: vertrieb", "department: sales", "department: vertrieb"},
			CodeInUse, "departments", `the department "sales" was removed, but scopes of recorded events name it`,
		},
		{
			"controller that goes", only(RefController, "netz"),
			[]string{"- id: netz", "- id: netz2", "controller: netz\n", "controller: netz2\n", "controller: netz\n", "controller: netz2\n"},
			CodeInUse, "controllers", `the controller "netz" was removed, but scopes of recorded events name it`,
		},
	} {
		t.Run(c.rule, func(t *testing.T) {
			problems := succeed(t, c.used, c.exchanges...)
			if len(problems) != 1 {
				t.Fatalf("problems %v, want one", problems)
			}
			p := problems[0]
			if p.Code != c.code || p.Path != c.path || !strings.Contains(p.Message, c.message) || p.Line == 0 {
				t.Errorf("got %s %d %s: %s", p.Code, p.Line, p.Path, p.Message)
			}
			if unused := succeed(t, func(Ref) bool { return false }, c.exchanges...); unused != nil {
				t.Errorf("what nothing refers to may not change: %v", unused)
			}
		})
	}
}

func TestCheckSuccessor_MediumOfAUsedChannel_NeverChanges(t *testing.T) {
	// Parse knows one medium only; the rule is for the ones to come.
	old, next := mustParse(t, example(t, "acme.yaml")), mustParse(t, example(t, "acme.yaml"))
	next.Channels[0].Medium = "sms"
	err := CheckSuccessor(old, next, only(RefChannel, "newsletter"))
	if err == nil || !strings.Contains(err.Error(), `channels[0].medium: the medium of the channel "newsletter" was email`) {
		t.Errorf("CheckSuccessor: %v", err)
	}
}

func TestCheckSuccessor_RefusalThatAUsedNoticeOffered_NeverChanges(t *testing.T) {
	// Parse refuses a notice that offers none; the rule is for what could be allowed one day.
	old, next := mustParse(t, example(t, "every-key.yaml")), mustParse(t, example(t, "every-key.yaml"))
	next.Declarations[2].Versions[0].RefusalOffered = false
	err := CheckSuccessor(old, next, only(RefDeclarationVersion, "checkout-notice@1"))
	if err == nil || !strings.Contains(err.Error(), `declarations[2].versions[0].refusal_offered: the refusal_offered of "checkout-notice@1" changed`) {
		t.Errorf("CheckSuccessor: %v", err)
	}
}

func TestCheckSuccessor_WhatDoesNotTouchThePast_IsAllowed(t *testing.T) {
	for rule, exchanges := range map[string][]string{
		"nothing":               {},
		"retired channel":       {"    double_opt_in: optional ", "    retired: true #"},
		"retired sender":        {"    reply_to: redaktion@netz.example ", "    retired: true #"},
		"another order":         {"channels: [magazine, offers]", "channels: [offers, magazine]"},
		"new version":           {webVersion, webVersion + strings.Replace(webVersion, `"1"`, `"2"`, 1)},
		"another assessment":    {"on: 2026-01-02", "on: 2026-02-02"},
		"another worth":         {"counts_as: existing_customer", "counts_as: none"},
		"renamed department":    {"{en: Sales, de: Vertrieb}", "{en: Trade, de: Handel}"},
		"other rules":           {"consent_lapses_after: P18M", "consent_lapses_after: P24M"},
		"text wrapped anew":     {"text: Ja zum Magazin und zu Angeboten.", "text: >-\n          Ja zum Magazin\n          und zu Angeboten."},
		"another name and from": {"from: {name: Netz Magazin,", "from: {name: Netz Heft,"},
	} {
		if problems := succeed(t, everythingUsed, exchanges...); problems != nil {
			t.Errorf("%s: %v", rule, problems)
		}
	}
}

func TestCheckSuccessor_SeveralProblems_AreReportedTogether(t *testing.T) {
	problems := succeed(t, everythingUsed,
		"Ja zum Magazin und zu Angeboten.", "Ja.", "text: Zum Leistungsumfang", "text: Im Leistungsumfang")
	if len(problems) != 2 || problems[0].Line >= problems[1].Line {
		t.Errorf("problems %v, want two in the order of the lines", problems)
	}
}
