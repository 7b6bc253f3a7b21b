package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/period"
)

func TestParse_Sends(t *testing.T) {
	day := period.Seconds(24 * 60 * 60)
	for text, want := range map[string]SendRules{
		"":                             {Clearing: campaign.ClearingOff, CommentWithin: day},
		"sends: {clearing: advised}\n": {Clearing: campaign.ClearingAdvised, CommentWithin: day},
		"sends: {clearing: required, comment_within: P2D}\n": {Clearing: campaign.ClearingRequired, CommentWithin: period.Days(2)},
	} {
		if got := mustParse(t, limited(t, text)).Sends; got != want {
			t.Errorf("%q gives %+v, want %+v", text, got, want)
		}
	}
	for name, c := range map[string]struct{ text, path, want string }{
		"without clearing":    {"sends: {comment_within: P2D}\n", "sends", "the key clearing is missing"},
		"an unknown clearing": {"sends: {clearing: maybe}\n", "sends.clearing", "use off, advised or required"},
		"no time":             {"sends: {clearing: advised, comment_within: PT0S}\n", "sends.comment_within", "zero length"},
		"the end of a year":   {"sends: {clearing: advised, comment_within: P1Y/EOY}\n", "sends.comment_within", "such as PT24H or P2D"},
		"an unknown key":      {"sends: {clearing: advised, coment_within: P1D}\n", "sends", "did you mean comment_within?"},
	} {
		problems := refused(t, limited(t, c.text))
		if !slices.ContainsFunc(problems, func(p Problem) bool { return p.Path == c.path && strings.Contains(p.Message, c.want) }) {
			t.Errorf("%s: want %s: %s, got\n%s", name, c.path, c.want, &Invalid{Problems: problems})
		}
	}
	warnings, err := newWarnings(t, "acme.yaml", limited(t, "sends: {clearing: off, comment_within: P1D}\n"))
	if err != nil || len(warnings) != 1 || warnings[0].Path != "sends.comment_within" {
		t.Errorf("a time for comments without clearing: %v, warnings %v", err, warnings)
	}
}
