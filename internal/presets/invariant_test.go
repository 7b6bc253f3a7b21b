package presets_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/jsonlist"
	"github.com/assent-io/assent/internal/presets"
)

// problem is what is wrong with a result, whatever the row was.
func problem(preset string, o *presets.Options, r *presets.Result) string {
	grants := 0
	for i := range r.Records {
		one := &r.Records[i]
		switch {
		case one.Time.IsZero() || one.Time.After(o.Imported):
			return "a time that is none, or in the future"
		case !one.Until.IsZero() && one.Verb != presets.Suppress:
			return "an end of something else than a suppression"
		case !one.Until.IsZero() && one.Reason != consent.ReasonHardBounce && !one.Until.After(o.Imported):
			return "an end that was before the import, of something else than a hard bounce"
		case one.Evidence.Source != consent.SourceImport:
			return "another source than import"
		case one.Verb == presets.Withdraw && one.AllMarketing() && (one.Reason != consent.ReasonObjection || one.Scope != consent.ScopeMarketing):
			return "a withdrawal from all marketing that is no objection"
		case one.Verb == presets.Suppress && one.Reason == consent.ReasonHardBounce && (one.Scope != consent.ScopeAll || r.Domain != ""):
			return "a hard bounce of another scope, or of a domain"
		case one.Verb == presets.Suppress && (one.Scope == "" || !slices.Contains([]consent.Reason{
			consent.ReasonHardBounce, consent.ReasonComplaint, consent.ReasonManual, consent.ReasonObjection,
		}, one.Reason)):
			return "a suppression that no list can say"
		case one.Verb == presets.Grant:
			grants++
			if !slices.Contains([]string{"mailchimp", presets.ByColumns}, preset) {
				return "a grant from what is no export of subscribers"
			}
			if one.Declaration == "" || one.Channel == "" || one.Imported || one.Evidence.IP == "" && one.Evidence.Confirmed.IsZero() {
				return "a grant without proof"
			}
			if at := one.Evidence.Confirmed; !at.IsZero() && !at.After(one.Time) {
				return "a confirmation that is not after its opt-in"
			}
		case !slices.Contains([]presets.Verb{presets.Withdraw, presets.Suppress}, one.Verb):
			return "a verb that no list can say"
		}
	}
	switch {
	case grants > 0 && (len(r.Records) > 1 || r.Outcome != presets.Recorded):
		return "a grant beside something else"
	case r.Why == "":
		return "no why"
	case (r.Outcome == presets.Recorded) != (r.Cause == ""):
		return "an outcome that does not fit its cause"
	case r.Outcome == presets.Recorded && len(r.Records) == 0, r.Outcome == presets.Skipped && len(r.Records) > 0:
		return "records that do not fit the outcome"
	case len(r.Records) > 0 && (r.Address == "") == (r.Domain == ""):
		return "records about neither or both of an address and a domain"
	}
	return ""
}

// TestRead_WhateverARowSays_NothingIsLiftedAndGrantsAreProved takes the files of all tools and exchanges their cells for those of others.
func TestRead_WhateverARowSays_NothingIsLiftedAndGrantsAreProved(t *testing.T) {
	all := samples(t)
	words := []string{"", "0", "*", "yes", "TRUE", "subscribed", "active", "unsubscribed", "allowlisted", "resubscribed", "2031-01-01", "03/04/2025", "192.0.2.1"}
	files := make([][]row, len(all))
	for i, s := range all {
		files[i] = readRows(t, s.of(t), s.file, s.text(t))
		for _, one := range files[i] {
			words = append(words, one.Cells...)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		i := rapid.IntRange(0, len(all)-1).Draw(rt, "file")
		s := &all[i]
		o := s.options
		if rapid.Bool().Draw(rt, "for grants") {
			o.Channel, o.Declaration = "newsletter", "signup@2024-01"
		}
		one := files[i][rapid.IntRange(0, len(files[i])-1).Draw(rt, "row")].Row
		reader, err := s.of(t).NewReader(one.Columns, o)
		if err != nil {
			return // The first row of a file of JSON decides; another may have fewer columns.
		}
		one.Cells = slices.Clone(one.Cells)
		for range rapid.IntRange(0, 4).Draw(rt, "changes") {
			one.Cells[rapid.IntRange(0, len(one.Cells)-1).Draw(rt, "cell")] = rapid.SampledFrom(words).Draw(rt, "word")
		}
		result := reader.Read(one)
		if text := problem(s.preset, &o, &result); text != "" {
			rt.Fatalf("%s: %s\n%q\n%q\n%s", s.file, text, one.Columns.Names, one.Cells, written(0, &result))
		}
	})
}

