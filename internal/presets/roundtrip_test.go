package presets_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/jsonlist"
	"github.com/assent-io/assent/internal/presets"
	"github.com/assent-io/assent/internal/suppressionfile"
)

// folder keeps the files of an export.
type folder map[string]*file

type file struct{ bytes.Buffer }

func (f folder) Create(name string) (suppressionfile.Target, error) {
	f[name] = &file{}
	return f[name], nil
}

func (*file) Close() error { return nil }
func (*file) Abort()       {}

func drawEntry(t *rapid.T) suppressionfile.Entry {
	return suppressionfile.Entry{
		Match: rapid.SampledFrom([]suppressionfile.Match{suppressionfile.Exact, suppressionfile.Folded}).Draw(t, "match"),
		Address: rapid.SampledFrom([]string{"anna", "bert", "=1+1", "o'neil", "carl+tag", "a&b", "-x"}).Draw(t, "local") + "@" +
			rapid.SampledFrom([]string{"firma.example", "xn--mller-kva.at"}).Draw(t, "domain"),
		Scope:  rapid.SampledFrom([]string{"all", "marketing", "channel:newsletter", "department:sales"}).Draw(t, "scope"),
		Kind:   suppressionfile.Suppression,
		Reason: rapid.SampledFrom([]string{"OBJECTION", "COMPLAINT", "HARD_BOUNCE", "MANUAL", "WITHDRAWN"}).Draw(t, "reason"),
		Since:  time.Date(2026, 10, rapid.IntRange(1, 28).Draw(t, "since"), 8, 30, 0, 0, time.UTC),
	}
}

// said is what a row of a form says of an entry: all that is left of it when it comes back.
type said struct{ what, at string }

const ofFile = "the time of the file"

// forms are the forms of tools, with the options of an import that the files of these forms need.
func forms() map[string]presets.Options {
	return map[string]presets.Options{
		"listmonk": {Status: "blocklisted"}, "mailchimp": {Channel: "newsletter"}, "ses": {}, "sendgrid": {Channel: "newsletter"},
		"mailgun": {Map: map[string]string{"tag:newsletter": "newsletter"}}, "postmark": {Status: "suppressed"}, "brevo": {Status: "blacklisted"},
		"hubspot": {Status: "opted_out"}, "klaviyo": {Status: "suppressed"},
	}
}

// expected is what each address of an export has to come back as, by the entries alone. A form has one row for an address in each of its
// lists, and the strictest entry gives it: what a person said, then what others said, then a bounce; of one kind the latest.
func expected(form string, entries []suppressionfile.Entry) map[string][]said {
	// lists are the entries of each address in each list, by what the list says.
	lists := map[string]map[string][]suppressionfile.Entry{}
	for _, e := range entries {
		what := ""
		all := e.Scope == "all"
		switch bounce, complaint := e.Reason == "HARD_BOUNCE", e.Reason == "COMPLAINT"; {
		case form == "ses" && !all, form == "ses" && !bounce && !complaint:
			continue
		case form == "ses":
			what = "ses"
		case form == "listmonk", form == "brevo":
			what = "suppress OBJECTION marketing"
		case form == "postmark", form == "klaviyo":
			what = "suppress MANUAL marketing"
		case form == "hubspot", form == "sendgrid" && all:
			what = "withdraw all"
		case form == "sendgrid":
			what = "withdraw newsletter"
		case form == "mailchimp":
			what = "mailchimp"
		case all && bounce:
			what = "suppress HARD_BOUNCE all"
		case all && complaint:
			what = "suppress COMPLAINT marketing"
		default:
			what = "mailgun unsubscribe"
		}
		if lists[e.Address] == nil {
			lists[e.Address] = map[string][]suppressionfile.Entry{}
		}
		lists[e.Address][what] = append(lists[e.Address][what], e)
	}
	want := map[string][]said{}
	for address, of := range lists {
		for what, entries := range of {
			want[address] = append(want[address], saidOf(form, what, entries))
		}
		slices.SortFunc(want[address], func(x, y said) int { return strings.Compare(x.what+x.at, y.what+y.at) })
	}
	return want
}

