package suppressionfile_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/suppressionfile"
)

// address is an address by its number, in no order.
func address(n int) string { return fmt.Sprintf("p%08x@firma%d.example", uint32(n)*2654435761, n%97) }

// longAddress is one of 254 octets.
func longAddress(n int) string {
	label := strings.Repeat("d", 60)
	return fmt.Sprintf("%064x@%s.%s.%s.example", n, label, label, label[:59])
}

func TestWrite_MoreThanATakesFile_IsSplitAndStaysSorted(t *testing.T) {
	for _, c := range []struct {
		form, reason string
		n            int
		address      func(int) string
		files        []string
		most         int64 // bytes
	}{
		{"ses", "HARD_BOUNCE", 100_001, address, []string{"newsletter.ses.csv", "newsletter.ses.2.csv"}, 1 << 30},
		{"brevo", "MANUAL", 70_000, longAddress, []string{"newsletter.brevo.csv", "newsletter.brevo.2.csv", "newsletter.brevo.3.csv"}, 8_000_000},
		{"mailgun", "HARD_BOUNCE", 100_000, longAddress, []string{"newsletter.mailgun.bounces.csv", "newsletter.mailgun.bounces.2.csv"}, 25_000_000},
	} {
		t.Run(c.form, func(t *testing.T) {
			o := options()
			o.Memory, o.Scratch = 4<<20, &scratch{}
			to := newFolder()
			m, err := suppressionfile.Write(c.form, o, func(yield func(suppressionfile.Entry, error) bool) {
				for i := range c.n {
					if !yield(suppress(c.address(i), c.reason, "all"), nil) {
						return
					}
				}
			}, to)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			last := ""
			for _, f := range m.Files {
				if c.form == "mailgun" && f.List != "bounces" {
					continue
				}
				names = append(names, f.Name)
				if f.Bytes > c.most {
					t.Errorf("%s has %d bytes, %d are the limit", f.Name, f.Bytes, c.most)
				}
				if err := checkers()[c.form](f, to.text(t, f.Name)); err != nil {
					t.Errorf("%s: %v", f.Name, err)
				}
				first := firstAddress(to.text(t, f.Name))
				if first <= last {
					t.Errorf("%s begins with an address that should be in the file before", f.Name)
				}
				last = first
			}
			if diff := cmp.Diff(c.files, names); diff != "" {
				t.Error(diff)
			}
			if m.Counts.RowsWritten != int64(c.n) {
				t.Errorf("%d are written, want %d", m.Counts.RowsWritten, c.n)
			}
		})
	}
}

// firstAddress is the first cell with an address.
func firstAddress(text string) string {
	for line := range strings.Lines(text) {
		if cell, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ","); strings.Contains(cell, "@") {
			return cell
		}
	}
	return ""
}

func TestWrite_AnyOrderAndLittleMemory_GiveTheSameFiles(t *testing.T) {
	var entries []suppressionfile.Entry
	for i := range 3_000 {
		e := suppress(address(i/2), []string{"HARD_BOUNCE", "COMPLAINT", "MANUAL"}[i%3], []string{"all", "marketing"}[i%2])
		e.Hash = hash(byte(i % 120))
		e.Since = at(1).Add(time.Duration(i%7) * time.Hour)
		entries = append(entries, e)
	}
	for _, form := range suppressionfile.Forms() {
		_, want := write(t, form, options(), entries...)
		random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // A shuffle.
		random.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
		o := options()
		o.Memory, o.Scratch = 2_000, &scratch{}
		_, got := write(t, form, o, entries...)
		for name := range want.files {
			if got.text(t, name) != want.text(t, name) {
				t.Errorf("%s: %s differs", form, name)
			}
		}
	}
}