// TestRead_WhyRepeatsNoCell puts a text into each cell that stands nowhere else.
func TestRead_WhyRepeatsNoCell(t *testing.T) {
	const marker = "zq7marker"
	for _, s := range samples(t) {
		p := s.of(t)
		for _, one := range readRows(t, p, s.file, s.text(t)) {
			reader, err := p.NewReader(one.Columns, s.options)
			if err != nil {
				continue
			}
			for i := range one.Cells {
				changed := one.Row
				changed.Cells = slices.Clone(one.Cells)
				changed.Cells[i] = marker + "@firma.example " + marker
				result := reader.Read(changed)
				if strings.Contains(result.Why+result.Column+strings.Join(result.Unmapped, " "), marker) {
					t.Errorf("%s, cell %d: %s", s.file, i, written(one.line, &result))
				}
			}
		}
	}
}

func TestRead_TheSameRowTwice_IsTheSame(t *testing.T) {
	for _, s := range samples(t) {
		p := s.of(t)
		rows := readRows(t, p, s.file, s.text(t))
		reader, err := p.NewReader(rows[0].Columns, s.options)
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range rows {
			first, second := reader.Read(one.Row), reader.Read(one.Row)
			if written(0, &first) != written(0, &second) {
				t.Errorf("%s, line %d: %s and then %s", s.file, one.line, written(0, &first), written(0, &second))
			}
		}
	}
}

// fuzzed is what any text may be imported with.
func fuzzed(status, channel string) presets.Options {
	return presets.Options{
		Status: status, Channel: channel, Declaration: "signup@2024-01", Imported: imported(), Zone: time.UTC,
		Map: map[string]string{"group:12": "newsletter", "tag:newsletter": "newsletter", "list:1": "newsletter"},
	}
}

// FuzzRead reads any two lines, the header and a row, by any preset.
func FuzzRead(f *testing.F) {
	names := presets.Names()
	for _, s := range samples(f) {
		if strings.HasSuffix(s.file, "json") {
			continue
		}
		for _, one := range readRows(f, s.of(f), s.file, s.text(f)) {
			f.Add(uint8(max(0, slices.Index(names, s.preset))), strings.Join(one.Columns.Names, "\x1f"), strings.Join(one.Cells, "\x1f"), s.options.Status, s.options.Channel)
		}
	}
	f.Fuzz(func(t *testing.T, preset uint8, header, cells, status, channel string) {
		p := named(t, names[int(preset)%len(names)])
		o := fuzzed(status, channel)
		columns := presets.NewColumns(strings.Split(header, "\x1f"))
		presets.Detect(columns.Names, [][]string{strings.Split(cells, "\x1f")}, status)
		reader, err := p.NewReader(columns, o)
		if err != nil {
			return
		}
		result := reader.Read(presets.Row{Columns: columns, Cells: strings.Split(cells, "\x1f")})
		if text := problem(p.Name, &o, &result); text != "" {
			t.Errorf("%s: %s\n%s", p.Name, text, written(0, &result))
		}
	})
}

// FuzzObjectRow reads any JSON by any preset.
func FuzzObjectRow(f *testing.F) {
	names := presets.Names()
	for _, s := range samples(f) {
		if strings.HasSuffix(s.file, "json") {
			f.Add(uint8(max(0, slices.Index(names, s.preset))), s.text(f))
		}
	}
	f.Add(uint8(0), strings.Repeat(`{"a":`, 30)+"1"+strings.Repeat("}", 30))
	f.Add(uint8(0), `["anna@firma.example",{"":"x","a.b":null}]`)
	f.Fuzz(func(t *testing.T, preset uint8, text string) {
		p := named(t, names[int(preset)%len(names)])
		items, err := jsonlist.Open(strings.NewReader(text), jsonlist.Options{Lists: p.Lists})
		if err != nil {
			return
		}
		o := fuzzed("", "newsletter")
		for {
			item, err := items.Next()
			if err != nil {
				return
			}
			one, err := p.ObjectRow(item.Object)
			if err != nil {
				continue
			}
			reader, err := p.NewReader(one.Columns, o)
			if err != nil {
				continue
			}
			result := reader.Read(one)
			if text := problem(p.Name, &o, &result); text != "" {
				t.Errorf("%s: %s\n%s", p.Name, text, written(0, &result))
			}
		}
	})
}

// FuzzParseOptions reads any --map and --columns.
func FuzzParseOptions(f *testing.F) {
	for _, seed := range []string{"group:12=newsletter", "topic:Marketing Information=news", "address=E-Mail,reason=Status", "=", ":=", "address=a=b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if key, channel, err := presets.ParseMapping(text); err == nil && (channel == "" || !strings.Contains(key, ":")) {
			t.Errorf("%q was read as %q, %q", text, key, channel)
		}
		if columns, err := presets.ParseColumns(text); err == nil && columns["address"] == "" {
			t.Errorf("%q was read as %q", text, columns)
		}
	})
}
