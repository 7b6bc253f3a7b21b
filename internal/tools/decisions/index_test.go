package decisions

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

//go:generate go test -run ^TestIndex_ListsEveryRecord$ . -update

var update = flag.Bool("update", false, "write docs/decisions/README.md anew")

const (
	folder = "../../../docs/decisions"
	index  = folder + "/README.md"
)

// record is a record as the index lists it.
type record struct{ file, number, title, date, status string }

var (
	fileName = regexp.MustCompile(`^(\d{4})-[a-z0-9-]+\.md$`)
	title    = regexp.MustCompile(`^# (?:\d+\. )?(.+)\n`)
	date     = regexp.MustCompile(`(?m)^Date: (\d{4}-\d\d-\d\d)\b`)
	status   = regexp.MustCompile(`(?m)\bStatus: (accepted|superseded by \d{4})\b`)
	headings = regexp.MustCompile(`(?m)^## (.+)$`)
)

// readRecord reads a record and says everything that is not as the form has it.
func readRecord(name, text string) (r record, problems []string) {
	r.file = name
	if m := fileName.FindStringSubmatch(name); m != nil {
		r.number = m[1]
	} else {
		problems = append(problems, "its name is not NNNN-words-in-lower-case.md")
	}
	head, _, _ := strings.Cut(text, "\n## ")
	for _, part := range []struct {
		what  string
		at    *regexp.Regexp
		value *string
	}{
		{"a title, `# The title`, in its first line", title, &r.title},
		{"a line `Date: YYYY-MM-DD` before its first heading", date, &r.date},
		{"a line `Status: accepted` or `Status: superseded by NNNN` before its first heading", status, &r.status},
	} {
		if m := part.at.FindStringSubmatch(head); m != nil {
			*part.value = m[1]
		} else {
			problems = append(problems, "it lacks "+part.what)
		}
	}
	var found []string
	for _, m := range headings.FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	wanted := []string{"Context", "Decision", "Consequences", "Rejected"}
	inOrder := slices.DeleteFunc(slices.Clone(wanted), func(h string) bool { return !slices.Contains(found, h) })
	if !slices.Equal(found, inOrder) || len(found) < 2 || found[0] != wanted[0] || found[1] != wanted[1] {
		problems = append(problems, fmt.Sprintf("its headings are %q; they are %q in this order, and the last two may be missing", found, wanted))
	}
	return r, problems
}

func document(records []record) string {
	var b strings.Builder
	b.WriteString(`<!-- Made by "make generate" from the records in this folder: change those instead. -->

# Decisions

Why Assent is as it is. A record is never rewritten when a decision changes: a new one says what holds now, and the old one gets the status
` + "`superseded by NNNN`" + `.

| number | decision | date | status |
|---|---|---|---|
`)
	for _, r := range records {
		fmt.Fprintf(&b, "| %s | [%s](%s) | %s | %s |\n", r.number, r.title, r.file, r.date, r.status)
	}
	return b.String()
}

func TestIndex_ListsEveryRecord(t *testing.T) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var records []record
	for _, entry := range entries {
		if entry.Name() == "README.md" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		r, problems := readRecord(entry.Name(), string(text))
		for _, problem := range problems {
			t.Errorf("docs/decisions/%s: %s", entry.Name(), problem)
		}
		if slices.ContainsFunc(records, func(other record) bool { return other.number == r.number }) {
			t.Errorf("docs/decisions/%s: its number is that of another record", entry.Name())
		}
		records = append(records, r)
	}
	want := document(records)
	if *update {
		if err := os.WriteFile(index, []byte(want), 0o600); err != nil { // The mode of a file that exists stays.
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/decisions/README.md is not fresh, run `make generate` (-want +got):\n%s", diff)
	}
}

func TestReadRecord_WhatIsNotInTheForm_IsSaid(t *testing.T) {
	const good = "# 7. Title\n\nDate: 2026-11-29\nStatus: accepted\n\n## Context\n\na\n\n## Decision\n\nb\n\n## Rejected\n\nc\n"
	for _, c := range []struct{ name, file, text, want string }{
		{"as it should be", "0007-a-title.md", good, ""},
		{"name", "7-Title.md", good, "its name"},
		{"title", "0007-a-title.md", strings.TrimPrefix(good, "# 7. Title\n"), "a title"},
		{"date", "0007-a-title.md", strings.Replace(good, "Date: 2026-11-29\n", "", 1), "Date:"},
		{"status", "0007-a-title.md", strings.Replace(good, "accepted", "fine", 1), "Status:"},
		{"order", "0007-a-title.md", strings.Replace(good, "## Context", "## Consequences", 1), "headings"},
		{"another heading", "0007-a-title.md", good + "\n## What it costs\n", "headings"},
	} {
		_, problems := readRecord(c.file, c.text)
		if got := strings.Join(problems, "; "); (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
