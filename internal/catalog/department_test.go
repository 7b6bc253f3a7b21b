package catalog

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/period"
)

// ofDepartment checks the changed example against the example itself for a client of the department.
func ofDepartment(t *testing.T, department string, exchanges ...string) []Problem {
	t.Helper()
	document := example(t, "every-key.yaml")
	old := mustParse(t, document)
	for i := 0; i < len(exchanges); i += 2 {
		document = replaced(t, document, exchanges[i], exchanges[i+1])
	}
	return departmentProblems(t, old, mustParse(t, document), department)
}

func departmentProblems(t *testing.T, old, next *Catalog, department string) []Problem {
	t.Helper()
	err := CheckDepartment(old, next, department)
	if err == nil {
		return nil
	}
	invalid, ok := errors.AsType[*Invalid](err)
	if !ok || len(invalid.Problems) == 0 {
		t.Fatalf("the error is %T with no problem, want *Invalid with some", err)
	}
	return invalid.Problems
}

const (
	newOffers = `  - id: gas-offers
    name: {en: Gas, de: Gas}
    department: sales
    medium: email
    class: marketing
    legal_bases: [consent]
    sender_identities: [tariffs]
  - id: outages
    name:`
	newSender = `sender_identities:
  - id: gas
    department: sales
    from: {name: Wärme und Gas, address: gas@waerme.example}
`
	newRecipient   = "  - {client: crm, name: CRM AG, postal_address: Graz, role: processor, country: AT}\n"
	newDeclaration = `declarations:
  - id: offers-only
    kind: consent
    versions:
      - version: "1"
        language: de
        channels: [offers]
        text: Ja zu Angeboten.
`
)

func TestCheckDepartment_OwnParts_MayChange(t *testing.T) {
	for rule, exchanges := range map[string][]string{
		"nothing":                     {},
		"no effective time":           {"effective_time: 2026-01-01T00:00:00Z", ""},
		"a comment":                   {"# optional; RE2, anchored at both ends", "# none of our business"},
		"the name of a channel":       {"{en: Offers, de: Angebote}", "{en: Bargains, de: Angebote}"},
		"the goods of a channel":      {"goods: [electricity, gas]", "goods: [gas]"},
		"the evidence of a channel":   {"evidence_required: [url, ip] ", "evidence_required: [url] "},
		"the notice of a channel":     {"    notice_required: true ", "    #"},
		"where a notice stood":        {"place: checkout, above", "place: checkout, below"},
		"the end of a channel":        {"    sender_identities: [tariffs]\n", "    sender_identities: [tariffs]\n    retired: true\n"},
		"a new channel":               {"  - id: outages\n    name:", newOffers},
		"a new sender identity":       {"sender_identities:\n", newSender},
		"the end of an identity":      {"retired: false", "retired: true"},
		"a new declaration":           {"declarations:\n", newDeclaration},
		"the text of a declaration":   {"Zum Leistungsumfang gehören", "Zu den Leistungen gehören"},
		"what a declaration is worth": {"counts_as: existing_customer ", "counts_as: none "},
		"another version": {
			"  - id: checkout-notice\n", "      - version: \"2027\"\n        language: de\n        channels: [offers]\n        counts_as: none\n        text: Angebote.\n  - id: checkout-notice\n",
		},
	} {
		t.Run(rule, func(t *testing.T) {
			for _, p := range ofDepartment(t, "sales", exchanges...) {
				t.Error(p)
			}
		})
	}
}

