package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/phrase"
)

// noteWarnings writes what an answer warns of to standard error, also where the answer itself is written as JSON.
func (a *app) noteWarnings(answer any) {
	if warned, ok := answer.(interface{ GetWarnings() []*assentv1.Warning }); ok {
		for _, w := range warned.GetWarnings() {
			field := ""
			if w.GetField() != "" {
				field = " (" + phrase.OneLine(w.GetField()) + ")"
			}
			a.Notef("warning: %s: %s%s", phrase.OneLine(w.GetCode()), phrase.OneLine(w.GetDescription()), field)
		}
	}
	if still, ok := answer.(interface {
		GetStillAllowed() []*assentv1.StillAllowed
	}); ok {
		for _, s := range still.GetStillAllowed() {
			by := " by a consent"
			if s.GetPosition() != 0 {
				by = fmt.Sprintf(" by the consent at position %d", s.GetPosition())
			}
			a.Notef("warning: the channel %s is still allowed%s, which began later than this; leave the time out to record it as of now",
				phrase.OneLine(s.GetChannel()), by)
		}
	}
}

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
func (w *importWarnings) note(a *app) {
	for _, code := range slices.Sorted(maps.Keys(w.Warnings)) {
		what := "on %s a grant alone allows nothing"
		unit := "channel"
		if strings.HasPrefix(code, "EVIDENCE_") {
			what, unit = "%s of evidence recorded otherwise than given", "field"
		}
		a.Notef("warning: %s: "+what, phrase.OneLine(code), phrase.Count(int(w.Warnings[code]), unit))
	}
	if w.StillAllowed > 0 {
		a.Notef("warning: STILL_ALLOWED: %s with a refusal or suppression that began before a consent, so that a check still allows", phrase.Count(int(w.StillAllowed), "row"))
	}
}
