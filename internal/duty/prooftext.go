package duty

import (
	"fmt"
	"strings"

	"github.com/assent-io/assent/internal/locale"
)

// Text returns the documentation as plain text: what was given, what ended it, the uses and how long it is kept. The inclusion proofs
// are in the other forms.
func (p *Proof) Text() string {
	lang := languageOf(p.Language)
	get := func(key string) string { return locale.Get(key).In(lang) }
	var b strings.Builder
	line := func(label, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s: %s\n", label, value)
		}
	}
	fmt.Fprintf(&b, "%s\n%s\n\n", p.Title, p.Subtitle)
	line(get("proof.address"), p.Address)
	line(get("proof.channel"), p.Name+" ("+p.Channel+")")
	line(get("records.controller"), p.Controller)
	line(get("proof.now"), fmt.Sprintf("%s (%s, %s). %s", p.Answer, p.Standing.Verdict, p.Standing.Reason, p.Standing.Explanation))
	part := func(heading, none string, list []Statement) {
		fmt.Fprintf(&b, "\n%s\n", strings.ToUpper(heading))
		if len(list) == 0 {
			fmt.Fprintln(&b, none)
		}
		for i := range list {
			s := &list[i]
			fmt.Fprintf(&b, "%s %d: %s, %s\n", get("proof.number"), s.Position, s.Title, timeOf(s.OccurredTime).In(lang))
			line("  "+get("proof.recorded"), timeOf(s.RecordedTime).In(lang)+", "+s.RecordedBy)
			line("  "+get("field.declaration"), s.Declaration)
			line("  "+get("proof.text"), strings.Join(strings.Fields(s.Text), " "))
			for _, fact := range s.Facts {
				line("  "+fact.Label, fact.Value)
			}
		}
	}
	part(get("proof.given"), get("proof.givenNone"), p.Given)
	part(get("proof.ended"), get("proof.endedNone"), p.Ended)
	fmt.Fprintf(&b, "\n%s\n", strings.ToUpper(get("proof.uses")))
	if len(p.Uses) == 0 {
		fmt.Fprintln(&b, get("proof.usesNone"))
	}
	for _, use := range p.Uses {
		fmt.Fprintf(&b, "%s  %s  %d\n", dayOf(use.Day).In(lang), use.Client, use.Count)
	}
	fmt.Fprintf(&b, "\n%s\n", strings.ToUpper(get("proof.retention")))
	for _, text := range p.Retention {
		fmt.Fprintln(&b, text)
	}
	line("\n"+get("proof.checkpoint"), fmt.Sprint(p.Checkpoint.Size))
	line(get("proof.key"), p.Checkpoint.VerifierKey)
	return b.String()
}
