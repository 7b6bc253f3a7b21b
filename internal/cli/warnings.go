package cli

import (
	"fmt"

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
