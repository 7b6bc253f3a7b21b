package suppressionfile_test

import (
	"encoding/csv"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/suppressionfile"
)

func drawEntry(t *rapid.T) suppressionfile.Entry {
	local := rapid.SampledFrom([]string{"anna", "bert", "=1+1", "jörg", "o'neil", "carl+tag", "a&b", "-x", "ZOE"})
	domain := rapid.SampledFrom([]string{"firma.example", "gmail.com", "xn--mller-kva.at"})
	e := suppressionfile.Entry{
		Match:  rapid.SampledFrom([]suppressionfile.Match{suppressionfile.Exact, suppressionfile.Folded, suppressionfile.Domain}).Draw(t, "match"),
		Scope:  rapid.SampledFrom([]string{"all", "marketing", "channel:newsletter", "department:sales", "controller:shop", "sender:news"}).Draw(t, "scope"),
		Kind:   rapid.SampledFrom([]suppressionfile.Kind{suppressionfile.Refusal, suppressionfile.Suppression}).Draw(t, "kind"),
		Reason: rapid.SampledFrom([]string{"SUPPRESSED", "OBJECTION", "COMPLAINT", "HARD_BOUNCE", "MANUAL", "EXTERNAL_LIST", "WITHDRAWN", "SOMETHING_NEW"}).Draw(t, "reason"),
		Hash:   hash(rapid.ByteRange(1, 100).Draw(t, "hash")),
	}
	if rapid.Bool().Draw(t, "has since") {
		e.Since = at(rapid.IntRange(1, 28).Draw(t, "since"))
	}
	if n := rapid.IntRange(-5, 5).Draw(t, "until"); n < -2 || n > 2 {
		e.Until = made().AddDate(0, 0, n)
	}
	switch {
	case e.Match == suppressionfile.Domain:
		e.Domain = domain.Draw(t, "domain")
	case rapid.IntRange(0, 9).Draw(t, "erased") > 0:
		e.Address = local.Draw(t, "local") + "@" + domain.Draw(t, "domain")
	case rapid.Bool().Draw(t, "has no hash"):
		e.Hash = nil
	}
	return e
}

// expected is which keys a list of a form must have, from the entries alone.
func expected(form string, including bool, entries []suppressionfile.Entry) map[string]map[string]bool {
	lists := map[string]map[string]bool{}
	add := func(list, key string) {
		if lists[list] == nil {
			lists[list] = map[string]bool{}
		}
		lists[list][key] = true
	}
	refusedAtAll := map[string]bool{}
	for _, e := range entries {
		if e.Address != "" && e.Reason != "HARD_BOUNCE" && (e.Until.IsZero() || e.Until.After(made())) {
			refusedAtAll[strings.ToLower(e.Address)] = true
		}
	}
	for _, e := range entries {
		if !e.Until.IsZero() && !e.Until.After(made()) {
			continue
		}
		if e.Match == suppressionfile.Domain {
			add("domains", e.Domain)
			continue
		}
		key := strings.ToLower(e.Address)
		if key == "" {
			continue
		}
		all := e.Scope == "all" || including
		bounce, complaint := e.Reason == "HARD_BOUNCE", e.Reason == "COMPLAINT"
		switch {
		case form == "ses" && (!all || !bounce && !complaint):
		case (form == "ses" || form == "mailchimp") && strings.Contains(key, "jörg"):
			add("not-importable", key)
		case form == "mailchimp" && refusedAtAll[key]:
			add("unsubscribed", key)
		case form == "mailchimp":
			add("cleaned", key)
		case form == "sendgrid" && all:
			add("global", key)
		case form == "sendgrid":
			add("group", key)
		case form == "mailgun" && all && bounce:
			add("bounces", key)
		case form == "mailgun" && all && complaint:
			add("complaints", key)
		case form == "mailgun":
			add("unsubscribes", key)
		default:
			add("", key)
		}
	}
	return lists
}

