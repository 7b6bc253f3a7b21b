package scenario_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/scenario"
)

func catalogText(tb testing.TB) []byte {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", catalogPath))
	if err != nil {
		tb.Fatalf("reading the catalog: %v", err)
	}
	return text
}

const oneCheck = `checks:
  - at: 2026-03-01T00:00:00Z
    check: {address: anna@firma.example, channel: news}
    expect: {verdict: DENY, reason: NO_LEGAL_BASIS}
`

func TestParse_EveryKey_IsRead(t *testing.T) {
	all, err := parse(t, `# a comment
name: All
catalog: catalogs/lab.yaml
events:
  - at: 2026-03-01T01:00:00+01:00
    grant: {address: a@b.example, channels: [news, shop], basis: terms, declaration: terms@none, expires_at: 2026-03-05T00:00:00Z,
      evidence: {source: api, url: u, ip: 192.0.2.1, user_agent: ua, confirmed_at: 2026-03-02T00:00:00Z, transaction_ref: t,
        notice_given: true, goods: [tea], document_ref: d, operator: o, note: n}}
  - at: 2026-03-01T00:00:00.000001Z
    suppress: {domain: b.example, reason: EXTERNAL_LIST, scope: all, until: 2026-03-06T00:00:00Z, list: ecg, binds: all}
  - at: 2026-03-01T00:00:00Z
    lift: {address: a@b.example, reason: MANUAL, scope: marketing, justification: j}
  - at: 2026-03-01T00:00:00Z
    refuse: {address: a@b.example, all_marketing: true}
checks:
  - at: 2026-03-02T00:00:00Z
    check: {address: a@b.example, channel: shop, sender_identity: seller, reference: 17, contains_advertising: true}
    expect: {verdict: DENY, reason: X, legal_basis: "", reasons: [], about: request, sender_identity: s, sender_address: x@y.example, obligations: [A]}
---
name: Second
catalog: catalogs/lab.yaml
`+oneCheck)
	if err != nil {
		t.Fatalf("parsing: %v", err)
	}
	first := instant(t, "2026-03-01T00:00:00Z")
	want := []scenario.Event{
		{Line: 5, Statement: statement.Statement{
			Kind: consent.KindGrant, Occurred: first, Address: "a@b.example", Channels: []string{"news", "shop"}, Basis: catalog.BasisTerms,
			Declaration: consent.Declaration{ID: "terms", Version: "none"}, Expires: instant(t, "2026-03-05T00:00:00Z"), Source: "api",
			Confirmed: instant(t, "2026-03-02T00:00:00Z"), Notice: true, Goods: []string{"tea"}, URL: "u", IP: "192.0.2.1", UserAgent: "ua",
			TransactionID: "t", DocumentRef: "d", Operator: "o", Note: "n",
		}},
		{Line: 9, Statement: statement.Statement{
			Kind: consent.KindSuppress, Occurred: first + 1, Domain: "b.example", Reason: "EXTERNAL_LIST", Scope: "all",
			Expires: instant(t, "2026-03-06T00:00:00Z"), List: "ecg", Binds: "all",
		}},
		{Line: 11, Statement: statement.Statement{
			Kind: consent.KindLift, Occurred: first, Address: "a@b.example", Reason: "MANUAL", Scope: "marketing", Justification: "j",
		}},
		{Line: 13, Statement: statement.Statement{Kind: consent.KindRefuse, Occurred: first, Address: "a@b.example", AllMarketing: true}},
	}
	if diff := cmp.Diff(want, all[0].Events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	text := func(s string) *string { return &s }
	check := scenario.Check{
		Line: 16, At: instant(t, "2026-03-02T00:00:00Z"), Address: "a@b.example",
		Request: consent.Request{Channel: "shop", Sender: "seller", Reference: "17", Advertising: true},
		Expect: scenario.Expect{
			Verdict: "DENY", Reason: "X", LegalBasis: text(""), Reasons: []string{}, About: text("request"), SenderIdentity: text("s"),
			SenderAddress: text("x@y.example"), Obligations: []string{"A"},
		},
	}
	if diff := cmp.Diff([]scenario.Check{check}, all[0].Checks); diff != "" {
		t.Errorf("checks (-want +got):\n%s", diff)
	}
	if len(all) != 2 || all[1].Name != "Second" || all[1].Line != 20 || all[0].Catalog == nil || !slices.Equal(all[0].CatalogDocument, catalogText(t)) {
		t.Errorf("the scenarios are %+v", all)
	}
}

func instant(tb testing.TB, text string) consent.Instant {
	tb.Helper()
	all, err := scenario.Parse("case.yaml", []byte("name: x\ncatalog: c\n"+strings.ReplaceAll(oneCheck, "2026-03-01T00:00:00Z", text)),
		func(string) ([]byte, error) { return catalogText(tb), nil })
	if err != nil {
		tb.Fatalf("a time of the test: %v", err)
	}
	return all[0].Checks[0].At
}

// event is a scenario with one event, which stands on line 3 and its verb on line 4.
func event(verb string) string {
	return "name: x\ncatalog: catalogs/lab.yaml\nevents:\n  - at: 2026-03-01T00:00:00Z\n    " + verb + "\n" + oneCheck
}

// kase is a scenario's cases, with one that is as said and expects that.
func kase(is, expect string) string {
	return "cases: [{at: 2026-03-02T00:00:00Z, " + is + "expect: {" + expect + "}}]\n"
}

func TestParse_WhatIsWrong_IsAnErrorWithFileAndLine(t *testing.T) {
	head := "name: x\ncatalog: catalogs/lab.yaml\n"
	for name, test := range map[string]struct{ text, want string }{
		"nothing":             {"", "case.yaml: the file has no scenario"},
		"no YAML":             {"name: [x", "case.yaml:1: this is not valid YAML"},
		"no mapping":          {"- x\n", "case.yaml:1: a scenario is a mapping with the keys name, catalog, lists, events, sends, contacts, caps, absences, cases, checks, not a list"},
		"no UTF-8":            {"name: \xff", "case.yaml: the file is not valid UTF-8"},
		"an unknown key":      {head + "check: 1\n" + oneCheck, `case.yaml:3: unknown key "check"; a scenario has the keys name`},
		"a key twice":         {head + "name: y\n" + oneCheck, "case.yaml:3: the key name is given twice, first on line 1"},
		"no checks":           {head, "case.yaml:1: the key checks is missing"},
		"an empty list":       {head + "checks: []\n", "case.yaml:3: checks: the scenario has no check and no case; add at least one"},
		"no name":             {"catalog: catalogs/lab.yaml\n" + oneCheck, "case.yaml:1: the key name is missing"},
		"a name of the wrong": {"name: true\ncatalog: catalogs/lab.yaml\n" + oneCheck, "case.yaml:1: name: this must be text, not a truth value"},
		"no catalog":          {"name: x\n" + oneCheck, "case.yaml:1: the key catalog is missing"},
		"a catalog not there": {"name: x\ncatalog: lost.yaml\n" + oneCheck, "case.yaml:2: catalog: reading the catalog: no such catalog"},
		"an alias":            {"name: &x y\ncatalog: *x\n" + oneCheck, "case.yaml:1: anchors, aliases"},
		"too deep":            {"name: " + strings.Repeat("[", 30) + strings.Repeat("]", 30) + "\n", "nested more than 24 deep"},
		"too deep in blocks":  {"name:\n" + strings.Repeat("- ", 30) + "x\n", "nested more than 24 deep"},
		"a send backwards": {
			head + "sends: [{id: a, channel: news, from: 2026-03-02T00:00:00Z, until: 2026-03-02T00:00:00Z}]\n" + oneCheck,
			"case.yaml:3: until: the window runs backwards",
		},
		"a send without end":    {head + "sends: [{id: a, channel: news, from: 2026-03-02T00:00:00Z}]\n" + oneCheck, "case.yaml:3: the key until is missing"},
		"a contact of no send":  {head + "contacts: [{at: 2026-03-02T00:00:00Z, address: a@b.example}]\n" + oneCheck, "case.yaml:3: the key send is missing"},
		"an outcome of another": {head + "contacts: [{at: 2026-03-02T00:00:00Z, address: a@b.example, send: a, outcome: lost}]\n" + oneCheck, "case.yaml:3: outcome: "},
		"a priority too high":   {head + "sends: [{id: a, channel: news, priority: 101, from: 2026-03-02T00:00:00Z, until: 2026-03-03T00:00:00Z}]\n" + oneCheck, "case.yaml:3: priority: this must be a whole number from 0 to 100"},
		"a plan for no address": {
			head + "sends: [{id: a, channel: news, planned: [anna], from: 2026-03-02T00:00:00Z, until: 2026-03-03T00:00:00Z}]\n" + oneCheck,
			`case.yaml:3: planned: "anna" is no address; write it as anna@example.com`,
		},
		"a cap of none":          {head + "caps: [{at: 2026-03-02T00:00:00Z, address: a@b.example, max: 0, per: P7D}]\n" + oneCheck, "case.yaml:3: max: this must be a whole number from 1"},
		"a cap of a year":        {head + "caps: [{at: 2026-03-02T00:00:00Z, address: a@b.example, max: 1, per: P1Y}]\n" + oneCheck, "case.yaml:3: per: the period must be longer than no time, and not longer than P30D"},
		"a cap of no period":     {head + "caps: [{at: 2026-03-02T00:00:00Z, address: a@b.example, max: 1, per: weekly}]\n" + oneCheck, "case.yaml:3: per: "},
		"an endless absence":     {head + "absences: [{department: alpha, member: mia, from: 2026-03-02T00:00:00Z}]\n" + oneCheck, "case.yaml:3: the key until is missing"},
		"a case of no origin":    {head + kase("", "department: alpha"), "case.yaml:3: a case is a mail, or opened by an officer; write exactly one of mail and opened"},
		"a case of both":         {head + kase("mail: {from: a@b.example, to: [c@d.example], text: x}, opened: {kind: other}, ", "department: alpha"), "write exactly one of mail and opened"},
		"a case of no desk":      {head + kase("opened: {kind: other}, ", "kind: other"), "case.yaml:3: the key department is missing"},
		"a kind unknown":         {head + kase("opened: {kind: rant}, ", "department: alpha"), `case.yaml:3: kind: "rant" is not allowed; use one of complaint, inquiry, access, erasure, objection, other`},
		"a key of a case":        {head + kase("opened: {kind: other}, ", "department: alpha, reason: x"), `case.yaml:3: unknown key "reason"; expect has the keys department, evidence`},
		"evidence of none":       {head + kase("opened: {kind: other}, ", "department: alpha, evidence: guess"), `evidence: "guess" is not allowed; use one of contact, allow, mailbox, named, none`},
		"a mail of no sender":    {head + kase("mail: {from: anna, to: [c@d.example], text: x}, ", "department: alpha"), `case.yaml:3: from: "anna" is no address; write it as anna@example.com`},
		"a mail to no address":   {head + kase("mail: {from: a@b.example, to: [], text: x}, ", "department: alpha"), "case.yaml:3: to: the mail has no recipient"},
		"a subject of lines":     {head + kase(`mail: {from: a@b.example, to: [c@d.example], subject: "a\nb", text: x}, `, "department: alpha"), "case.yaml:3: subject: a subject is one line"},
		"a moment before":        {head + kase("opened: {kind: other}, ", "department: alpha, moments: [{at: 2026-03-01T00:00:00Z, working: true}]"), "case.yaml:3: at: the moment is before the case comes"},
		"a moment of nothing":    {head + kase("opened: {kind: other}, ", "department: alpha, moments: [{at: 2026-03-03T00:00:00Z}]"), "case.yaml:3: the moment expects nothing; write in_charge, working or both"},
		"events of the wrong":    {head + "events: {}\n" + oneCheck, "case.yaml:3: events: this must be a list, not a mapping"},
		"no verb":                {event("{}"), "case.yaml:"},
		"two verbs":              {event("erase: {address: a@b.cd}\n    refuse: {address: a@b.cd, channels: [news]}"), "case.yaml:4: an event has exactly one verb, one of request, grant, confirm, withdraw, refuse, suppress, lift, erase, link, unlink; this has 2"},
		"an unknown verb":        {event("forget: {address: a@b.cd}"), `case.yaml:5: unknown key "forget"`},
		"a key of another verb":  {event("erase: {address: a@b.cd, channel: news}"), `case.yaml:5: unknown key "channel"; erase has the keys address`},
		"no address":             {event("erase: {}"), "case.yaml:5: the key address is missing"},
		"a verb of the wrong":    {event("erase: [a@b.cd]"), "case.yaml:5: erase is a mapping with the keys address, not a list"},
		"no channel":             {event("grant: {address: a@b.cd, basis: consent}"), "case.yaml:5: the key channel is missing"},
		"channel and channels":   {event("grant: {address: a@b.cd, channel: a, channels: [b]}"), "case.yaml:5: channel: give the channel or the channels, not both"},
		"channels of the wrong":  {event("withdraw: {address: a@b.cd, channels: news}"), "case.yaml:5: channels: this must be a list, not a single value"},
		"a channel of the wrong": {event("withdraw: {address: a@b.cd, channels: [[news]]}"), "case.yaml:5: channels: this must be text, not a list"},
		"all marketing but not":  {event("withdraw: {address: a@b.cd, all_marketing: false}"), "case.yaml:5: all_marketing: write true, or name the channels"},
		"a flag of the wrong":    {event("withdraw: {address: a@b.cd, all_marketing: yes please}"), "case.yaml:5: all_marketing: this must be true or false"},
		"no declaration":         {event("request: {address: a@b.cd, channel: news, declaration: all}"), "case.yaml:5: declaration: a declaration is given as id@version"},
		"evidence unknown":       {event("confirm: {address: a@b.cd, channel: news, evidence: {sauce: x}}"), `case.yaml:5: unknown key "sauce"; did you mean source?`},
		"an offset of a day":     {event("erase: {address: a@b.cd}\n  - at: 2026-10-01T01:00:00+24:00\n    erase: {address: a@b.cd}"), `case.yaml:6: at: "2026-10-01T01:00:00+24:00" is not a valid time`},
		"no time":                {event("erase: {address: a@b.cd}\n  - at: yesterday\n    erase: {address: a@b.cd}"), `case.yaml:6: at: "yesterday" is not a valid time; write it as 2026-01-31T08:00:00Z`},
		"a time without zone":    {event("erase: {address: a@b.cd}\n  - at: 2026-03-01T00:00:00\n    erase: {address: a@b.cd}"), "case.yaml:6: at: "},
		"a time too fine":        {event("erase: {address: a@b.cd}\n  - at: 2026-03-01T00:00:00.0000001Z\n    erase: {address: a@b.cd}"), "case.yaml:6: at: "},
		"a time too early":       {event("erase: {address: a@b.cd}\n  - at: 1969-03-01T00:00:00Z\n    erase: {address: a@b.cd}"), "case.yaml:6: at: \"1969-03-01T00:00:00Z\" is out of range"},
		"no at":                  {event("erase: {address: a@b.cd}\n  - erase: {address: a@b.cd}"), "case.yaml:6: the key at is missing"},
		"a check without expect": {head + "checks:\n  - at: 2026-03-01T00:00:00Z\n    check: {address: a, channel: b}\n", "case.yaml:4: the key expect is missing"},
		"a verdict unknown":      {head + strings.ReplaceAll(oneCheck, "DENY", "MAYBE"), `case.yaml:6: verdict: "MAYBE" is not allowed; use one of ALLOW, DENY, DEFER, ERROR`},
		"no reason":              {head + strings.ReplaceAll(oneCheck, ", reason: NO_LEGAL_BASIS", ""), "case.yaml:6: the key reason is missing"},
		"expect unknown":         {head + strings.ReplaceAll(oneCheck, "reason:", "why:"), `case.yaml:6: unknown key "why"; expect has the keys verdict`},
		"about unknown":          {head + strings.ReplaceAll(oneCheck, "reason:", "about: me, reason:"), `case.yaml:6: about: "me" is not allowed`},
		"a check unknown":        {head + strings.ReplaceAll(oneCheck, "channel:", "kanal:"), `case.yaml:5: unknown key "kanal"`},
		"in the second":          {head + oneCheck + "---\nname: y\n", "case.yaml:8: the key catalog is missing"},
		"inline":                 {"name: x\ncatalog:\n  controllers: []\n" + oneCheck, "case.yaml:3: controllers: the list is empty"},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := parse(t, test.text)
			invalid, ok := errors.AsType[*scenario.Invalid](err)
			if !ok || all != nil || len(invalid.Problems) == 0 {
				t.Fatalf("got %v, %v", all, err)
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("got\n%v\nwant %s", err, test.want)
			}
		})
	}
}