// saidOf is what one row says of its entries.
func saidOf(form, what string, entries []suppressionfile.Entry) said {
	is := func(test func(e suppressionfile.Entry) bool) bool { return slices.ContainsFunc(entries, test) }
	switch what {
	case "ses":
		what = "suppress HARD_BOUNCE all"
		if is(func(e suppressionfile.Entry) bool { return e.Reason == "COMPLAINT" }) {
			what = "suppress COMPLAINT marketing"
		}
	case "mailchimp":
		what = "suppress HARD_BOUNCE all"
		if is(func(e suppressionfile.Entry) bool { return e.Reason != "HARD_BOUNCE" }) {
			what = "withdraw newsletter"
		}
	case "mailgun unsubscribe":
		what = "withdraw newsletter"
		if isAll := func(e suppressionfile.Entry) bool { return e.Scope == "all" }; is(isAll) {
			what = "withdraw all"
			entries = slices.DeleteFunc(slices.Clone(entries), func(e suppressionfile.Entry) bool { return !isAll(e) })
		}
	}
	if form != "mailgun" {
		return said{what, ofFile}
	}
	latest := slices.MaxFunc(entries, func(x, y suppressionfile.Entry) int { return x.Since.Compare(y.Since) })
	return said{what, latest.Since.Format(time.RFC3339)}
}

// came is what the files of an export come back as.
func came(tb testing.TB, t *rapid.T, form string, o presets.Options, m suppressionfile.Manifest, files folder) map[string][]said {
	tb.Helper()
	p := named(tb, cmp.Or(map[string]string{"csv": "assent", "ndjson": "assent"}[form], form))
	got := map[string][]said{}
	for _, f := range m.Files {
		if f.NotForImport || f.Rows == 0 {
			continue
		}
		o.FileName, o.Imported = f.Name, imported()
		rows := rowsOf(tb, t, p, f.Name, files[f.Name].String())
		reader, err := p.NewReader(rows[0].Columns, o)
		if err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		for _, one := range rows {
			result := reader.Read(one.Row)
			if result.Outcome != presets.Recorded || len(result.Records) != 1 {
				t.Fatalf("%s: %s", f.Name, written(one.line, &result))
			}
			got[result.Address+result.Domain] = append(got[result.Address+result.Domain], saidBy(&result.Records[0]))
		}
	}
	for _, of := range got {
		slices.SortFunc(of, func(x, y said) int { return strings.Compare(x.what+x.at, y.what+y.at) })
	}
	return got
}

func saidBy(r *presets.Record) said {
	what := string(r.Verb) + " "
	switch {
	case r.AllMarketing():
		what += "all"
	case r.Verb != presets.Suppress:
		what += r.Channel
	default:
		what += string(r.Reason) + " " + string(r.Scope)
	}
	if !r.Until.IsZero() {
		what += " until " + r.Until.Format(time.RFC3339)
	}
	if r.Imported {
		return said{what, ofFile}
	}
	return said{what, r.Time.Format(time.RFC3339)}
}

// rowsOf reads a file of an export. The calls of Klaviyo nest their addresses, as its exports do not.
func rowsOf(tb testing.TB, t *rapid.T, p *presets.Preset, name, text string) []row {
	tb.Helper()
	if p.Name != "klaviyo" {
		return readRows(tb, p, strings.Replace(name, ".ndjson", ".json", 1), text)
	}
	var rows []row
	for line := range strings.Lines(text) {
		var call struct {
			Data struct {
				Attributes struct {
					Profiles struct{ Data []jsonlist.Object }
				}
			}
		}
		if err := json.Unmarshal([]byte(line), &call); err != nil {
			t.Fatal(err)
		}
		for _, profile := range call.Data.Attributes.Profiles.Data {
			one, err := p.ObjectRow(profile)
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, row{Row: one})
		}
	}
	return rows
}

