package cli_test

import (
	"path/filepath"
	"strings"
	"testing"
)

const scenarioYAML = `name: A refusal after a grant denies
catalog: CATALOG
events:
  - at: 2026-03-01T10:00:00Z
    grant: {address: anna@secret.example, channel: newsletter, basis: consent, declaration: newsletter-signup@2026-01,
            evidence: {source: web_form, confirmed_at: 2026-03-01T10:05:00Z}}
  - at: 2026-03-02T10:00:00Z
    withdraw: {address: anna@secret.example, channels: [newsletter]}
checks:
  - at: 2026-03-02T09:00:00Z
    check: {address: anna@secret.example, channel: newsletter}
    expect: {verdict: ALLOW, reason: ALLOW_CONSENT}
  - at: 2026-03-03T10:00:00Z
    check: {address: anna@secret.example, channel: newsletter}
    expect: {verdict: DENY, reason: WITHDRAWN}
`

// scenarioFolder makes a folder with the scenario, changed as said.
func scenarioFolder(t *testing.T, change, into string) string {
	t.Helper()
	catalog, err := filepath.Abs("../../examples/catalogs/acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	relative, err := filepath.Rel(folder, catalog)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(scenarioYAML, "CATALOG", relative)
	write(t, filepath.Join(folder, "one.yaml"), strings.ReplaceAll(text, change, into))
	return folder
}

func TestTest_AllHold_ExitsWith0(t *testing.T) {
	if got := run(t, "test", scenarioFolder(t, "-", "-")).must(t, 0); got.stdout != "all 2 checks of 1 scenario hold\n" || got.stderr != "" {
		t.Errorf("stdout %q, stderr %q", got.stdout, got.stderr)
	}
	run(t, "test", "../../examples/scenarios").must(t, 0)
}

func TestTest_OneWrongExpectation_SaysExpectedAndGot(t *testing.T) {
	folder := scenarioFolder(t, "reason: WITHDRAWN", "reason: REFUSED")
	path := filepath.Join(folder, "one.yaml")
	got := run(t, "test", folder).must(t, 1)
	want := path + ":13: A refusal after a grant denies: reason: expected REFUSED, got WITHDRAWN\n1 failure in 2 checks of 1 scenario\n"
	if got.stdout != want || got.stderr != "" {
		t.Errorf("stdout %q, want %q; stderr %q", got.stdout, want, got.stderr)
	}
	report := decode[struct {
		Files, Scenarios, Checks int
		Failures                 []struct {
			File, Name, Error string
			Line              int
			Differences       []struct{ Field, Expected, Got string }
		}
	}](t, run(t, "test", "--format", "json", folder).must(t, 1).stdout)
	if report.Files != 1 || report.Checks != 2 || len(report.Failures) != 1 || report.Failures[0].Line != 13 ||
		report.Failures[0].Differences[0].Got != "WITHDRAWN" {
		t.Errorf("%+v", report)
	}
}

func TestTest_WhatIsWrongWithAFile_IsAFailure(t *testing.T) {
	folder := scenarioFolder(t, "reason: WITHDRAWN", "raeson: WITHDRAWN")
	got := run(t, "test", folder).must(t, 1)
	if !strings.HasPrefix(got.stdout, filepath.Join(folder, "one.yaml")+":15: ") || !strings.Contains(got.stdout, "raeson") {
		t.Errorf("stdout %q", got.stdout)
	}
	folder = scenarioFolder(t, "basis: consent, declaration: newsletter-signup@2026-01", "basis: consent, declaration: none@1")
	run(t, "test", folder).must(t, 1)
	run(t, "test", "no/such/folder").must(t, 1)
	run(t, "test", t.TempDir()).must(t, 1)
	run(t, "test").must(t, 2)
}