func TestCheckDepartment_WhatIsNotItsOwn_IsRefusedByItsPath(t *testing.T) {
	const salesFrom = "    from: {name: Stromtarife, address: tarife@tarife.netz.example}\n"
	for _, c := range []struct {
		rule       string
		department string
		exchanges  []string
		path       string
		message    string
	}{
		{"policy", "sales", []string{"decision_ttl: PT5M", "decision_ttl: PT6M"}, "policy.decision_ttl", "applies to the whole company"},
		{"retention", "sales", []string{"hard_bounces: P24M", "hard_bounces: P1M"}, "policy.retention.hard_bounces", "whole company"},
		{"retention that is left out", "sales", []string{"    disclosures: P3Y ", "    #"}, "policy.retention.disclosures", "whole company"},
		{"effective time", "sales", []string{"effective_time: 2026-01-01", "effective_time: 2027-01-01"}, "effective_time", "whole company"},
		{"controller", "sales", []string{"name: Netz AG", "name: Netz SE"}, "controllers[0].name", "whole company"},
		{
			"new controller", "sales",
			[]string{"recipients:  ", "  - {id: gas, name: Gas AG, postal_address: Graz, privacy_contact: dsb@gas.example}\nrecipients:  "},
			"controllers[1]", `"gas" is new`,
		},
		{"supervisory authority", "sales", []string{"1030 Wien   #", "1010 Wien   #"}, "controllers[0].supervisory_authority", "whole company"},
		{"retention note", "sales", []string{"{en: Kept as", "{en: Held as"}, "controllers[0].retention_note.en", "whole company"},
		{"recipient", "sales", []string{"role: processor", "role: other_controller"}, "recipients[0].role", "whole company"},
		{"new recipient", "sales", []string{"departments:\n", newRecipient + "departments:\n"}, "recipients[1]", `"crm" is new`},
		{"recipients that are gone", "sales", []string{
			"recipients:  ", "#", "  - {client: mail-tool, name: Versand AG,", "#",
		}, "recipients", `"mail-tool" was removed`},
		{"generic words", "sales", []string{"generic_words: [depesche]", "generic_words: [depesche, post]"}, "generic_words", "whole company"},
		{"evidence of a channel of another", "press", []string{"evidence_required: [url, ip] ", "evidence_required: [url] "}, "channels[1].evidence_required", `department "sales"`},
		{"notice of a channel of another", "press", []string{"    notice_required: true ", "    #"}, "channels[1].notice_required", `department "sales"`},
		{"another department", "sales", []string{"presse@netz.example", "vertrieb2@netz.example"}, "departments[0].complaints_to", "whole company"},
		{"its own department", "sales", []string{"{en: Sales, de: Vertrieb}", "{en: Press, de: Vertrieb}"}, "departments[1].name.en", "whole company"},
		{
			"new department", "sales",
			[]string{"channels:\n  -", "  - {id: x, name: {en: X, de: X}, controller: netz, complaints_to: x@netz.example}\nchannels:\n  -"},
			"departments[2]", `"x" is new`,
		},
		{"channel of another", "sales", []string{"double_opt_in: optional ", "double_opt_in: required "}, "channels[0].double_opt_in", `department "press"`},
		{"end of a channel of another", "press", []string{"    sender_identities: [tariffs]\n", "    sender_identities: [tariffs]\n    retired: true\n"}, "channels[1].retired", `department "sales"`},
		{"honours of a channel of another", "press", []string{"    honours: [magazine]    ", "    #"}, "channels[1].honours", `department "sales"`},
		{"new channel of another", "press", []string{"  - id: outages\n    name:", newOffers}, "channels[2]", `"gas-offers" is new`},
		{"channel of another that is gone", "sales", []string{
			"  - id: old-letter\n    name: {en: Old letter, de: Alter Brief}\n    department: press\n    medium: email\n    class: marketing\n" +
				"    legal_bases: [consent]\n    retired: true                             # optional; kept because events refer to it\n    sender_identities: [magazine]\n", "",
		}, "channels", `"old-letter" was removed`},
		{"channel that it takes", "sales", []string{"de: Abschaltungen}\n    department: press", "de: Abschaltungen}\n    department: sales"}, "channels[2].department", `from the department "press" to "sales"`},
		{"channel that it gives away", "press", []string{"de: Abschaltungen}\n    department: press", "de: Abschaltungen}\n    department: sales"}, "channels[2].department", `from the department "press" to "sales"`},
		{"honours that it ends", "sales", []string{"    honours: [magazine]    ", "    #"}, "channels[1].honours", `no longer honours "magazine"`},
		{"honours that it begins", "sales", []string{"honours: [magazine] ", "honours: [magazine, old-letter] "}, "channels[1].honours", `it newly honours "old-letter"`},
		{"new channel that honours", "sales", []string{
			"  - id: outages\n    name:", strings.Replace(newOffers, "    sender_identities", "    honours: [magazine]\n    sender_identities", 1),
		}, "channels[2].honours", `it newly honours "magazine"`},
		{"sender identity of another on its channel", "sales", []string{"sender_identities: [tariffs]", "sender_identities: [tariffs, magazine]"}, "channels[1].sender_identities", `it newly uses "magazine"`},
		{"sender identity of another on a new channel", "sales", []string{
			"  - id: outages\n    name:", strings.Replace(newOffers, "[tariffs]", "[magazine]", 1),
		}, "channels[2].sender_identities", `it newly uses "magazine"`},
		{"sender identity of another", "sales", []string{"redaktion@netz.example", "angebote@netz.example"}, "sender_identities[0].reply_to", `department "press"`},
		{"new sender identity of another", "press", []string{"sender_identities:\n", newSender}, "sender_identities[0]", `"gas" is new`},
		{"sender identity that it takes", "sales", []string{"  - id: outages\n    department: press", "  - id: outages\n    department: sales"}, "sender_identities[1].department", `from the department "press" to "sales"`},
		{"sender identity that it gives away", "press", []string{"  - id: outages\n    department: press", "  - id: outages\n    department: sales"}, "sender_identities[1].department", `from the department "press" to "sales"`},
		{"likeness that it accepts", "press", []string{
			"stoerung@dienst.netz.example}\n", "stoerung@dienst.netz.example}\n    lookalike_accepted: {with: tariffs, justification: no matter}\n",
		}, "sender_identities[1].lookalike_accepted", "cannot allow a likeness"},
		{"likeness to an identity of its own and then another's", "sales", []string{"{with: outages, ", "{with: magazine, "}, "sender_identities[2].lookalike_accepted", "cannot allow a likeness"},
		{"name under an accepted likeness", "sales", []string{salesFrom, strings.Replace(salesFrom, "Stromtarife", "Störungsdienst", 1)}, "sender_identities[2].from", "cannot change, because lookalike_accepted"},
		{"address under a likeness that another accepted", "press", []string{"stoerung@dienst", "tarife@dienst"}, "sender_identities[1].from", "cannot change, because lookalike_accepted"},
		{"text of a shared declaration", "sales", []string{"Ja zum Magazin und zu Angeboten.", "Ja zu allem."}, "declarations[0].versions[0].text", "covers channels of other departments"},
		{"version of a shared declaration", "sales", []string{
			"  - id: terms\n", "      - {version: \"2\", language: de, channels: [offers], text: Ja zu Angeboten.}\n  - id: terms\n",
		}, "declarations[0].versions[1]", `"2" is new`},
		{"own declaration over a channel of another", "sales", []string{"        channels: [offers]\n        counts_as: existing_customer ", "        channels: [offers, magazine]\n        counts_as: existing_customer "}, "declarations[1].versions[0].channels", "covers channels of other departments"},
		{"shared declaration that becomes its own", "sales", []string{"channels: [magazine, offers]", "channels: [offers]"}, "declarations[0].versions[0].channels", "covers channels of other departments"},
		{"declaration of another", "press", []string{"Zum Leistungsumfang gehören", "Zu den Leistungen gehören"}, "declarations[1].versions[0].text", "covers channels of other departments"},
		{"new declaration of another", "press", []string{"declarations:\n", newDeclaration}, "declarations[0]", `"offers-only" is new`},
		{"department that the catalog lacks", "gas", []string{"goods: [electricity, gas]", "goods: [gas]"}, "channels[1].goods", `department "sales"`},
	} {
		t.Run(c.rule, func(t *testing.T) {
			problems := ofDepartment(t, c.department, c.exchanges...)
			if len(problems) != 1 {
				t.Fatalf("%d problems, want one of %s: %v", len(problems), c.path, problems)
			}
			p := problems[0]
			if p.Path != c.path || p.Code != CodeOtherDepartment || p.Line == 0 || !strings.Contains(p.Message, c.message) {
				t.Errorf("got %+v, want %s with %q and a line", p, c.path, c.message)
			}
		})
	}
}

