package suppressionfile_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/suppressionfile"
)

func TestCheckers_WhatTheToolWouldNotTake_IsFound(t *testing.T) {
	many := func(n int, line string) string { return strings.Repeat(line, n) }
	postmark := func(n int) string {
		return `{"Suppressions":[` + strings.TrimSuffix(many(n, `{"EmailAddress":"a@b.example"},`), ",") + "]}\n"
	}
	klaviyo := func(kind, profile string, n int) string {
		one := `{"type":"` + profile + `","attributes":{"email":"a@b.example"}},`
		return `{"data":{"type":"` + kind + `","attributes":{"profiles":{"data":[` + strings.TrimSuffix(many(n, one), ",") + "]}}}}\n"
	}
	const job = "profile-suppression-bulk-create-job"
	for _, c := range []struct{ form, list, text, want string }{
		{"csv", "", "address\na@b.example\n", "the header"},
		{"csv", "", "match,address,domain,scope,kind,reason,since,until\nall,a@b.example,,all,refusal,REFUSED,,\n", "the match"},
		{"csv", "", "match,address,domain,scope,kind,reason,since,until\nexact,,,all,refusal,REFUSED,,\n", "either"},
		{"csv", "", "match,address,domain,scope,kind,reason,since,until\nexact,b@b.example,,all,refusal,REFUSED,,\nexact,a@b.example,,all,refusal,REFUSED,,\n", "order"},
		{"csv", "", "match,address,domain,scope,kind,reason,since,until\nexact,a@b.example,,all,refusal,REFUSED,01.10.2026,\n", "no time"},
		{"csv", "", "match,address,domain,scope,kind,reason,since,until\nexact,a@b.example,,nothing,refusal,REFUSED,,\n", "scope"},
		{"csv", "", "match,address,domain,scope,kind,reason,since,until\nexact,a@b.example,,all,grant,REFUSED,,\n", "kind"},
		{"csv", "", "match,address,domain,scope,kind,reason,since,until\nexact,a@b.example,,all,refusal,no,,\n", "reason"},
		{"ndjson", "", `{"match":"exact","email":"a@b.example"}` + "\n", "unknown field"},
		{"ndjson", "", `{"match":"exact"}{}` + "\n", "follows"},
		{"hashes", "", strings.ToUpper(strings.Repeat("ab", 32)) + "\n", "lower-case"},
		{"hashes", "", many(2, strings.Repeat("ab", 32)+"\n"), "twice"},
		{"hashes", "", strings.Repeat("ab", 16) + "\n" + strings.Repeat("ab", 32) + "\n", "two lengths"},
		{"listmonk", "", "Email,Name,Attributes\na@b.example,a,{}\n", "no column email"},
		{"listmonk", "", "email,name,attributes\na@b.example,,{}\n", "no name"},
		{"listmonk", "", "email,name,attributes\na@b.example,a,none\n", "no object"},
		{"listmonk", "", "email,name,attributes\na@b.example\n", "wrong number of fields"},
		{"listmonk", "", "\ufeffemail,name,attributes\n", "byte-order mark"},
		{"mailchimp", "bounced", "Email Address\n", "no status"},
		{"mailchimp", "cleaned", "Email\na@b.example\n", "no column"},
		{"mailchimp", "cleaned", "Email Address\njörg@b.example\n", "ASCII"},
		{"mailchimp", "cleaned", "Email Address\n a@b.example\n", "spaces"},
		{"ses", "", "address,reason\n", "line 1"},
		{"ses", "", "a@b.example,UNSUBSCRIBE\n", "line 1"},
		{"ses", "", "\"a@b.example\",BOUNCE\n", "bare address"},
		{"ses", "", many(100_001, "a@b.example,BOUNCE\n"), "100001 lines"},
		{"ses", "", "jörg@b.example,BOUNCE\n", "ASCII"},
		{"sendgrid", "group", "email;created\na@b.example;1\n", "no column"},
		{"sendgrid", "bounces", "email\n", "no list"},
		{"sendgrid", "group", "email\n" + many(1_000_001, "a@b.example\n"), "1000001 rows"},
		{"mailgun", "bounces", "address,created_at\na@b.example,\n", "header"},
		{"mailgun", "complaints", "address,created_at\na@b.example,2026-10-01T08:30:00Z\n", "RFC 2822"},
		{"mailgun", "bounces", "address,code,error,created_at\na@b.example,421,,\n", "permanent"},
		{"mailgun", "unsubscribes", "address,tags,created_at\na@b.example,,\n", "no tag"},
		{"mailgun", "complaints", "address,created_at\n" + many(25_000_000/13, "a@b.example,\n"), "25 MB"},
		{"postmark", "", postmark(51), "51 addresses"},
		{"postmark", "", postmark(0), "0 addresses"},
		{"postmark", "", `{"suppressions":[{"EmailAddress":"a@b.example"}]}` + "\n", "no Suppressions"},
		{"postmark", "", postmark(2), "repeats"},
		{"brevo", "", "EMAIL,NAME\na@b.example,A\n", "no column"},
		{"brevo", "", "EMAIL\n" + many(8_000_000/12+1, "a@b.example\n"), "8 MB"},
		{"brevo", "", "EMAIL\r\na@b.example\r\n", "carriage"},
		{"hubspot", "", "Email,Name\na@b.example,A\n", "more than one column"},
		{"hubspot", "", "email\na@b.example\n", "no column"},
		{"klaviyo", "", klaviyo(job, "profile", 101), "101 addresses"},
		{"klaviyo", "", klaviyo("profile-bulk-import-job", "profile", 1), "the type is"},
		{"klaviyo", "", klaviyo(job, "person", 1), "type of a profile"},
		{"klaviyo", "", "EMAIL\n\nx\n", "blank line"},
		{"hubspot", "", "Email\nb@b.example\na@b.example\n", "order"},
		{"hubspot", "", "Email\na@b.example", "no end"},
		{"hubspot", "", "Email\na\xff@b.example\n", "UTF-8"},
	} {
		err := checkers()[c.form](suppressionfile.File{List: c.list}, c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %.60q gives %v, want %q", c.form, c.list, c.text, err, c.want)
		}
	}
	for form := range checkers() {
		if !slices.Contains(suppressionfile.Forms(), form) {
			t.Errorf("there is no form %s", form)
		}
	}
}

func TestWrite_EachForm_PassesTheCheckOfItsTool(t *testing.T) {
	for _, form := range suppressionfile.Forms() {
		entries := people()
		for i := range entries {
			entries[i].Hash = bytes.Repeat([]byte{byte(i + 1)}, 32)
		}
		for _, including := range []bool{false, true} {
			o := options()
			o.IncludingTransactional = including
			m, to := write(t, form, o, entries...)
			for _, f := range m.Files {
				if err := checkFile(form, f, to.text(t, f.Name)); err != nil {
					t.Errorf("%s, %s: %v", form, f.Name, err)
				}
			}
		}
	}
}
