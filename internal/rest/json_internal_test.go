package rest

import (
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// seeds are bodies of BatchRecordEvents.
func seeds() []string {
	return []string{
		`{"events": [{"grant": {"address": "a@b.example", "channels": ["c"], "legal_basis": "LEGAL_BASIS_CONSENT", "declaration": null}}]}`,
		`{"events": [{"withdraw": {"allMarketing": true}, "occurredTime": "2026-10-01T08:00:00Z"}], "validateOnly": false}`,
		`{"events": [{"grant": {"legalBasis": 1e0}}], "requestId": "\ud83d\ude00"}`,
		`{"events": [{"grant": {"legalBasis": "consent"}}]}`, `{"events": [{"grant": {}, "refuse": {}}]}`, `{"events": {}}`,
		`{"events": [null]}`, `{"events": [}`, "{\"batchId\": \"\xff\"}", `{"batchId": "\ud800"}`, `[]`, ``, `{} {}`,
	}
}

// FuzzReadBody holds the reader to what the library takes: of that it refuses nothing but times, and no text of it repeats a value.
func FuzzReadBody(f *testing.F) {
	for _, seed := range seeds() {
		f.Add(seed)
	}
	f.Add(`{"events": [{"grant": {"address": "a@b.example"}, "a@b.example": 1}]}`)
	f.Fuzz(func(t *testing.T, body string) {
		in := &assentv1.BatchRecordEventsRequest{}
		err := protojson.Unmarshal([]byte(body), in)
		words, problem := readBody([]byte(body), in.ProtoReflect().Descriptor())
		switch {
		case problem != nil && strings.Contains(problem.Error(), "@"):
			t.Errorf("%q: the problem repeats an address: %v", body, problem)
		case err == nil && problem != nil && !strings.HasSuffix(problem.Error(), timeProblem):
			t.Errorf("%q: the library takes it, but: %v", body, problem)
		case err == nil && len(words) > 0:
			t.Errorf("%q: the library takes it, but it has the short names %v", body, words)
		case len(withNumbers([]byte(body), words)) != len(body):
			t.Errorf("%q: the length changed", body)
		}
	})
}

// FuzzMendTexts holds that a body that is right stays as it is, and that one that is wrong only in its texts becomes right.
func FuzzMendTexts(f *testing.F) {
	for _, seed := range append(seeds(), "{\"batchId\": \"\\x\t\\\"\xe9\\ud800\\ud800\\udc00\\u12\"}", `{"batchId": "\`) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		mended := mendTexts([]byte(body))
		if again := mendTexts(mended); string(again) != string(mended) {
			t.Errorf("%q became %q, and then %q", body, mended, again)
		}
		in := &assentv1.BatchRecordEventsRequest{}
		if protojson.Unmarshal([]byte(body), in) == nil && string(mended) != body {
			t.Errorf("%q is right, and became %q", body, mended)
		}
	})
}

func TestMendTexts_WhatIsNoCharacter_BecomesNUL(t *testing.T) {
	for given, want := range map[string]string{
		"\"caf\xe9\"": `"caf\u0000"`, `"\ud800"`: `"\u0000"`, `"\udc00x"`: `"\u0000x"`, `"\ud800\ud83d\ude00"`: `"\u0000\ud83d\ude00"`,
		`"\x41"`: `"\u0000x41"`, `"\u12"`: `"\u0000u12"`, "\"a\tb\"": `"a\u0009b"`, `"\\ud800"`: `"\\ud800"`, `"é\n\/"`: `"é\n\/"`,
		"\xe9\"a\"\t": "\xe9\"a\"\t",
	} {
		if got := string(mendTexts([]byte(given))); got != want {
			t.Errorf("%q became %q, want %q", given, got, want)
		}
	}
}

func TestDecode_ShortNamesOfEnums_AreTaken(t *testing.T) {
	format := newJSONFormat()
	for body, want := range map[string]proto.Message{
		`{"legalBasis": "consent"}`:                     &assentv1.GrantConsentRequest{LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT},
		`{"legalBasis": "EXISTING_CUSTOMER"}`:           &assentv1.GrantConsentRequest{LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_EXISTING_CUSTOMER},
		`{"legal_basis": "LEGAL_BASIS_TERMS"}`:          &assentv1.GrantConsentRequest{LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_TERMS},
		`{"format":"json"}`:                             &assentv1.ExportHistoryRequest{Format: assentv1.ExportFormat_EXPORT_FORMAT_JSON},
		`{"format": "j\u0073on", "address": "consent"}`: &assentv1.ExportHistoryRequest{Format: assentv1.ExportFormat_EXPORT_FORMAT_JSON, Target: &assentv1.ExportHistoryRequest_Address{Address: "consent"}},
	} {
		got := want.ProtoReflect().New().Interface()
		if err := format.decode([]byte(body), got); err != nil || !proto.Equal(got, want) {
			t.Errorf("%s: %v, %v", body, got, err)
		}
	}
	for _, body := range []string{`{"legalBasis": "unspecified"}`, `{"legalBasis": ""}`, `{"legalBasis": "consen"}`, `{"legalBasis": "legal_basis_consent"}`} {
		err := format.decode([]byte(body), &assentv1.GrantConsentRequest{})
		if err == nil || !strings.Contains(err.Error(), "must be one of LEGAL_BASIS_CONSENT, ") {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestDecode_FirstProblem_IsSaidWithItsPlace(t *testing.T) {
	format := newJSONFormat()
	for body, want := range map[string]string{
		`{"evnets": []}`:                                        "at line 1, column 2: the message does not have the field evnets; did you mean events?",
		"{\n \"events\": [{}, {\"grnt\": 1}]}":                  "at line 2, column 18: the message does not have the field grnt; did you mean grant?",
		`{"a@b": 1}`:                                            "at line 1, column 2: the message does not have this field",
		`{"events": [{"grant": {"adress": ""}}]}`:               "the message does not have the field adress; did you mean address?",
		`{"events": [{"grant": {"address": {}}}]}`:              "the field events[0].grant.address must be of type string",
		`{"events": [{"grant": {"legalBasis": "x"}}]}`:          "the field events[0].grant.legalBasis must be one of LEGAL_BASIS_CONSENT",
		`{"events": [{"grant": {"evidence": 1}}]}`:              "the field events[0].grant.evidence must be an object",
		`{"events": [{"grant": {}, "withdraw": {}}]}`:           "only one field of events[0].fact may be given",
		`{"events": 1}`:                                         "the field events must be a list",
		`{"validateOnly": "true"}`:                              "the field validateOnly must be of type bool",
		`{"validateOnly": true, "validate_only": true}`:         "at line 1, column 24: the field validateOnly is given twice",
		`{"batchId": "é", "batchId": "b"}`:                      "at line 1, column 18: the field batchId is given twice",
		`{"batchId": "\ud800"}`:                                 "at line 1, column 13: a string has a \\u escape that is not a Unicode character",
		"{\"batchId\": \"\xff\"}":                               "at line 1, column 13: a string is not valid UTF-8",
		`{"events": []`:                                         "the JSON ends too early",
		`{"events": [}`:                                         "at line 1, column 13: it is not valid JSON",
		`{} x`:                                                  "at line 1, column 4: there is more text after the JSON object",
		`"x"`:                                                   "at line 1, column 1: it must be a JSON object",
		`{"events": ` + strings.Repeat(`[`, 100_000):            "the field events[0] must be an object",
		`{"events": [{"occurredTime": "yesterday"}]}`:           "events[0].occurredTime: a time must have the form of",
		`{"events": [{"grant": {"declaration": {"id": null}},,`: "it is not valid JSON",
	} {
		err := format.decode([]byte(body), &assentv1.BatchRecordEventsRequest{})
		if err == nil || !strings.HasPrefix(err.Error(), bodyProblem+" at ") || !strings.Contains(err.Error(), want) || !utf8.ValidString(err.Error()) {
			t.Errorf("%.80s: %v, want %q", body, err, want)
		}
	}
}