func TestCheckDepartment_EveryFieldOfAnotherPart_IsCompared(t *testing.T) {
	document := example(t, "every-key.yaml")
	next := mustParse(t, document)
	tried := 0
	// A client of no department owns no part: each change of any field must be refused.
	eachField(reflect.ValueOf(next).Elem(), "", func(path string, change, undo func()) {
		tried++
		change()
		defer undo()
		if departmentProblems(t, mustParse(t, document), next, "none") == nil {
			t.Errorf("a change of %s is not seen", path)
		}
	})
	if tried < 100 {
		t.Errorf("%d fields were changed, want all", tried)
	}
	if problems := departmentProblems(t, mustParse(t, document), next, "none"); problems != nil {
		t.Errorf("nothing is changed any more: %v", problems)
	}
}

// eachField calls f for every exported field below v that a document has.
func eachField(v reflect.Value, path string, f func(path string, change, undo func())) {
	switch {
	case v.Kind() == reflect.Pointer && !v.IsNil() && hasExported(v.Type().Elem()):
		eachField(v.Elem(), path, f)
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Struct:
		for i := range v.Len() {
			eachField(v.Index(i), at(path, i), f)
		}
	case v.Kind() == reflect.Struct && hasExported(v.Type()):
		for _, field := range reflect.VisibleFields(v.Type()) {
			if field.Name == "EffectiveTime" { // It may be left out.
				continue
			}
			if field.IsExported() && !isDerived(v.Type(), field.Name) {
				eachField(v.FieldByIndex(field.Index), path+"."+field.Name, f)
			}
		}
	default:
		was := reflect.ValueOf(v.Interface())
		if !was.IsValid() {
			was = reflect.Zero(v.Type())
		}
		f(path, func() { v.Set(another(v)) }, func() { v.Set(was) })
	}
}