func TestWrite_Manifest_DescribesTheFilesAsTheyAre(t *testing.T) {
	for _, form := range suppressionfile.Forms() {
		entries := people()
		for i := range entries {
			entries[i].Hash = hash(byte(i + 1))
		}
		m, to := write(t, form, options(), entries...)
		var read suppressionfile.Manifest
		decoder := json.NewDecoder(strings.NewReader(to.text(t, "newsletter."+form+".manifest.json")))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&read); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(m, read); diff != "" {
			t.Errorf("%s: the file differs from what is returned: %s", form, diff)
		}
		if text := to.text(t, "newsletter."+form+".manifest.json"); strings.Contains(text, "firma.example") || strings.Contains(text, "spam.example") {
			t.Errorf("%s: the manifest holds an address or a domain", form)
		}
		if len(m.Files)+1 != len(to.files) {
			t.Errorf("%s: %d files are described, there are %q", form, len(m.Files), to.names())
		}
		for _, f := range m.Files {
			text := to.text(t, f.Name)
			sum := sha256.Sum256([]byte(text))
			if f.Bytes != int64(len(text)) || f.SHA256 != hex.EncodeToString(sum[:]) || f.Import == "" {
				t.Errorf("%s: %+v is not what the file is", form, f)
			}
		}
		if c := m.Counts; c.EntriesRead != int64(len(entries)) || c.EntriesRead != c.RowsWritten+c.RowsNotForImport+c.EntriesMerged+c.EntriesLeftOut {
			t.Errorf("%s: counts %+v do not add up", form, c)
		}
	}
}

func TestWrite_WhatTheToolCannotSay_IsCounted(t *testing.T) {
	m, _ := write(t, "brevo", options(), people()...)
	got := map[string]int64{}
	for _, c := range m.CannotExpress {
		got[c.What] = c.Entries
	}
	want := map[string]int64{"SCOPE": 5, "DOMAIN": 1, "VARIANTS": 5, "SINCE": 9, "UNTIL": 1, "REASON": 9, "REMOVALS": 0}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWrite_WhatIsNoEntry_EndsWithItsNumberAndNoAddress(t *testing.T) {
	bad := func(change func(*suppressionfile.Entry)) suppressionfile.Entry {
		e := refuse("secret.person@firma.example")
		change(&e)
		return e
	}
	for want, e := range map[string]suppressionfile.Entry{
		`the match is "any"; it must be exact, folded or domain`:             bad(func(e *suppressionfile.Entry) { e.Match = "any" }),
		`the kind is ""; it must be refusal or suppression`:                  bad(func(e *suppressionfile.Entry) { e.Kind = "" }),
		`it is of a domain, and has none`:                                    bad(func(e *suppressionfile.Entry) { e.Match = suppressionfile.Domain }),
		`its domain is none in canonical form; it must be one in lower case`: bad(func(e *suppressionfile.Entry) { e.Domain = "a\nb" }),
		`its scope is none; it must be all, marketing, or channel:`:          bad(func(e *suppressionfile.Entry) { e.Scope = "" }),
		`its reason or its address has control characters or is not UTF-8`:   bad(func(e *suppressionfile.Entry) { e.Reason = "a\x00b" }),
		`its hash has 3 bytes; one of ASSENT-LIST-1 has 32`:                  bad(func(e *suppressionfile.Entry) { e.Hash = []byte{1, 2, 3} }),
		`an entry of 1048643 bytes is too long to be sorted; 1048576 are th`: bad(func(e *suppressionfile.Entry) { e.Reason = strings.Repeat("x", 1<<20) }),
	} {
		_, err := suppressionfile.Write("csv", options(), stream([]suppressionfile.Entry{refuse("anna@firma.example"), e}), newFolder())
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%v, want %q", err, want)
		}
		if !strings.HasPrefix(want, "an entry") && !strings.HasPrefix(err.Error(), "entry 2: ") {
			t.Errorf("%v does not say which entry", err)
		}
	}
}