// TestRoundTrip_ExportThenImport_IsEqualAsFarAsTheFormSays writes a list in the form of a tool and reads it by the preset of that tool.
func TestRoundTrip_ExportThenImport_IsEqualAsFarAsTheFormSays(t *testing.T) {
	tools := slices.Sorted(maps.Keys(forms()))
	for _, form := range suppressionfile.Forms() {
		if !slices.Contains(tools, form) && !slices.Contains([]string{"csv", "ndjson", "hashes"}, form) {
			t.Errorf("the form %s is not tested", form)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		form := rapid.SampledFrom(tools).Draw(rt, "form")
		entries := rapid.SliceOfN(rapid.Custom(drawEntry), 1, 30).Draw(rt, "entries")
		files := folder{}
		m, err := suppressionfile.Write(form, suppressionfile.Options{
			Base: "list", StoreID: [16]byte{1}, Channel: "newsletter", Made: imported(), Token: "t",
		}, each(entries), files)
		if err != nil {
			rt.Fatal(err)
		}
		if diff := gocmp.Diff(expected(form, entries), came(t, rt, form, forms()[form], m, files), gocmp.AllowUnexported(said{})); diff != "" {
			rt.Fatalf("%s: %s", form, diff)
		}
	})
}

// drawOwn draws an entry as the server has them.
func drawOwn(t *rapid.T) suppressionfile.Entry {
	e := drawEntry(t)
	switch rapid.SampledFrom([]string{"refusal", "bounce", "domain", "other"}).Draw(t, "what") {
	case "refusal":
		e.Kind, e.Scope, e.Reason = suppressionfile.Refusal, "channel:newsletter", rapid.SampledFrom([]string{"WITHDRAWN", "REFUSED"}).Draw(t, "no")
	case "bounce":
		e.Scope, e.Reason = "all", "HARD_BOUNCE"
	case "domain":
		e.Match, e.Address, e.Domain = suppressionfile.Domain, "", "blocked.example"
		e.Reason = rapid.SampledFrom([]string{"MANUAL", "LEGAL_BLOCK"}).Draw(t, "reason of the domain")
	default:
		e.Reason = rapid.SampledFrom([]string{"OBJECTION", "COMPLAINT", "MANUAL", "LEGAL_BLOCK", "EXTERNAL_LIST", "SUPPRESSED"}).Draw(t, "other reason")
		if e.Reason == "MANUAL" && rapid.Bool().Draw(t, "ends") {
			e.Until = imported().Add(time.Hour)
		}
	}
	return e
}

// ownSaid is what an entry has to come back as: all of it, but that a reason that no list can say is a block.
func ownSaid(e *suppressionfile.Entry) said {
	what := "suppress MANUAL " + e.Scope
	switch {
	case e.Kind == suppressionfile.Refusal:
		what = "withdraw newsletter"
	case slices.Contains([]string{"OBJECTION", "COMPLAINT", "HARD_BOUNCE"}, e.Reason):
		what = "suppress " + e.Reason + " " + e.Scope
	case !e.Until.IsZero():
		what += " until " + e.Until.Format(time.RFC3339)
	}
	return said{what, e.Since.Format(time.RFC3339)}
}

// TestRoundTrip_OwnForms_AreReadAsWhatTheyHold writes a list in the forms csv and ndjson and reads it by the preset of this program.
func TestRoundTrip_OwnForms_AreReadAsWhatTheyHold(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		form := rapid.SampledFrom([]string{"csv", "ndjson"}).Draw(rt, "form")
		entries := rapid.SliceOfN(rapid.Custom(drawOwn), 1, 30).Draw(rt, "entries")
		files := folder{}
		m, err := suppressionfile.Write(form, suppressionfile.Options{
			Base: "list", StoreID: [16]byte{1}, Channel: "newsletter", Made: imported(), Token: "t",
		}, each(entries), files)
		if err != nil {
			rt.Fatal(err)
		}
		want := map[string][]said{}
		for i := range entries {
			of := entries[i].Address + entries[i].Domain
			want[of] = append(want[of], ownSaid(&entries[i]))
		}
		got := came(t, rt, form, presets.Options{}, m, files)
		for _, all := range []map[string][]said{want, got} {
			for of, list := range all {
				slices.SortFunc(list, func(x, y said) int { return strings.Compare(x.what+x.at, y.what+y.at) })
				all[of] = slices.Compact(list)
			}
		}
		if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(said{})); diff != "" {
			rt.Fatalf("%s: %s", form, diff)
		}
	})
}

// each yields entries.
func each(entries []suppressionfile.Entry) iter.Seq2[suppressionfile.Entry, error] {
	return func(yield func(suppressionfile.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}
