package suppressionfile_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/suppressionfile"
)

// people has an entry of each sort.
func people() []suppressionfile.Entry {
	ended := suppress("old@firma.example", "MANUAL", "marketing")
	ended.Until = at(20)
	ends := suppress("later@firma.example", "MANUAL", "department:sales")
	ends.Until = made().AddDate(1, 0, 0)
	erased := suppress("", "SUPPRESSED", "marketing")
	return []suppressionfile.Entry{
		refuse("zoe@firma.example"), refuse("anna@firma.example"), suppress("anna@firma.example", "HARD_BOUNCE", "all"),
		suppress("bert+tag@gmail.com", "COMPLAINT", "marketing"), suppress("carl@firma.example", "COMPLAINT", "all"),
		suppress("=cmd@firma.example", "OBJECTION", "marketing"), suppress("jörg@xn--mller-kva.at", "HARD_BOUNCE", "all"),
		suppress("dora@firma.example", "MANUAL", "all"), ended, ends, erased, block("spam.example"),
	}
}

func TestWrite_EachTool_FilesSayWhatItsImportWants(t *testing.T) {
	for _, c := range []struct {
		form  string
		files map[string]string
	}{
		{"listmonk", map[string]string{
			"newsletter.listmonk.csv": "email,name,attributes\n=cmd@firma.example,=cmd,{}\nanna@firma.example,anna,{}\nbert+tag@gmail.com,bert+tag,{}\n" +
				"carl@firma.example,carl,{}\ndora@firma.example,dora,{}\njörg@xn--mller-kva.at,jörg,{}\nlater@firma.example,later,{}\nzoe@firma.example,zoe,{}\n",
			"newsletter.listmonk.domains.csv": domainFile,
		}},
		{"mailchimp", map[string]string{
			"newsletter.mailchimp.unsubscribed.csv": "Email Address\n=cmd@firma.example\nanna@firma.example\nbert+tag@gmail.com\ncarl@firma.example\n" +
				"dora@firma.example\nlater@firma.example\nzoe@firma.example\n",
			"newsletter.mailchimp.domains.csv":        domainFile,
			"newsletter.mailchimp.not-importable.csv": "address\njörg@xn--mller-kva.at\n",
		}},
		{"ses", map[string]string{
			"newsletter.ses.csv":                "anna@firma.example,BOUNCE\ncarl@firma.example,COMPLAINT\n",
			"newsletter.ses.domains.csv":        domainFile,
			"newsletter.ses.not-importable.csv": "address\njörg@xn--mller-kva.at\n",
		}},
		{"sendgrid", map[string]string{
			"newsletter.sendgrid.group.csv":   "email\n=cmd@firma.example\nanna@firma.example\nbert+tag@gmail.com\nlater@firma.example\nzoe@firma.example\n",
			"newsletter.sendgrid.global.csv":  "email\nanna@firma.example\ncarl@firma.example\ndora@firma.example\njörg@xn--mller-kva.at\n",
			"newsletter.sendgrid.domains.csv": domainFile,
		}},
		{"mailgun", map[string]string{
			"newsletter.mailgun.unsubscribes.csv": "address,tags,created_at\n=cmd@firma.example,newsletter,\"Thu, 01 Oct 2026 08:30:00 +0000\"\n" +
				"anna@firma.example,newsletter,\"Fri, 02 Oct 2026 08:30:00 +0000\"\nbert+tag@gmail.com,newsletter,\"Thu, 01 Oct 2026 08:30:00 +0000\"\n" +
				"dora@firma.example,*,\"Thu, 01 Oct 2026 08:30:00 +0000\"\nlater@firma.example,newsletter,\"Thu, 01 Oct 2026 08:30:00 +0000\"\n" +
				"zoe@firma.example,newsletter,\"Fri, 02 Oct 2026 08:30:00 +0000\"\n",
			"newsletter.mailgun.bounces.csv": "address,code,error,created_at\nanna@firma.example,550,,\"Thu, 01 Oct 2026 08:30:00 +0000\"\n" +
				"jörg@xn--mller-kva.at,550,,\"Thu, 01 Oct 2026 08:30:00 +0000\"\n",
			"newsletter.mailgun.complaints.csv": "address,created_at\ncarl@firma.example,\"Thu, 01 Oct 2026 08:30:00 +0000\"\n",
			"newsletter.mailgun.domains.csv":    domainFile,
		}},
		{"brevo", map[string]string{"newsletter.brevo.csv": "EMAIL\n" + everyAddress, "newsletter.brevo.domains.csv": domainFile}},
		{"hubspot", map[string]string{"newsletter.hubspot.csv": "Email\n" + everyAddress, "newsletter.hubspot.domains.csv": domainFile}},
	} {
		t.Run(c.form, func(t *testing.T) {
			_, to := write(t, c.form, options(), people()...)
			got := map[string]string{}
			for name, file := range to.files {
				if name != "newsletter."+c.form+".manifest.json" {
					got[name] = file.String()
				}
			}
			if diff := cmp.Diff(c.files, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

const (
	everyAddress = "=cmd@firma.example\nanna@firma.example\nbert+tag@gmail.com\ncarl@firma.example\ndora@firma.example\n" +
		"jörg@xn--mller-kva.at\nlater@firma.example\nzoe@firma.example\n"
	domainFile = "domain,scope,kind,reason,since,until\nspam.example,marketing,suppression,MANUAL,2026-10-03T08:30:00Z,\n"
)

func TestWrite_IncludingTransactional_WritesNarrowScopesToListsThatStopAll(t *testing.T) {
	o := options()
	o.IncludingTransactional = true
	_, ses := write(t, "ses", o, people()...)
	if got, want := ses.text(t, "newsletter.ses.csv"), "anna@firma.example,BOUNCE\nbert+tag@gmail.com,COMPLAINT\ncarl@firma.example,COMPLAINT\n"; got != want {
		t.Errorf("SES has %q, want %q", got, want)
	}
	_, mailgun := write(t, "mailgun", o, people()...)
	if got := mailgun.text(t, "newsletter.mailgun.unsubscribes.csv"); strings.Contains(got, ",newsletter,") || strings.Count(got, ",*,") != 5 {
		t.Errorf("unsubscribes at Mailgun are %q, want all with the tag *", got)
	}
	if got := mailgun.text(t, "newsletter.mailgun.complaints.csv"); !strings.Contains(got, "bert+tag@gmail.com") {
		t.Errorf("complaints at Mailgun are %q, want that about marketing among them", got)
	}
	_, sendgrid := write(t, "sendgrid", o, people()...)
	if got := sendgrid.text(t, "newsletter.sendgrid.global.csv"); got != "email\n"+everyAddress {
		t.Errorf("global unsubscribes at SendGrid are %q, want all addresses", got)
	}
}

func TestStoppingTransactional_HasTheFormsThatTheOptionChanges(t *testing.T) {
	including := options()
	including.IncludingTransactional = true
	for _, form := range suppressionfile.Forms() {
		without, _ := write(t, form, options(), people()...)
		with, _ := write(t, form, including, people()...)
		changes := !cmp.Equal(without.Files, with.Files)
		if listed := slices.Contains(suppressionfile.StoppingTransactional(), form); listed != changes {
			t.Errorf("%s is listed: %v; its files change: %v", form, listed, changes)
		}
	}
}

func TestWrite_TransactionalLists_LeaveOutIsCounted(t *testing.T) {
	m, _ := write(t, "ses", options(), people()...)
	want := []suppressionfile.Count{{What: "ENDED", Entries: 1}, {What: "NO_ADDRESS", Entries: 1}, {What: "STOPS_TRANSACTIONAL_MAIL", Entries: 1}, {What: "REASON_UNKNOWN_TO_TOOL", Entries: 5}}
	for i := range m.LeftOut {
		if m.LeftOut[i].Why == "" {
			t.Errorf("%s does not say why", m.LeftOut[i].What)
		}
		m.LeftOut[i].Why = ""
	}
	if diff := cmp.Diff(want, m.LeftOut); diff != "" {
		t.Error(diff)
	}
	if want := (suppressionfile.Counts{EntriesRead: 12, RowsWritten: 2, RowsNotForImport: 2, EntriesLeftOut: 8}); m.Counts != want {
		t.Errorf("counts are %+v, want %+v", m.Counts, want)
	}
}

func TestWrite_CSVAndNDJSON_KeepEveryEntryWithAllItSays(t *testing.T) {
	_, to := write(t, "csv", options(), people()...)
	want := `match,address,domain,scope,kind,reason,since,until
folded,=cmd@firma.example,,marketing,suppression,OBJECTION,2026-10-01T08:30:00Z,
exact,anna@firma.example,,channel:newsletter,refusal,WITHDRAWN,2026-10-02T08:30:00Z,
exact,anna@firma.example,,all,suppression,HARD_BOUNCE,2026-10-01T08:30:00Z,
folded,bert+tag@gmail.com,,marketing,suppression,COMPLAINT,2026-10-01T08:30:00Z,
folded,carl@firma.example,,all,suppression,COMPLAINT,2026-10-01T08:30:00Z,
folded,dora@firma.example,,all,suppression,MANUAL,2026-10-01T08:30:00Z,
exact,jörg@xn--mller-kva.at,,all,suppression,HARD_BOUNCE,2026-10-01T08:30:00Z,
folded,later@firma.example,,department:sales,suppression,MANUAL,2026-10-01T08:30:00Z,2027-11-30T06:00:00Z
domain,,spam.example,marketing,suppression,MANUAL,2026-10-03T08:30:00Z,
exact,zoe@firma.example,,channel:newsletter,refusal,WITHDRAWN,2026-10-02T08:30:00Z,
`
	if diff := cmp.Diff(want, to.text(t, "newsletter.csv.csv")); diff != "" {
		t.Error(diff)
	}
	m, to := write(t, "ndjson", options(), people()...)
	lines := strings.Split(strings.TrimSuffix(to.text(t, "newsletter.ndjson.ndjson"), "\n"), "\n")
	if len(lines) != 10 || int64(len(lines)) != m.Counts.RowsWritten {
		t.Fatalf("%d lines, and %d are counted; want 10", len(lines), m.Counts.RowsWritten)
	}
	if want := `{"match":"domain","domain":"spam.example","scope":"marketing","kind":"suppression","reason":"MANUAL","since":"2026-10-03T08:30:00Z"}`; lines[8] != want {
		t.Errorf("the line of the domain is %s, want %s", lines[8], want)
	}
	if len(m.CannotExpress) != 1 || m.CannotExpress[0].What != "REMOVALS" {
		t.Errorf("it cannot express %+v, want removals only", m.CannotExpress)
	}
}

func TestWrite_Calls_HoldAtMostWhatOneCallTakes(t *testing.T) {
	var many []suppressionfile.Entry
	for i := range 205 {
		many = append(many, refuse(address(i)))
	}
	for form, want := range map[string][]int{"postmark": {50, 50, 50, 50, 5}, "klaviyo": {100, 100, 5}} {
		m, to := write(t, form, options(), many...)
		var got []int
		for line := range strings.Lines(to.text(t, "newsletter."+form+".ndjson")) {
			if !json.Valid([]byte(line)) {
				t.Errorf("%s: %s is no JSON", form, line)
			}
			got = append(got, strings.Count(line, "@"))
		}
		if !slices.Equal(got, want) || m.Files[0].Rows != 205 {
			t.Errorf("%s: calls of %v addresses, %d in all, want %v", form, got, m.Files[0].Rows, want)
		}
	}
}

func TestWrite_SeveralEntriesOfAnAddress_TheStrictestGivesTheRow(t *testing.T) {
	entries := []suppressionfile.Entry{
		suppress("anna@firma.example", "HARD_BOUNCE", "all"), suppress("anna@firma.example", "COMPLAINT", "all"), suppress("ANNA@Firma.example", "HARD_BOUNCE", "all"),
	}
	m, to := write(t, "ses", options(), entries...)
	if got := to.text(t, "newsletter.ses.csv"); got != "anna@firma.example,COMPLAINT\n" {
		t.Errorf("SES has %q", got)
	}
	if m.Counts.EntriesMerged != 2 {
		t.Errorf("%d are merged, want 2", m.Counts.EntriesMerged)
	}

	earlier, later := suppress("bert@firma.example", "COMPLAINT", "all"), suppress("bert@firma.example", "COMPLAINT", "all")
	later.Since = at(9)
	_, to = write(t, "mailgun", options(), earlier, later)
	if got := to.text(t, "newsletter.mailgun.complaints.csv"); !strings.Contains(got, "Fri, 09 Oct 2026") {
		t.Errorf("of two complaints Mailgun has %q, want the later time", got)
	}

	narrow, all := suppress("carl@firma.example", "OBJECTION", "marketing"), suppress("carl@firma.example", "MANUAL", "all")
	_, to = write(t, "mailgun", options(), narrow, all)
	if got := to.text(t, "newsletter.mailgun.unsubscribes.csv"); !strings.Contains(got, "carl@firma.example,*,") || strings.Count(got, "carl") != 1 {
		t.Errorf("of two unsubscribes Mailgun has %q, want the one from everything", got)
	}

	_, to = write(t, "mailchimp", options(), suppress("dora@firma.example", "HARD_BOUNCE", "all"), refuse("dora@firma.example"))
	if got := to.names(); !slices.Equal(got, []string{"newsletter.mailchimp.manifest.json", "newsletter.mailchimp.unsubscribed.csv"}) {
		t.Errorf("a bounce and a refusal of one person make %q, want one status", got)
	}
}

func TestWrite_Hashes_AreHexOncePerHashInAFilePerMatch(t *testing.T) {
	a, b, c, erased := refuse("anna@firma.example"), suppress("anna@firma.example", "COMPLAINT", "all"), block("spam.example"), suppress("", "SUPPRESSED", "all")
	a.Hash, b.Hash, c.Hash = hash(9), hash(9), hash(3)
	erased.Hash = hash(1)
	none := suppress("", "SUPPRESSED", "all")
	m, to := write(t, "hashes", options(), a, a, b, c, erased, none)
	for name, want := range map[string]string{
		"exact": strings.Repeat("09", 32) + "\n", "folded": strings.Repeat("01", 32) + "\n" + strings.Repeat("09", 32) + "\n", "domain": strings.Repeat("03", 32) + "\n",
	} {
		if got := to.text(t, "newsletter.hashes."+name+".txt"); got != want {
			t.Errorf("hashes of %s are %q, want %q", name, got, want)
		}
	}
	if want := (suppressionfile.Counts{EntriesRead: 6, RowsWritten: 4, EntriesMerged: 1, EntriesLeftOut: 1}); m.Counts != want {
		t.Errorf("counts are %+v, want %+v", m.Counts, want)
	}
	if m.Normalisation.Hash == nil || m.Normalisation.Hash.Algorithm != "ASSENT-LIST-1" {
		t.Errorf("the manifest says of hashes %+v", m.Normalisation.Hash)
	}
	for algorithm, size := range map[string]int{"MD5": 16, "SHA-1": 20, "SHA-256": 32, "SHA-512": 64} {
		o := options()
		o.Hashing.Algorithm = algorithm
		e := refuse("anna@firma.example")
		e.Hash = make([]byte, size)
		if _, to = write(t, "hashes", o, e); len(to.text(t, "newsletter.hashes.exact.txt")) != 2*size+1 {
			t.Errorf("%s has a line %q", algorithm, to.text(t, "newsletter.hashes.exact.txt"))
		}
	}
}

// For Amazon SES there is no file: it would be an import job with nothing to do.
func TestWrite_NoEntries_StillGivesTheFirstFileAndTheManifest(t *testing.T) {
	for _, form := range suppressionfile.Forms() {
		want := 1
		if form == "ses" {
			want = 0
		}
		m, to := write(t, form, options())
		if len(m.Files) != want || m.Counts != (suppressionfile.Counts{}) || len(to.order) != want+1 || to.order[want] != "newsletter."+form+".manifest.json" {
			t.Errorf("%s: files %+v, names %q", form, m.Files, to.order)
		}
	}
}

func TestWrite_OnlyAHashIsKnown_IsLeftOutOfFormsWithAddresses(t *testing.T) {
	domain := block("")
	domain.Hash = hash(1)
	for _, form := range []string{"csv", "brevo"} {
		if m, _ := write(t, form, options(), domain); m.Counts.EntriesLeftOut != 1 || m.LeftOut[0].What != "NO_ADDRESS" {
			t.Errorf("%s: counts %+v, left out %+v", form, m.Counts, m.LeftOut)
		}
	}
}

func TestWrite_WhatIsNoAddressByTheRules_IsInAFileOfItsOwnAndNotLost(t *testing.T) {
	m, to := write(t, "brevo", options(), refuse("anna;bert@firma.example"))
	if got := to.text(t, "newsletter.brevo.not-importable.csv"); got != "address\nanna;bert@firma.example\n" || m.NotForImport[0].What != "NOT_AN_ADDRESS" {
		t.Errorf("%q, and the manifest says %+v", got, m.NotForImport)
	}
	_, to = write(t, "csv", options(), refuse("anna,\"b@firma.example"))
	if got := to.text(t, "newsletter.csv.csv"); !strings.Contains(got, `"anna,""b@firma.example"`) {
		t.Errorf("%q, want it quoted", got)
	}
}

func hash(b byte) []byte { return []byte(strings.Repeat(string(rune(b)), 32)) }