func TestWrite_EntryWithATextThatIsNoneOfItsKind_IsRefused(t *testing.T) {
	for name, change := range map[string]func(*suppressionfile.Entry){
		"reason that is not UTF-8":       func(e *suppressionfile.Entry) { e.Reason = "a\xffb" },
		"reason with a C1 control":       func(e *suppressionfile.Entry) { e.Reason = "a\u0085b" },
		"address that is not UTF-8":      func(e *suppressionfile.Entry) { e.Address = "a\xff@firma.example" },
		"address with a line end":        func(e *suppressionfile.Entry) { e.Address = "a\n@firma.example" },
		"domain with a capital":          func(e *suppressionfile.Entry) { e.Match, e.Domain = suppressionfile.Domain, "Spam.example" },
		"domain as a U-label":            func(e *suppressionfile.Entry) { e.Match, e.Domain = suppressionfile.Domain, "müller.example" },
		"domain with a final dot":        func(e *suppressionfile.Entry) { e.Match, e.Domain = suppressionfile.Domain, "spam.example." },
		"scope of another kind":          func(e *suppressionfile.Entry) { e.Scope = "store:main" },
		"scope without an id":            func(e *suppressionfile.Entry) { e.Scope = "channel:" },
		"scope with a wildcard":          func(e *suppressionfile.Entry) { e.Scope = "channel:*" },
		"scope with an id that has none": func(e *suppressionfile.Entry) { e.Scope = "all:newsletter" },
		"scope with a capital":           func(e *suppressionfile.Entry) { e.Scope = "Marketing" },
	} {
		e := refuse("anna@firma.example")
		change(&e)
		if _, err := suppressionfile.Write("csv", options(), stream([]suppressionfile.Entry{e}), newFolder()); err == nil || !strings.HasPrefix(err.Error(), "entry 1: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, scope := range []string{"all", "marketing", "channel:news.letter", "department:sales", "controller:shop-2", "sender:news_1"} {
		e := refuse("anna@firma.example")
		e.Scope = scope
		write(t, "csv", options(), e)
	}
	suffix := block("co.uk") // It may have become a public suffix since.
	write(t, "csv", options(), suffix)
}

func TestWrite_OptionsThatLackSomething_AreRefused(t *testing.T) {
	for want, change := range map[string]func(*suppressionfile.Options) string{
		`the form "xls" is not known; it must be one of csv, ndjson, hashes, listmonk`: func(*suppressionfile.Options) string { return "xls" },
		`the base name of the files is "a/b"; it must be up to 100 letters`:            func(o *suppressionfile.Options) string { o.Base = "a/b"; return "csv" },
		`the base name of the files is "a.csv"`:                                        func(o *suppressionfile.Options) string { o.Base = "a.csv"; return "csv" },
		`the base name of the files is "-a"`:                                           func(o *suppressionfile.Options) string { o.Base = "-a"; return "csv" },
		`the base name of the files is ""`:                                             func(o *suppressionfile.Options) string { o.Base = ""; return "csv" },
		`the base name of the files is "a\\b"`:                                         func(o *suppressionfile.Options) string { o.Base = `a\b`; return "csv" },
		`the id of the store is missing`:                                               func(o *suppressionfile.Options) string { o.StoreID = [16]byte{}; return "csv" },
		`the position of the list is -1`:                                               func(o *suppressionfile.Options) string { o.Position = -1; return "csv" },
		`the channel of the list is "*"; it must be the id of a channel`:               func(o *suppressionfile.Options) string { o.Channel = "*"; return "mailgun" },
		`the time of the list is missing`:                                              func(o *suppressionfile.Options) string { o.Made = time.Time{}; return "csv" },
		`the channel of the list is ""`:                                                func(o *suppressionfile.Options) string { o.Channel = ""; return "mailgun" },
		`the form hashes needs the way`:                                                func(o *suppressionfile.Options) string { o.Hashing = nil; return "hashes" },
		`the form "filter" is not known`:                                               func(*suppressionfile.Options) string { return "filter" },
	} {
		o := options()
		form := change(&o)
		if _, err := suppressionfile.Write(form, o, stream(nil), newFolder()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestWrite_EntriesBreakOff_GivesTheirError(t *testing.T) {
	broken := errors.New("the connection is gone")
	_, err := suppressionfile.Write("csv", options(), func(yield func(suppressionfile.Entry, error) bool) {
		_ = yield(refuse("anna@firma.example"), nil) && yield(suppressionfile.Entry{}, broken)
	}, newFolder())
	if !errors.Is(err, broken) {
		t.Errorf("%v, want %v", err, broken)
	}
}

func TestWrite_AFileFails_NamesItAndWritesNoManifestAndLeavesNothingOpen(t *testing.T) {
	for _, how := range []string{"create", "write", "close"} {
		for _, name := range []string{"newsletter.brevo.csv", "newsletter.brevo.domains.csv", "newsletter.brevo.manifest.json"} {
			to := newFolder()
			to.fails, to.how = name, how
			_, err := suppressionfile.Write("brevo", options(), stream(people()), to)
			if !errors.Is(err, errFull) || !strings.Contains(err.Error(), name) {
				t.Errorf("%s of %s: %v", how, name, err)
			}
			if name != "newsletter.brevo.manifest.json" && to.files["newsletter.brevo.manifest.json"] != nil {
				t.Errorf("%s of %s: there is a manifest", how, name)
			}
			to.checkEnded(t)
			if failed := to.files[name]; failed != nil && failed.aborted == (how == "close") {
				t.Errorf("%s of %s: aborted is %v", how, name, failed.aborted)
			}
		}
	}
}

// badScratch fails, or gives back other bytes.
type badScratch struct {
	scratch
	write, read error
	spoil       bool
}

func (b *badScratch) Write(data []byte) (int, error) {
	if b.write != nil {
		return 0, b.write
	}
	if b.spoil {
		data = []byte(strings.Repeat("\xff", len(data)))
	}
	return b.scratch.Write(data)
}

func (b *badScratch) ReadAt(to []byte, from int64) (int, error) {
	if b.read != nil {
		return 0, b.read
	}
	return b.scratch.ReadAt(to, from)
}

func TestWrite_TemporaryFileMissingOrBad_IsAnErrorAndNoList(t *testing.T) {
	var entries []suppressionfile.Entry
	for i := range 100 {
		entries = append(entries, refuse(address(i)))
	}
	for want, s := range map[string]suppressionfile.Scratch{
		"more than 2000 bytes have to be sorted, and there is no temporary file": nil,
		"the temporary file for sorting: no space left":                          &badScratch{write: errFull},
		"the temporary file for sorting: unexpected EOF":                         &badScratch{read: io.ErrUnexpectedEOF},
		"the temporary file for sorting: ":                                       &badScratch{spoil: true},
	} {
		o := options()
		o.Memory, o.Scratch = 2000, s
		if _, err := suppressionfile.Write("csv", o, stream(entries), newFolder()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// external is a form that writes a word, and rows as it is told.
func external(got *[]string, rows func() (int64, error)) *suppressionfile.External {
	return &suppressionfile.External{
		Form: "bits", Extension: "bin", Importing: "Open it with its program.",
		CannotSay: []suppressionfile.Unsaid{{What: "WHO", Why: "It says nothing of it.", OfEach: true}, {What: "CHANCE", Why: "It may be another."}},
		Add: func(e suppressionfile.Entry) (bool, error) {
			*got = append(*got, e.Address+e.Domain)
			return e.Address+e.Domain != "", nil
		},
		Write: func(w io.Writer) (int64, error) {
			if _, err := io.WriteString(w, "1011"); err != nil {
				return 0, err
			}
			return rows()
		},
	}
}

func TestWrite_ExternalForm_WritesOneFileAndTheManifest(t *testing.T) {
	o := options()
	var got []string
	o.External = external(&got, func() (int64, error) { return 9, nil })
	m, to := write(t, "bits", o, people()...)
	if to.text(t, "newsletter.bits.bin") != "1011" || len(got) != 11 {
		t.Errorf("%q of %q", to.text(t, "newsletter.bits.bin"), got)
	}
	if want := (suppressionfile.Counts{EntriesRead: 12, RowsWritten: 9, EntriesMerged: 1, EntriesLeftOut: 2}); m.Counts != want || m.Files[0].Bytes != 4 || m.Normalisation.Hash == nil {
		t.Errorf("counts are %+v, want %+v; %+v", m.Counts, want, m.Files)
	}
	said := map[string]int64{}
	for _, c := range m.CannotExpress {
		said[c.What] = c.Entries
	}
	if diff := cmp.Diff(map[string]int64{"SCOPE": 6, "SINCE": 10, "UNTIL": 1, "REASON": 10, "WHO": 10, "CHANCE": 0, "REMOVALS": 0}, said); diff != "" {
		t.Error(diff)
	}
}

func TestWrite_ExternalFormFails_IsAnErrorAndLeavesNothingOpen(t *testing.T) {
	broken, o := errors.New("the connection is gone"), options()
	var got []string
	for _, c := range []struct {
		says   string
		change func()
		end    error
		fails  string
	}{
		{"wrote 11 rows for 10 entries", func() { o.External = external(&got, func() (int64, error) { return 11, nil }) }, nil, ""},
		{"wrote 0 rows for 10 entries", func() { o.External = external(&got, func() (int64, error) { return 0, nil }) }, nil, ""},
		{"no space left", func() { o.External = external(&got, func() (int64, error) { return 0, errFull }) }, nil, ""},
		{"entry 1: no space left", func() {
			o.External.Add = func(suppressionfile.Entry) (bool, error) { return false, errFull }
		}, nil, ""},
		{"the connection is gone", func() { o.External = external(&got, func() (int64, error) { return 1, nil }) }, broken, ""},
		{"no space left", func() {
			// An error of the file that the other package overlooks is found all the same.
			o.External.Write = func(w io.Writer) (int64, error) { _, _ = io.WriteString(w, strings.Repeat("x", 1<<20)); return 10, nil }
		}, nil, "write"},
		{"cannot be in names of files", func() { o.External.Extension = "../bin" }, nil, ""},
	} {
		c.change()
		to := newFolder()
		to.fails, to.how = "newsletter.bits.bin", c.fails
		_, err := suppressionfile.Write("bits", o, func(yield func(suppressionfile.Entry, error) bool) {
			for _, e := range people() {
				if !yield(e, nil) {
					return
				}
			}
			if c.end != nil {
				yield(suppressionfile.Entry{}, c.end)
			}
		}, to)
		if err == nil || !strings.Contains(err.Error(), c.says) || to.files["newsletter.bits.manifest.json"] != nil {
			t.Errorf("%v, want %q; files %q", err, c.says, to.order)
		}
		to.checkEnded(t)
	}
}

func TestManifest_Leftovers_AreFilesOfAnEarlierExportOfTheSameForm(t *testing.T) {
	m, to := write(t, "mailgun", options(), people()...)
	names := append(to.names(), "newsletter.mailgun.bounces.2.csv", "newsletter.mailgun.bounces.13.csv", "newsletter.mailgun.not-importable.csv",
		// None of these is a file of this form and base.
		"newsletter.mailgun.bounces.1.csv", "newsletter.mailgun.bounces.02.csv", "newsletter.mailgun.bounces.-2.csv", "newsletter.mailgun.bounces.2.txt", "newsletter.mailgun.notes.csv",
		"newsletter.mailgun.2.csv", "newsletter.brevo.2.csv", "offers.mailgun.bounces.2.csv", "newsletter.mailgun.bounces.2.csv.gz", "newsletter.mailgun.bounces..csv")
	want := []string{"newsletter.mailgun.bounces.2.csv", "newsletter.mailgun.bounces.13.csv", "newsletter.mailgun.not-importable.csv"}
	if diff := cmp.Diff(want, m.Leftovers(names)); diff != "" {
		t.Error(diff)
	}
	ses, _ := write(t, "ses", options())
	if got := ses.Leftovers([]string{"newsletter.ses.csv", "newsletter.ses.manifest.json"}); len(got) != 1 || got[0] != "newsletter.ses.csv" {
		t.Errorf("an export without a file leaves %q", got)
	}
}

// Two forms in one folder never overwrite each other.
func TestWrite_AllFormsInOneFolder_HaveDifferentNames(t *testing.T) {
	seen := map[string]string{}
	for _, form := range suppressionfile.Forms() {
		_, to := write(t, form, options(), people()...)
		for _, name := range to.names() {
			if seen[name] != "" {
				t.Errorf("%s and %s both have %s", seen[name], form, name)
			}
			seen[name] = form
		}
	}
}

func TestWrite_AnEntryThatEndsWithTheList_IsLeftOut(t *testing.T) {
	ends, goesOn := suppress("anna@firma.example", "MANUAL", "all"), suppress("bert@firma.example", "MANUAL", "all")
	ends.Until, goesOn.Until = made(), made().Add(time.Microsecond)
	_, to := write(t, "hubspot", options(), ends, goesOn)
	if got := to.text(t, "newsletter.hubspot.csv"); got != "Email\nbert@firma.example\n" {
		t.Errorf("%q, want Bert only", got)
	}
}

func TestWrite_WhatTheToolRefuses_IsCountedWithItsCauseOnly(t *testing.T) {
	m, _ := write(t, "mailchimp", options(), suppress("jörg@xn--mller-kva.at", "OBJECTION", "marketing"))
	if len(m.NotForImport) != 1 || m.NotForImport[0].What != "LOCAL_PART_NOT_ASCII" || m.NotForImport[0].Entries != 1 {
		t.Errorf("not for import is %+v", m.NotForImport)
	}
	for _, c := range m.CannotExpress {
		if c.Entries != 0 {
			t.Errorf("%s is counted of an entry that has no row for the tool", c.What)
		}
	}
}
