package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

func TestHistory_WithAFormat_IsTheFileThatTheServerMakes(t *testing.T) {
	f := startFake(t)
	for format, want := range map[string]assentv1.ExportFormat{
		"dossier": assentv1.ExportFormat_EXPORT_FORMAT_JSON, "csv": assentv1.ExportFormat_EXPORT_FORMAT_CSV,
		"html": assentv1.ExportFormat_EXPORT_FORMAT_HTML, "jsonld": assentv1.ExportFormat_EXPORT_FORMAT_JSONLD,
		"zip": assentv1.ExportFormat_EXPORT_FORMAT_ZIP, "pdf": assentv1.ExportFormat_EXPORT_FORMAT_PDF,
	} {
		got := f.run(t, "history", "anna@firma.example", "--format", format, "--name-operators", "--language", "de").must(t, 0)
		if got.stdout != "first second\n" {
			t.Errorf("%s: %q", format, got.stdout)
		}
		same(t, &assentv1.ExportHistoryRequest{
			Target: &assentv1.ExportHistoryRequest_Address{Address: "anna@firma.example"}, Format: want, IncludeOperators: true,
		}, last[*assentv1.ExportHistoryRequest](t, f))
		if language := f.headers.Get("accept-language"); len(language) != 1 || language[0] != "de" {
			t.Errorf("language %v", language)
		}
	}
}

func TestHistory_Out_AppearsOnlyWhenItIsComplete(t *testing.T) {
	f := startFake(t)
	out := filepath.Join(t.TempDir(), "anna.html")
	f.run(t, "history", "breaks@firma.example", "--format", "html", "--out", out).must(t, 1)
	got := f.run(t, "history", "stalls@firma.example", "--format", "html", "--out", out, "--timeout", "50ms").must(t, 1)
	if got.stderr != "assent: the server sent no data within --timeout\n" {
		t.Errorf("stderr %q", got.stderr)
	}
	if left, err := os.ReadDir(filepath.Dir(out)); err != nil || len(left) != 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	f.run(t, "history", "anna@firma.example", "--format", "html", "--out", out).must(t, 0)
	data, err := os.ReadFile(out)
	if err != nil || string(data) != "first second\n" {
		t.Errorf("%q, %v", data, err)
	}
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestHistory_FileWithTimeoutZero_WaitsAsLongAsItTakes(t *testing.T) {
	f := startFake(t)
	for range 20 {
		got := f.run(t, "history", "anna@firma.example", "--format", "html", "--timeout", "0").must(t, 0)
		if got.stdout != "first second\n" {
			t.Fatalf("stdout %q", got.stdout)
		}
	}
	f.run(t, "history", "--all", "--timeout", "0s").must(t, 0)
}

func TestHistory_All_ExportsTheLedger(t *testing.T) {
	f := startFake(t)
	f.run(t, "history", "--all", "--from-position", "3", "--to-position", "9", "--recorded-since", "2026-10-01T08:00:00Z",
		"--recorded-until", "2026-10-02T08:00:00Z", "--since", "2026-10-01T08:00:00Z", "--until", "2026-10-02T08:00:00Z").must(t, 0)
	same(t, &assentv1.ExportHistoryRequest{Target: &assentv1.ExportHistoryRequest_Ledger{Ledger: &assentv1.ExportRange{
		FromPosition: 3, ToPosition: 9, RecordedSinceTime: day(1), RecordedUntilTime: day(2), OccurredSinceTime: day(1), OccurredUntilTime: day(2),
	}}}, last[*assentv1.ExportHistoryRequest](t, f))
}

func TestHistory_FlagsThatDoNotGoTogether_AreRefused(t *testing.T) {
	f := startFake(t)
	for args, want := range map[string]string{
		"":                                  "give an ADDRESS, or --all",
		"a@firma.example --all":             "give an ADDRESS or --all, not both",
		"a@firma.example --from-position 3": "--from-position can be used with --all only",
		"a@firma.example --format zip --actor shop":          "a file has all records of the address",
		"a@firma.example --format ndjson":                    "an address is not exported as ndjson",
		"a@firma.example --out x":                            "--out is for files",
		"a@firma.example --format json --kind grant --out x": "--out is for files",
		"--all --format zip":                                 "--all is exported as ndjson only",
		"--all --actor shop":                                 "--kind, --channel, --actor and --name-operators cannot be used with --all",
	} {
		got := f.run(t, append([]string{"history"}, strings.Fields(args)...)...).must(t, 2)
		if !strings.Contains(got.stderr, want) {
			t.Errorf("%q: %q", args, got.stderr)
		}
	}
	if len(f.calls) != 0 {
		t.Error("the server was asked")
	}
}

func TestLedgerVerify_File_NeedsNoDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.zip")
	write(t, path, "PK no archive")
	got := run(t, "ledger", "verify", "--file", path).must(t, 1)
	if want := "assent: " + path + " is not an archive that `assent history --format zip` made\n"; got.stderr != want || got.stdout != "" {
		t.Errorf("%q, %q", got.stdout, got.stderr)
	}
	got = run(t, "ledger", "verify", "--file", path, "--format", "json").must(t, 1)
	if !strings.Contains(got.stdout, `"found":1`) && !strings.Contains(got.stdout, `"found": 1`) {
		t.Errorf("%q", got.stdout)
	}
	got = run(t, "ledger", "verify", "--file", filepath.Join(t.TempDir(), "none.zip"), "--verifier-key", "x").must(t, 2)
	if !strings.Contains(got.stderr, `for "--verifier-key" flag: a verifier key must have the form NAME+HASH+KEY`) {
		t.Errorf("%q", got.stderr)
	}
	run(t, "ledger", "verify", "--file", filepath.Join(t.TempDir(), "none.zip")).must(t, 1)
	got = run(t, "ledger", "verify", "--verifier-key", honest(t).GetCheckpoint().GetVerifierKey()).must(t, 2)
	if !strings.Contains(got.stderr, "--verifier-key can be used with --file only") {
		t.Errorf("%q", got.stderr)
	}
}

func TestHistoryExport_Withheld_HasTheGroundOfEach(t *testing.T) {
	f := startFake(t)
	f.run(t, "history", "anna@firma.example", "--format", "html", "--withhold", "7,9", "--withhold-before", "2026-10-01T08:00:00Z",
		"--ground", "names another", "--ground", "names a clerk", "--ground", "another person had the mailbox").must(t, 0)
	same(t, &assentv1.ExportHistoryRequest{
		Target: &assentv1.ExportHistoryRequest_Address{Address: "anna@firma.example"}, Format: assentv1.ExportFormat_EXPORT_FORMAT_HTML,
		Withhold: []*assentv1.Withholding{
			{Events: &assentv1.Withholding_Position{Position: 7}, Ground: "names another"},
			{Events: &assentv1.Withholding_Position{Position: 9}, Ground: "names a clerk"},
			{Events: &assentv1.Withholding_BeforeTime{BeforeTime: day(1)}, Ground: "another person had the mailbox"},
		},
	}, last[*assentv1.ExportHistoryRequest](t, f))
	for _, args := range [][]string{
		{"--withhold", "7"}, {"--withhold-before", "2026-10-01T08:00:00Z"}, {"--ground", "x"}, {"--withhold", "x", "--ground", "x"},
	} {
		f.run(t, append([]string{"history", "anna@firma.example", "--format", "html"}, args...)...).must(t, 2)
	}
}