// another returns a value that differs from v.
func another(v reflect.Value) reflect.Value {
	if !v.IsZero() {
		return reflect.Zero(v.Type())
	}
	switch v.Interface().(type) {
	case period.Period:
		return reflect.ValueOf(period.Days(1))
	case *time.Time:
		return reflect.ValueOf(new(time.Time))
	}
	switch v.Kind() {
	case reflect.String:
		return reflect.ValueOf("x").Convert(v.Type())
	case reflect.Bool:
		return reflect.ValueOf(true)
	case reflect.Slice:
		return reflect.MakeSlice(v.Type(), 1, 1)
	case reflect.Map:
		m := reflect.MakeMap(v.Type())
		m.SetMapIndex(reflect.Zero(v.Type().Key()), reflect.Zero(v.Type().Elem()))
		return m
	case reflect.Int:
		return reflect.ValueOf(1).Convert(v.Type())
	default:
		return reflect.New(v.Type().Elem())
	}
}

func TestCheckDepartment_OrderOfTheParts_IsFree(t *testing.T) {
	document := example(t, "every-key.yaml")
	next := mustParse(t, document)
	slices.Reverse(next.Channels)
	slices.Reverse(next.Departments)
	slices.Reverse(next.SenderIdentities)
	slices.Reverse(next.Declarations)
	slices.Reverse(next.Recipients)
	next.index()
	if problems := departmentProblems(t, mustParse(t, document), next, "sales"); problems != nil {
		t.Error(problems)
	}
}

func TestKeyOf_IsTheKeyOfTheDocument(t *testing.T) {
	for field, want := range map[string]string{
		"LegalBases": "legal_bases", "DecisionTTL": "decision_ttl", "ImprintURL": "imprint_url", "PrivacyURL": "privacy_url", "ID": "id", "EN": "en",
		"HardBounces": "hard_bounces", "DoubleOptIn": "double_opt_in",
	} {
		if got := keyOf(field); got != want {
			t.Errorf("%s is %s, want %s", field, got, want)
		}
	}
}
