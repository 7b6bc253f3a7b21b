package bulk

import (
	"maps"
	"slices"
	"strings"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/phrase"
)

// importWarnings counts what the answers about the rows of an import warn of.
type importWarnings struct {
	// Warnings counts the warnings by their code.
	Warnings map[string]int64 `json:"warnings,omitempty"`
	// StillAllowed counts the rows of a no that a later consent outlives on some channel.
	StillAllowed int64 `json:"stillAllowed,omitempty"`
}

func (w *importWarnings) add(result *assentv1.RecordResult) {
	for _, warning := range result.GetWarnings() {
		w.count(warning.GetCode(), 1)
	}
	if len(result.GetStillAllowed()) > 0 {
		w.StillAllowed++
	}
}

func (w *importWarnings) count(code string, n int64) {
	if n == 0 {
		return
	}
	if w.Warnings == nil {
		w.Warnings = map[string]int64{}
	}
	w.Warnings[code] += n
}

// note writes the counts to standard error.
func (w *importWarnings) note(t *terminal.Terminal) {
	for _, code := range slices.Sorted(maps.Keys(w.Warnings)) {
		what := "on %s a grant alone allows nothing"
		unit := "channel"
		if strings.HasPrefix(code, "EVIDENCE_") {
			what, unit = "%s of evidence recorded otherwise than given", "field"
		}
		t.Notef("warning: %s: "+what, phrase.OneLine(code), phrase.Count(int(w.Warnings[code]), unit))
	}
	if w.StillAllowed > 0 {
		t.Notef("warning: STILL_ALLOWED: %s with a refusal or suppression that began before a consent, so that a check still allows",
			phrase.Count(int(w.StillAllowed), "row"))
	}
}
