package mail

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/message"
)

func TestRead_AForward_SaysWhoWroteWhatItPassesOn(t *testing.T) {
	attached := "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nPlease take this over.\n--b\nContent-Type: message/rfc822\n\n" +
		"From: Anna <anna@example.at>\nMessage-ID: <1@home>\nSubject: Complaint\n\nI left long ago.\n--b--\n"
	quoted := "\n\n---------- Forwarded message ---------\nFrom: Anna <anna@example.at>\nDate: Sun, 1 Nov 2026\nSubject: Complaint\n\nI left long ago.\n"
	thunderbird := "\n\n-------- Weitergeleitete Nachricht --------\nBetreff: \tBeschwerde\nDatum: \tSun, 1 Nov 2026\nVon: \tAnna <anna@example.at>\nAn: x@acme.example\n\nText\n"
	for name, c := range map[string]struct {
		header, body string
		want         *Forward
	}{
		"attached":            {"Subject: Complaint\n", attached, &Forward{From: "anna@example.at", ID: "1@home", Text: "Please take this over.\n\nI left long ago."}},
		"quoted":              {"Subject: Fwd: Complaint\nReferences: <0@home> <1@home>\n", quoted, &Forward{From: "anna@example.at", ID: "1@home", Text: strings.TrimSpace(quoted)}},
		"sender after date":   {"Subject: WG: Beschwerde\n", thunderbird, &Forward{From: "anna@example.at", Text: strings.TrimSpace(thunderbird)}},
		"nothing says who":    {"Subject: FW: Complaint\n", "\nI left long ago.\n", &Forward{Text: "I left long ago."}},
		"an answer":           {"Subject: Re: Complaint\nIn-Reply-To: <1@home>\n", quoted, nil},
		"an answer that adds": {"Subject: Re: Complaint\nIn-Reply-To: <1@home>\n", attached, nil},
	} {
		t.Run(name, func(t *testing.T) {
			text := "From: desk@acme.example\nMessage-ID: <2@acme>\nMIME-Version: 1.0\n" + c.header + c.body
			read, err := New(Settings{Limits: message.DefaultLimits()}).Read(Envelope{}, strings.NewReader(text))
			if err != nil || read.Letter == nil {
				t.Fatalf("%+v, %v", read, err)
			}
			if diff := cmp.Diff(c.want, read.Letter.Forward); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
