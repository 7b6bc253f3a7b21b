package suppressionfile

import "testing"

// A million rows take too long to be written in each run of the tests: that files are split is tested with smaller limits, and here that
// the table has no greater limit than the tool.
func TestForms_LimitsOfFiles_AreAtMostThoseOfTheTool(t *testing.T) {
	documented := map[string]struct{ rows, bytes int64 }{
		"ses": {rows: 100_000}, "sendgrid": {rows: 1_000_000}, "hubspot": {1_048_576, 512 << 20}, "mailgun": {bytes: 25_000_000},
		"brevo": {bytes: 8_000_000}, "mailchimp": {bytes: 200_000_000},
	}
	seen := 0
	for _, f := range forms() {
		limit, limited := documented[f.name]
		if !limited {
			continue
		}
		seen++
		for _, l := range f.lists {
			if !l.notForImport && (limit.rows > 0 && (l.maxRows == 0 || l.maxRows > limit.rows) || limit.bytes > 0 && (l.maxBytes == 0 || l.maxBytes > limit.bytes)) {
				t.Errorf("%s, list %q: at most %d rows and %d bytes, want %d and %d", f.name, l.name, l.maxRows, l.maxBytes, limit.rows, limit.bytes)
			}
		}
	}
	if seen != len(documented) {
		t.Errorf("%d forms were looked at, want %d", seen, len(documented))
	}
}

func TestStrictness_HasThreeLevels(t *testing.T) {
	for level, reasons := range [][]string{
		{"SUPPRESSED", "OBJECTION", "COMPLAINT", "WITHDRAWN", "REFUSED", "SOMETHING_NEW", ""}, {"EXTERNAL_LIST", "MANUAL"}, {"HARD_BOUNCE"},
	} {
		for _, reason := range reasons {
			if got := strictness(reason); int(got) != level {
				t.Errorf("%q has level %d, want %d", reason, got, level)
			}
		}
	}
}
