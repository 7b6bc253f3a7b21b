package cli_test

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

func TestCheckFile_Report_ShowsReasonsAndRemedies_WithoutAddresses(t *testing.T) {
	f := startFake(t)
	audience := "address\nanna@secret.example\nben@secret.example\ndeny1@secret.example\ndeny2@secret.example\ndeny3@secret.example\n" +
		"defer@secret.example\nnobody\nending30@secret.example\nending31@secret.example\nending91@secret.example\n"
	for language, name := range map[string]string{"en": "report-en.html", "de": "report-de.html"} {
		folder := t.TempDir()
		path := filepath.Join(folder, "report.html")
		in := write(t, filepath.Join(folder, "audience.csv"), audience)
		f.run(t, "check", "--file", in, "--channel", "newsletter", "--out", filepath.Join(folder, "out.csv"), "--report", path,
			"--language", language).must(t, 0)
		text := read(t, path)
		golden(t, name, text)
		if strings.Contains(text, "secret") {
			t.Errorf("an address in %s", text)
		}
		// One ends within 30 days, a second one within 90.
		if !regexp.MustCompile(`(?s)<td>30 .*?"number">1<br>.*?<td>90 .*?"number">2<br>`).MatchString(text) {
			t.Errorf("what ends soon is not counted right: %s", text)
		}
		if regexp.MustCompile(`(?i)<script|<link|<img|https?://|url\(|@import`).MatchString(text) {
			t.Errorf("the page is not whole by itself: %s", text)
		}
		if _, err := html.Parse(strings.NewReader(text)); err != nil {
			t.Error(err)
		}
		if n := len(names(t, folder)); n != 3 {
			t.Errorf("%d files, want 3", n)
		}
	}
}

func TestCheckFile_Report_OfThePast_SaysSo(t *testing.T) {
	f := startFake(t)
	for language, want := range map[string]string{
		"en": "not for sending now; as of 2026-10-01T08:00:00Z; as known at 42.", "de": "; Stand 2026-10-01T08:00:00Z; nach dem, was bekannt war bei 42.",
	} {
		folder := t.TempDir()
		path := filepath.Join(folder, "report.html")
		in := write(t, filepath.Join(folder, "audience.csv"), "address\nanna@firma.example\n")
		f.run(t, "check", "--file", in, "--channel", "newsletter", "--out", filepath.Join(folder, "out.csv"), "--report", path,
			"--language", language, "--as-of", "2026-10-01T08:00:00Z", "--known-as-of", "42").must(t, 0)
		if text := read(t, path); !strings.Contains(text, want) {
			t.Errorf("%q is missing in %s", want, text)
		}
	}
}

func TestCheckFile_Report_WhatIsShown_IsEscaped(t *testing.T) {
	f := startFake(t)
	folder := t.TempDir()
	path := filepath.Join(folder, "report.html")
	in := write(t, filepath.Join(folder, "<b>x.csv"), "address\nanna@firma.example\n")
	f.run(t, "check", "--file", in, "--channel", "<script>1</script>", "--out", filepath.Join(folder, "out.csv"), "--report", path).must(t, 0)
	if text := read(t, path); strings.Contains(text, "<b>") || strings.Contains(text, "<script>") {
		t.Errorf("not escaped: %s", text)
	}
}

func TestCheckFile_Report_NeedsAFileOfItsOwn(t *testing.T) {
	for _, args := range []string{
		"a@b.example --report r", "--file x --out y --report -", "--file x --out y --report y", "--file x --out y --denied z --report z",
	} {
		if got := run(t, append([]string{"check", "--channel", "c"}, strings.Fields(args)...)...).must(t, 2); !strings.Contains(got.stderr, "--report") {
			t.Errorf("%s: stderr %q", args, got.stderr)
		}
	}
}