func TestParse_SeveralProblems_AreAllReportedInOrder(t *testing.T) {
	_, err := parse(t, "name: x\nfoo: 1\ncatalog: lost.yaml\nbar: 2\nchecks:\n  - {}\n  - at: 3\n")
	invalid, ok := errors.AsType[*scenario.Invalid](err)
	if !ok || len(invalid.Problems) < 5 {
		t.Fatalf("got %v", err)
	}
	if !slices.IsSortedFunc(invalid.Problems, func(a, b scenario.Problem) int { return a.Line - b.Line }) {
		t.Errorf("out of order:\n%v", err)
	}
}

func TestParse_InlineCatalogs_AreReadAsTheyStand(t *testing.T) {
	indented := "    " + strings.ReplaceAll(strings.TrimSpace(string(catalogText(t))), "\n", "\n    ")
	for name, text := range map[string]string{
		"in the middle":      "name: x\ncatalog:\n" + indented + "\n" + oneCheck,
		"at the end":         "name: x\n" + oneCheck + "catalog:\n" + indented + "\n",
		"before another":     "name: x\n" + oneCheck + "catalog:\n" + indented + "\n---\nname: y\ncatalog: catalogs/lab.yaml\n" + oneCheck,
		"after another":      "name: y\ncatalog: catalogs/lab.yaml\n" + oneCheck + "---\nname: x\ncatalog:\n" + indented + "\n" + oneCheck,
		"with carriages":     strings.ReplaceAll("name: x\ncatalog:\n"+indented+"\n"+oneCheck, "\n", "\r\n"),
		"after a mark":       "\ufeffname: x\ncatalog:\n" + indented + "\n" + oneCheck,
		"with a dark corner": "name: x\ncatalog:\n# not indented\n" + indented + "\n\n# nor this\n" + oneCheck,
	} {
		all, err := parse(t, text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for i := range all {
			again, _, err := catalog.Parse("again", all[i].CatalogDocument)
			if err != nil || len(again.Channels) != 6 || len(all[i].Catalog.Channels) != 6 {
				t.Errorf("%s: the document of the catalog: %v", name, err)
			}
			for _, result := range scenario.RunCore(&all[i]) {
				if result.Failed() {
					t.Errorf("%s: %s", name, result.String())
				}
			}
		}
	}
}

func TestFind_Folder_GivesScenariosInOrderAndLeavesOutCatalogs(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"b.yaml": oneCheck, "a.yml": oneCheck, "sub/c.YAML": "events: []\n", "sub/broken.yaml": "checks: [", "catalog.yaml": string(catalogText(t)),
		"notes.txt": oneCheck,
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	named := filepath.Join(dir, "catalog.yaml")
	got, err := scenario.Find([]string{named, dir, filepath.Join(dir, "b.yaml")})
	if err != nil {
		t.Fatalf("finding: %v", err)
	}
	want := []string{named}
	for _, name := range []string{"a.yml", "b.yaml", "sub/broken.yaml", "sub/c.YAML"} {
		want = append(want, filepath.Join(dir, filepath.FromSlash(name)))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
	if _, err := scenario.Find([]string{t.TempDir()}); err == nil {
		t.Error("a folder without scenarios passes")
	}
	if _, err := scenario.Find([]string{filepath.Join(dir, "lost.yaml")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := scenario.Load(named); err == nil {
		t.Error("a catalog that is named is taken for a scenario")
	}
	if _, err := scenario.Load(filepath.Join(dir, "lost.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("loading a file that is not there: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	files, err := scenario.Find([]string{"testdata", filepath.Join("..", "..", "examples", "scenarios")})
	if err != nil {
		f.Fatalf("finding seeds: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatalf("reading a seed: %v", err)
		}
		f.Add(text)
	}
	f.Add([]byte("name: x\ncatalog: {}\nchecks: [{}]\n"))
	f.Add([]byte("--- {name: [\n---\n...\n"))
	lab := catalogText(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := scenario.Parse("case.yaml", text, func(string) ([]byte, error) { return lab, nil })
		if err != nil {
			if invalid, ok := errors.AsType[*scenario.Invalid](err); !ok || len(invalid.Problems) == 0 || all != nil {
				t.Fatalf("an error of another kind: %v", err)
			}
			return
		}
		for i := range all {
			if all[i].Catalog == nil || len(all[i].CatalogDocument) == 0 || len(all[i].Checks)+len(all[i].Cases) == 0 {
				t.Fatalf("a scenario without catalog, or without checks and cases passes")
			}
			scenario.RunCore(&all[i])
		}
	})
}