// found is which keys the files have.
func found(t *rapid.T, form string, m suppressionfile.Manifest, to *folder) map[string]map[string]bool {
	lists := map[string]map[string]bool{}
	for _, f := range m.Files {
		text := to.files[f.Name].String()
		var keys []string
		switch {
		case form == "postmark", form == "klaviyo":
			if f.NotForImport {
				keys = firstCells(t, text)
				break
			}
			for _, part := range strings.Split(text, `"`) {
				if strings.Contains(part, "@") {
					keys = append(keys, part)
				}
			}
		case form == "ses" && !f.NotForImport:
			keys = firstCells(t, "header,\n"+text)
		default:
			keys = firstCells(t, text)
		}
		if len(keys) == 0 {
			continue
		}
		lists[f.List] = map[string]bool{}
		for _, key := range keys {
			lists[f.List][key] = true
		}
	}
	return lists
}

func firstCells(t *rapid.T, text string) (cells []string) {
	table, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range table[1:] {
		cells = append(cells, line[0])
	}
	return cells
}

func TestProperty_NothingIsLostAndNothingIsTwice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		form := rapid.SampledFrom(suppressionfile.Forms()).Draw(t, "form")
		entries := rapid.SliceOfN(rapid.Custom(drawEntry), 0, 40).Draw(t, "entries")
		o := options()
		o.IncludingTransactional = rapid.Bool().Draw(t, "including transactional")
		o.Memory, o.Scratch = rapid.IntRange(200, 5000).Draw(t, "memory"), &scratch{}
		to := newFolder()
		m, err := suppressionfile.Write(form, o, stream(entries), to)
		if err != nil {
			t.Fatal(err)
		}
		var rows int64
		for _, f := range m.Files {
			rows += f.Rows
			if err := checkFile(form, f, to.files[f.Name].String()); err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
		}
		if c := m.Counts; c.EntriesRead != int64(len(entries)) || rows != c.RowsWritten+c.RowsNotForImport || c.EntriesRead != rows+c.EntriesMerged+c.EntriesLeftOut {
			t.Fatalf("%d entries, %d rows, counts %+v", len(entries), rows, c)
		}
		var leftOut int64
		for _, c := range m.LeftOut {
			leftOut += c.Entries
		}
		if leftOut != m.Counts.EntriesLeftOut {
			t.Fatalf("causes of %d, and %d are left out", leftOut, m.Counts.EntriesLeftOut)
		}
		switch form {
		case "csv", "ndjson":
			if want := distinct(entries, false); m.Counts.RowsWritten != int64(want) {
				t.Fatalf("%d rows, want %d", m.Counts.RowsWritten, want)
			}
		case "hashes":
			if want := distinct(entries, true); m.Counts.RowsWritten != int64(want) {
				t.Fatalf("%d rows, want %d", m.Counts.RowsWritten, want)
			}
		default:
			if diff := cmp.Diff(expected(form, o.IncludingTransactional, entries), found(t, form, m, to)); diff != "" {
				t.Fatalf("%s: %s", form, diff)
			}
		}
	})
}

// distinct counts entries in force that differ, or their hashes; the hash of each match counts on its own.
func distinct(entries []suppressionfile.Entry, hashes bool) int {
	type key struct {
		match                          suppressionfile.Match
		what, scope, kind, why, hashed string
		since, until                   time.Time
	}
	all := map[key]bool{}
	for _, e := range entries {
		switch {
		case !e.Until.IsZero() && !e.Until.After(made()):
		case hashes && e.Hash != nil:
			all[key{match: e.Match, hashed: string(e.Hash)}] = true
		case !hashes && e.Address+e.Domain != "":
			all[key{e.Match, strings.ToLower(e.Address) + e.Domain, e.Scope, string(e.Kind), e.Reason, "", e.Since, e.Until}] = true
		}
	}
	return len(slices.Collect(maps.Keys(all)))
}
