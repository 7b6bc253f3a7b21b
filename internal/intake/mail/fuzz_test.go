package mail

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/intake"
)

// FuzzRead holds that no mail stops the reader, and what every result promises.
func FuzzRead(f *testing.F) {
	for _, name := range corpus(f) {
		f.Add(load(f, name))
	}
	reader := New(settings())
	f.Fuzz(func(t *testing.T, mail []byte) {
		result, err := reader.Read(Envelope{}, bytes.NewReader(mail))
		if err != nil {
			t.Fatal(err)
		}
		if result.Kind == "" || result.Why == "" {
			t.Errorf("%+v lacks a kind or why", result)
		}
		for _, r := range result.Reports {
			sane(t, r)
		}
		again, _ := reader.Read(Envelope{}, bytes.NewReader(mail))
		if diff := cmp.Diff(result, again); diff != "" {
			t.Errorf("the second time it is another result\n%s", diff)
		}
	})
}

// sane checks what a report promises.
func sane(t *testing.T, r intake.Report) {
	t.Helper()
	if r.Address != "" && !isAddress(r.Address) {
		t.Errorf("address %q", r.Address)
	}
	if (r.Class != "") != (r.Kind == intake.Bounce) || r.Rule == "" && r.Kind == intake.Bounce {
		t.Errorf("%s has class %q by rule %q", r.Kind, r.Class, r.Rule)
	}
	if !utf8.ValidString(r.Text) || strings.ContainsAny(r.Text, "\n\r\x00") || len(r.Text) > intake.MaxText {
		t.Errorf("text %q", r.Text)
	}
	for _, token := range r.Tokens {
		var again intake.Tokens
		if again.Add(token.Text, token.Found); len(again) != 1 || again[0] != token {
			t.Errorf("token %q", token.Text)
		}
	}
}

// FuzzFields reads the fields of reports about delivery and of complaints.
func FuzzFields(f *testing.F) {
	f.Add("Reporting-MTA: dns; a.example\n\nFinal-Recipient: rfc822;joe@there.example\nAction: failed\nStatus: 5.1.1\n")
	f.Add("Final-Recipient: utf-8; j\\x{FC}@there.example (a (b) c)\nAction: DELAYED\nFinal-Recipient: x400; /S=x/\nStatus: 4.0.0\n")
	f.Add("Feedback-Type: abuse\nOriginal-Rcpt-To: <joe@there.example>\nOriginal-Rcpt-To: rfc822;x@there.example\n")
	f.Add("Feedback-Type: opt-out\nRemoval-Recipient: joe@there.example\n")
	reader := New(settings())
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []string{"delivery-status", "feedback-report"} {
			mail := "From: mailer-daemon@a.example\r\nContent-Type: message/" + kind + "\r\n\r\n" + text
			result, err := reader.Read(Envelope{}, strings.NewReader(mail))
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range result.Reports {
				if r.Address != "" && !isAddress(r.Address) {
					t.Errorf("address %q", r.Address)
				}
				if r.Kind == intake.Bounce {
					sane(t, r)
				}
			}
		}
	})
}
