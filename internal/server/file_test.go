package server_test

import (
	"mime"
	"net/http"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/dossier"
)

func TestREST_Export_IsTheFileItself(t *testing.T) {
	r := run(t, settings(t))
	if got := r.as(http.MethodPost, "/v1/consent:withdraw", `{"address": "anna@example.com", "channels": ["newsletter"]}`); got.code != http.StatusOK {
		t.Fatalf("%d %s", got.code, got.body)
	}
	for format, c := range map[string]struct{ media, begins string }{
		"JSON":   {"application/json", "{\n  \"format\": \"assent-dossier/1\""},
		"CSV":    {"text/csv; charset=utf-8", "position,"},
		"HTML":   {"text/html; charset=utf-8", "<!DOCTYPE html>\n<html lang=\"de\">"},
		"JSONLD": {"application/ld+json", "{\n  \"@context\""},
		"ZIP":    {"application/zip", "PK"},
	} {
		got := r.as(http.MethodPost, "/v1/history:export", `{"address": "anna@example.com", "format": "EXPORT_FORMAT_`+format+`"}`,
			"Accept-Language", "de")
		if got.code != http.StatusOK || got.header.Get("Content-Type") != c.media || !strings.HasPrefix(got.body, c.begins) {
			t.Errorf("%s: %d %s %.80q", format, got.code, got.header.Get("Content-Type"), got.body)
		}
		_, named, err := mime.ParseMediaType(got.header.Get("Content-Disposition"))
		if err != nil || !strings.HasSuffix(named["filename"], "."+strings.ToLower(format)) || strings.Contains(named["filename"], "anna") {
			t.Errorf("%s: %q, %v", format, named, err)
		}
		if format == "ZIP" {
			if report := dossier.Verify([]byte(got.body), ""); report.Found != 0 || report.Events != 2 {
				t.Errorf("%+v", report)
			}
		}
	}
	ledger := r.as(http.MethodPost, "/v1/history:export", `{"ledger": {}}`)
	if lines := strings.Split(ledger.body, "\n"); ledger.code != http.StatusOK || len(lines) != 4 || !strings.HasPrefix(lines[2], `{"checkpoint":`) {
		t.Errorf("%d %s", ledger.code, ledger.body)
	}
}

func TestREST_Export_Refused_IsAnErrorAsEverywhere(t *testing.T) {
	r := run(t, settings(t))
	for body, want := range map[string]string{
		`{}`:                  "INVALID_REQUEST",
		`{"address": "anna"}`: "INVALID_ADDRESS",
		`{"address": "anna@example.com", "format": "EXPORT_FORMAT_NDJSON"}`: "INVALID_REQUEST",
		`{"ledger": {}, "format": "EXPORT_FORMAT_ZIP"}`:                     "INVALID_REQUEST",
		`{"ledger": {"fromPosition": "99"}}`:                                "POSITION_UNKNOWN",
		`{"address": "anna@example.com", "language": "fr"}`:                 "INVALID_REQUEST",
	} {
		got := r.as(http.MethodPost, "/v1/history:export", body)
		if got.code != http.StatusBadRequest || !strings.Contains(got.body, want) || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %d %s", body, got.code, got.body)
		}
	}
}
