package presets_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/presets"
)

func named(t testing.TB, name string) *presets.Preset {
	t.Helper()
	p, err := presets.Named(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestNamed_UnknownPreset_NamesTheNearest(t *testing.T) {
	if _, err := presets.Named("mailchip"); err == nil || !strings.Contains(err.Error(), "mailchimp") {
		t.Errorf("got %v", err)
	}
	if _, err := presets.Named("zzz"); err == nil || !strings.Contains(err.Error(), "sendgrid") {
		t.Errorf("got %v", err)
	}
}

func TestNewReader_WhatAFileCannotSay_IsRefusedAsAWhole(t *testing.T) {
	const contacts = "Email Address,OPTIN_TIME,OPTIN_IP,CONFIRM_TIME,LEID,EUID"
	for name, c := range map[string]struct {
		preset, header string
		options        presets.Options
		want           string // in the error; empty: none
	}{
		"mailchimp without a name":            {"mailchimp", contacts, presets.Options{}, "--status unsubscribed|cleaned|subscribed|"},
		"mailchimp, a name that says no":      {"mailchimp", contacts, presets.Options{FileName: "export.csv"}, "--status"},
		"mailchimp, two in the name":          {"mailchimp", contacts, presets.Options{FileName: "subscribed-and-cleaned.csv"}, "two things"},
		"mailchimp, unknown status":           {"mailchimp", contacts, presets.Options{Status: "gone"}, "one of unsubscribed, cleaned"},
		"mailchimp, name against columns":     {"mailchimp", contacts + ",UNSUB_TIME", presets.Options{FileName: "subscribed_x.csv", Channel: "n", Declaration: "a@1"}, "columns"},
		"mailchimp, option against columns":   {"mailchimp", contacts + ",UNSUB_TIME", presets.Options{Status: "subscribed", Channel: "n", Declaration: "a@1"}, "--status"},
		"mailchimp, columns alone":            {"mailchimp", contacts + ",UNSUB_TIME", presets.Options{Channel: "n"}, "--status"},
		"mailchimp unsubscribed, no channel":  {"mailchimp", contacts, presets.Options{Status: "unsubscribed"}, "--channel"},
		"mailchimp subscribed, no text":       {"mailchimp", contacts, presets.Options{Status: "subscribed", Channel: "n"}, "--declaration"},
		"mailchimp cleaned":                   {"mailchimp", contacts, presets.Options{FileName: "/x/cleaned_members_export.csv"}, ""},
		"mailchimp, a folder of Windows":      {"mailchimp", contacts, presets.Options{FileName: `C:\subscribed\cleaned_members.csv`}, ""},
		"mailchimp non-subscribed":            {"mailchimp", contacts, presets.Options{FileName: "non-subscribed_export.csv"}, ""},
		"sendgrid without a name":             {"sendgrid", "status,reason,email,created", presets.Options{}, "--status bounces|blocks|spam_reports"},
		"sendgrid by a wrong name":            {"sendgrid", "status,reason,email,created", presets.Options{FileName: "global_unsubscribes.csv"}, "columns"},
		"sendgrid bounces":                    {"sendgrid", "status,reason,email,created", presets.Options{FileName: "bounces.csv"}, ""},
		"sendgrid global":                     {"sendgrid", "email,created", presets.Options{FileName: "global_unsubscribes.csv"}, ""},
		"sendgrid addresses of no known name": {"sendgrid", "email,created", presets.Options{}, "--status spam_reports|global_unsubscribes|group_unsubscribes"},
		"mailgun addresses of no known name":  {"mailgun", "address,created_at", presets.Options{}, "--status"},
		"sendgrid group without its column":   {"sendgrid", "email", presets.Options{Status: "group"}, "--channel"},
		"sendgrid group":                      {"sendgrid", "email,group_id,created_at", presets.Options{}, ""},
		"brevo addresses alone":               {"brevo", "EMAIL", presets.Options{Status: "blacklist"}, ""},
		"no address":                          {"brevo", "NAME;EMAIL_BLACKLISTED", presets.Options{}, "EMAIL"},
		"another tool's file":                 {"ses", "EmailAddress", presets.Options{}, "Amazon SES"},
		"plain unsubscribed":                  {"plain", "address", presets.Options{Status: "unsubscribed"}, "--channel"},
		"a name of no tool says nothing":      {"plain", "address", presets.Options{FileName: "unsubscribed.txt"}, ""},
		"an export that is called blocklist":  {"listmonk", "email,name,status", presets.Options{FileName: "blocklist.csv"}, ""},
		"an import file of subscribers":       {"listmonk", "email,name,attributes", presets.Options{FileName: "people.csv"}, "--status blocklisted"},
		"columns without --columns":           {"columns", "address", presets.Options{}, "--columns"},
		"no status needed":                    {"mandrill", "email,reason", presets.Options{Status: "bounces"}, "leave --status out"},
		"scope":                               {"plain", "address", presets.Options{Scope: "everything"}, "--scope"},
		"channel":                             {"plain", "address", presets.Options{Channel: "News Letter"}, "--channel"},
		"declaration":                         {"plain", "address", presets.Options{Declaration: "signup"}, "--declaration"},
		"occurred in the future":              {"plain", "address", presets.Options{Occurred: imported().Add(time.Hour)}, "--occurred-time"},
	} {
		t.Run(name, func(t *testing.T) {
			c.options.Imported = imported()
			columns := presets.NewColumns(strings.FieldsFunc(c.header, func(r rune) bool { return r == ',' || r == ';' }))
			_, err := named(t, c.preset).NewReader(columns, c.options)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestNewReader_ColumnThatIsNotThere_IsRefused(t *testing.T) {
	o := presets.Options{Imported: imported(), Columns: map[string]string{"address": "Email", "reason": "Status"}}
	if _, err := named(t, presets.ByColumns).NewReader(presets.NewColumns([]string{"Email"}), o); err == nil || !strings.Contains(err.Error(), `"Status"`) {
		t.Errorf("got %v", err)
	}
}

func TestParseMapping(t *testing.T) {
	for text, want := range map[string][2]string{
		"group:12=newsletter":                {"group:12", "newsletter"},
		"topic:Marketing Information=news":   {"topic:marketinginformation", "news"},
		"tag:a=b=news":                       {"tag:a=b", "news"},
		"tag:x:y=news":                       {"tag:x:y", "news"},
		"group:12":                           {},
		"12=newsletter":                      {},
		"segment:12=newsletter":              {},
		"group:=newsletter":                  {},
		"group:12=":                          {},
		"group:12=Not an id":                 {},
		"":                                   {},
		"list:  =newsletter":                 {},
		"stream:outbound=newsletter-product": {"stream:outbound", "newsletter-product"},
	} {
		key, channel, err := presets.ParseMapping(text)
		if key != want[0] || channel != want[1] || (err == nil) != (want[0] != "") {
			t.Errorf("%q: %q %q %v", text, key, channel, err)
		}
	}
}

func TestParseColumns(t *testing.T) {
	got, err := presets.ParseColumns("address=E-Mail, reason=Status")
	if want := map[string]string{"address": "E-Mail", "reason": "Status"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	for _, text := range []string{"", "reason=Status", "address=", "address", "address=a,address=b", "address=a,colour=b"} {
		if got, err := presets.ParseColumns(text); err == nil {
			t.Errorf("%q: got %v", text, got)
		}
	}
}

func TestDetect_SamplesOfEachTool_AreFound(t *testing.T) {
	for _, s := range samples(t) {
		p := s.of(t)
		if s.preset == presets.ByColumns || slices.Contains([]string{"rapidmail", "cleverreach", "plain"}, s.preset) && strings.HasSuffix(s.file, ".txt") {
			continue
		}
		rows := readRows(t, p, s.file, s.text(t))
		header := rows[0].Columns.Names
		if strings.Contains(s.file, "ses.import") {
			header = nil
		}
		var cells [][]string
		for _, one := range rows {
			cells = append(cells, one.Cells)
		}
		got, certainty, why := presets.Detect(header, cells, s.file)
		if got == nil || got.Name != s.preset || certainty == presets.Unknown || why == "" {
			t.Errorf("%s: got %v, %s, %s", s.file, got, certainty, why)
		}
	}
}

func TestDetect_WhatNoToolHas_IsUnknown(t *testing.T) {
	for name, c := range map[string]struct {
		header []string
		rows   [][]string
		file   string
		want   string
		how    presets.Certainty
	}{
		"another file":         {[]string{"Email", "Shoe size"}, nil, "", "", presets.Unknown},
		"named by its file":    {[]string{"Email", "Shoe size"}, nil, "export_hubspot.csv", "hubspot", presets.Likely},
		"one column":           {[]string{"Email"}, nil, "", "plain", presets.Likely},
		"one column, no name":  {nil, [][]string{{"anna@firma.example"}}, "x.txt", "plain", presets.Likely},
		"rapidmail":            {nil, [][]string{{"anna@firma.example"}}, "blacklist-rapidmail.txt", "rapidmail", presets.Likely},
		"an import job of SES": {nil, [][]string{{"anna@firma.example", "COMPLAINT"}}, "", "ses", presets.Certain},
		"not all of it":        {nil, [][]string{{"anna@firma.example", "COMPLAINT"}, {"bert@firma.example", "Graz"}}, "", "", presets.Unknown},
		"several columns":      {nil, [][]string{{"anna@firma.example", "Anna"}}, "", "", presets.Unknown},
		"nothing":              {nil, nil, "", "", presets.Unknown},
		"kit may be another":   {[]string{"first_name", "email", "created_at", "status"}, nil, "", "kit", presets.Likely},
		"mailchimp":            {[]string{"E-Mail-Adresse", "Vorname", "LEID", "EUID"}, nil, "", "mailchimp", presets.Certain},
	} {
		p, how, why := presets.Detect(c.header, c.rows, c.file)
		got := ""
		if p != nil {
			got = p.Name
		}
		if got != c.want || how != c.how || strings.Contains(why, "@") {
			t.Errorf("%s: %q, %s, %s", name, got, how, why)
		}
	}
}

// TestStatusOfFile_InPlaceOfTheName_SaysTheSame holds that the status can be kept and the name forgotten.
func TestStatusOfFile_InPlaceOfTheName_SaysTheSame(t *testing.T) {
	for _, p := range presets.All() {
		for _, name := range append(p.Statuses(), "a", "anna_subscribed_members.csv", "cleaned.csv", "spam_reports.csv", "blocklist.csv") {
			says, err := p.StatusOfFile(name)
			if err != nil {
				t.Errorf("%s: %q: %v", p.Name, name, err)
			}
			if again, err := p.StatusOfFile(says); err != nil || again != says {
				t.Errorf("%s: the name %q says %q, which as a name says %q, %v", p.Name, name, says, again, err)
			}
		}
	}
	mailchimp, err := presets.Named("mailchimp")
	if err != nil {
		t.Fatal(err)
	}
	if says, err := mailchimp.StatusOfFile("cleaned and subscribed.csv"); err == nil {
		t.Errorf("a name that says two things says %q", says)
	}
}
