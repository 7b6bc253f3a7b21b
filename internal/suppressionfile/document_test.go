package suppressionfile_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/suppressionfile"
	"github.com/assent-io/assent/internal/suppressionfile/filterform"
	"github.com/assent-io/assent/suppressionfilter"
)

var update = flag.Bool("update", false, "write the examples of docs/suppression-files.md anew")

const (
	document = "../../docs/suppression-files.md"
	// examplesBegin is what stands before the part of the document that is made.
	examplesBegin = "<!-- Made by `go test ./internal/suppressionfile -run TestDocument -update`: change the program instead. -->\n"
)

// exampleEntries are what the examples are made of.
func exampleEntries() []suppressionfile.Entry {
	entries := []suppressionfile.Entry{
		refuse("anna@firma.example"), suppress("bert+shop@gmail.com", "COMPLAINT", "marketing"), suppress("carl@firma.example", "HARD_BOUNCE", "all"),
		suppress("jörg@xn--mller-kva.at", "OBJECTION", "marketing"), suppress("", "SUPPRESSED", "marketing"), block("spam.example"),
	}
	for i := range entries {
		entries[i].Hash = hash(byte(0x11 * (i + 1)))[:32]
	}
	return entries
}

// examples is the made part of the document.
func examples(t *testing.T) string {
	t.Helper()
	var out strings.Builder
	for _, form := range suppressionfile.Forms() {
		fmt.Fprintf(&out, "\n### %s\n", form)
		m, to := write(t, form, options(), exampleEntries()...)
		for _, f := range m.Files {
			fmt.Fprintf(&out, "\n`%s`: %s\n\n```\n%s```\n", f.Name, f.Import, to.text(t, f.Name))
		}
	}
	_, to := write(t, "mailgun", options(), exampleEntries()...)
	fmt.Fprintf(&out, "\n### The manifest of mailgun\n\n`newsletter.mailgun.manifest.json`:\n\n```json\n%s```\n", to.text(t, "newsletter.mailgun.manifest.json"))
	return out.String()
}

func TestDocument_Examples_AreWhatTheProgramWrites(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, made, found := strings.Cut(string(text), examplesBegin)
	if !found {
		t.Fatalf("%s lacks the line %s", document, examplesBegin)
	}
	want := examples(t)
	if *update {
		if err := os.WriteFile(document, []byte(before+examplesBegin+want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Error(diff)
	}
}

func TestDocument_Tables_NameEveryFormCauseLimitAndKeyAndNoOther(t *testing.T) {
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	before, _, _ := strings.Cut(string(text), examplesBegin)
	var named []string
	for _, found := range regexp.MustCompile("(?m)^\\| `([A-Za-z0-9_.-]+)`").FindAllStringSubmatch(before, -1) {
		named = append(named, found[1])
	}
	want := append(suppressionfile.Forms(), filterform.Name)
	keys := regexp.MustCompile(`(?m)^  "(\w+)":`)
	for _, form := range want {
		key, err := suppressionfilter.NewKey(0, [32]byte{1}, [32]byte{2})
		if err != nil {
			t.Fatal(err)
		}
		o := options()
		o.External = filterform.New(key, o)
		m, to := write(t, form, o, append(people(), exampleEntries()[4], refuse("no address"))...)
		for _, found := range keys.FindAllStringSubmatch(to.text(t, "newsletter."+form+".manifest.json"), -1) {
			want = append(want, found[1])
		}
		for _, c := range slices.Concat(m.LeftOut, m.NotForImport, m.CannotExpress) {
			want = append(want, c.What)
		}
	}
	slices.Sort(want)
	slices.Sort(named)
	if diff := cmp.Diff(slices.Compact(want), slices.Compact(named)); diff != "" {
		t.Errorf("what the program writes (-) and the rows of the tables of %s (+): %s", document, diff)
	}
}
