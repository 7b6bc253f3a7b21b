package dossier

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/dossier/wording"
	"github.com/assent-io/assent/internal/locale"
)

// withheld stands where the name of an employee was left out.
func withheld() locale.Text { return locale.Get("withheld.operator") }

// withheldText stands for what another department wrote.
func withheldText() locale.Text { return locale.Get("withheld.text") }

// Complete fills in what follows from the rest of the dossier: the state of the address, and what is held, in numbers and in
// sentences that say all there is and that there is nothing else. Lists without anything become empty ones.
func (d *Dossier) Complete() {
	d.markVoid()
	empty(&d.Recipients)
	empty(&d.Controllers)
	empty(&d.Channels)
	empty(&d.Suppressions)
	empty(&d.Events)
	empty(&d.Declarations)
	empty(&d.Catalogs)
	empty(&d.Disclosures)
	empty(&d.Held.Digests)
	erased := d.Subject.ErasedTime
	since := func(e Event) bool {
		kind, known := consent.KindNamed(e.Kind)
		return known && kind.IsCutOff() && e.OccurredTime > erased
	}
	switch {
	case d.Subject.ErasurePending:
		d.Subject.Status = StatusErasing
	case erased != 0 && !slices.ContainsFunc(d.Events, since):
		d.Subject.Status = StatusErased
	case len(d.Events) > 0 || len(d.Disclosures) > 0 || d.HoldsBeside() || d.Subject.AddressHeld || d.Subject.OtherSpellingHeld:
		d.Subject.Status = StatusKnown
	default:
		d.Subject.Status = StatusUnknown
	}
	h := &d.Held
	h.Events, h.Suppressions, h.Disclosures = len(d.Events), len(d.Suppressions), len(d.Disclosures)
	h.WithEvidence, h.EvidenceDeleted = 0, 0
	for i := range d.Events {
		switch d.Events[i].EvidenceState {
		case EvidenceHeld:
			h.WithEvidence++
		case EvidenceDeleted:
			h.EvidenceDeleted++
		}
	}
	h.Statements = d.statements()
}

func empty[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
}

func (d *Dossier) statements() []locale.Text {
	if d.Subject.Status == StatusUnknown && len(d.Events) == 0 && len(d.Disclosures) == 0 && !d.HoldsBeside() {
		return []locale.Text{locale.Get("held.nothing")}
	}
	var list []locale.Text
	add := func(text locale.Text) { list = append(list, text) }
	switch {
	case d.Subject.AddressHeld:
		add(locale.Get("held.address"))
	case d.Subject.ClaimsKept:
		add(locale.Get("held.noAddressButClaims"))
	default:
		add(locale.Get("held.noAddress"))
	}
	if d.Subject.OtherSpellingHeld {
		add(locale.Get("held.otherSpelling"))
	}
	for _, linked := range d.Subject.Linked {
		add(locale.Fill("held.linked", locale.Values{"address": locale.Same(linked)}))
	}
	for _, digest := range d.Held.Digests {
		add(digest.statement())
	}
	list = append(list, d.eventStatements()...)
	for i := range d.Suppressions {
		add(d.Suppressions[i].statement())
	}
	if n := len(d.Disclosures); n > 0 {
		add(locale.Count("held.disclosures", n, nil))
	}
	list = append(list, d.besideStatements()...)
	if d.Subject.ErasedTime != 0 {
		add(locale.Get("held.repeated"))
		if d.Subject.ClaimsKept {
			add(locale.Get("held.claims"))
		}
	}
	add(locale.Get("held.answers"))
	if d.Made.IsLimited() {
		add(locale.Get("held.nothingElseOf"))
	} else {
		add(locale.Get("held.nothingElse"))
	}
	return list
}

func (g *Digest) statement() locale.Text {
	form := "form.domain"
	switch g.Form {
	case "exact", "folded", "mail":
		form = "form." + g.Form
	}
	if g.ErasedTime != 0 {
		return locale.Fill("held.digest.erased", locale.Values{"form": locale.Get(form), "day": g.ErasedTime.Day()})
	}
	return locale.Fill("held.digest", locale.Values{"form": locale.Get(form)})
}

// eventStatements counts the events by kind, in the order in which they first occur.
func (d *Dossier) eventStatements() []locale.Text {
	var kinds []string
	type tally struct{ all, held, deleted int }
	counts := map[string]tally{}
	for i := range d.Events {
		e := &d.Events[i]
		if _, seen := counts[e.Kind]; !seen {
			kinds = append(kinds, e.Kind)
		}
		n := counts[e.Kind]
		n.all++
		switch e.EvidenceState {
		case EvidenceHeld:
			n.held++
		case EvidenceDeleted:
			n.deleted++
		}
		counts[e.Kind] = n
	}
	var list []locale.Text
	for _, kind := range kinds {
		n := counts[kind]
		list = append(list, withEvidence(kindCount(kind, n.all), n.held, n.deleted))
	}
	return list
}

// withEvidence says of events how many have evidence.
func withEvidence(events locale.Text, held, deleted int) locale.Text {
	key := "held.events.both"
	switch {
	case held == 0 && deleted == 0:
		key = "held.events.without"
	case deleted == 0:
		key = "held.events.with"
	case held == 0:
		key = "held.events.deleted"
	}
	return locale.Fill(key, locale.Values{
		"events": events, "held": locale.Same(strconv.Itoa(held)), "deleted": locale.Same(strconv.Itoa(deleted)),
	})
}

func (s *Suppression) statement() locale.Text {
	values := locale.Values{"of": {}, "name": wording.ReasonName(consent.Reason(s.Reason)), "day": s.SinceTime.Day(), "until": {}}
	if s.UntilTime != 0 {
		values["until"] = locale.Fill("held.suppression.until", locale.Values{"day": s.UntilTime.Day()})
	}
	if s.Domain != "" {
		values["of"] = locale.Fill("held.suppression.of", locale.Values{"domain": locale.Same(s.Domain)})
	}
	return locale.Fill("held.suppression", values)
}

// kindCount returns how many events of a kind there are, in words.
func kindCount(kind string, n int) locale.Text {
	if _, ok := locale.Find("kind." + kind + ".one"); ok {
		return locale.Count("kind."+kind, n, nil)
	}
	name := wording.KindName(kind)
	return locale.Text{EN: fmt.Sprintf("%d %s", n, name.EN), DE: fmt.Sprintf("%d %s", n, name.DE)}
}
