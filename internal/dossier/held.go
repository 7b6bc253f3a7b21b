package dossier

import (
	"fmt"
	"slices"

	"github.com/assent-io/assent/internal/consent"
)

// withheld stands where the name of an employee was left out.
func withheld() Text {
	return Text{"(an employee; the name is not disclosed)", "(Beschäftigte oder Beschäftigter; Name nicht offengelegt)"}
}

// withheldText stands for what another department wrote.
func withheldText() Text {
	return Text{"(text of another department; not shown)", "(Text einer anderen Abteilung; nicht gezeigt)"}
}

// Complete fills in what follows from the rest of the dossier: the state of the address, and what is held, in numbers and in
// sentences that say all there is and that there is nothing else. Lists without anything become empty ones.
func (d *Dossier) Complete() {
	d.markVoid()
	empty(&d.Controllers)
	empty(&d.Channels)
	empty(&d.Suppressions)
	empty(&d.Events)
	empty(&d.Declarations)
	empty(&d.Catalogs)
	empty(&d.Disclosures)
	empty(&d.Held.Digests)
	erased := d.Subject.ErasedTime
	cutOff := func(e Event) bool { return slices.Contains([]string{"request", "grant", "confirm", "mail"}, e.Kind) }
	since := func(e Event) bool { return e.OccurredTime > erased && cutOff(e) }
	switch {
	case d.Subject.ErasurePending:
		d.Subject.Status = StatusErasing
	case erased != 0 && !slices.ContainsFunc(d.Events, since):
		d.Subject.Status = StatusErased
	case len(d.Events) > 0 || len(d.Disclosures) > 0 || d.Subject.AddressHeld || d.Subject.OtherSpellingHeld:
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

func (d *Dossier) statements() []Text {
	var list []Text
	add := func(en, de string) { list = append(list, Text{en, de}) }
	if d.Subject.Status == StatusUnknown && len(d.Events) == 0 && len(d.Disclosures) == 0 {
		add("Nothing is held about this address: neither the address itself nor a digest of it, and no event.",
			"Zu dieser Adresse ist nichts gespeichert: weder die Adresse selbst noch ein Prüfwert der Adresse noch ein Vorgang.")
		return list
	}
	if d.Subject.AddressHeld {
		add("The address itself, encrypted.", "Die Adresse selbst, verschlüsselt.")
	} else {
		add("The address itself is not held.", "Die Adresse selbst ist nicht gespeichert.")
	}
	if d.Subject.OtherSpellingHeld {
		add("The address in another spelling, encrypted.", "Die Adresse in einer anderen Schreibweise, verschlüsselt.")
	}
	for _, digest := range d.Held.Digests {
		list = append(list, digest.statement())
	}
	list = append(list, d.eventStatements()...)
	for i := range d.Suppressions {
		list = append(list, d.Suppressions[i].statement())
	}
	if n := len(d.Disclosures); n > 0 {
		add(plural(n, "record of a disclosure to a client", "records of disclosures to clients")+", by day.",
			plural(n, "Aufzeichnung über eine Auskunft an ein System", "Aufzeichnungen über Auskünfte an Systeme")+", nach Tagen.")
	}
	if d.Subject.ErasedTime != 0 {
		add("If a system reports something from before the erasure again: the day, the system and the number of such reports, without what was reported.",
			"Meldet ein System erneut etwas aus der Zeit vor der Löschung: Tag, System und Anzahl solcher Meldungen, nicht aber deren Inhalt.")
		if slices.ContainsFunc(d.Retention, func(r Retention) bool { return r.Of == "claims" }) {
			add("For the defence of legal claims (Art. 17(3)(e) GDPR), until its time is over: the evidence of the erased consents, encrypted for the data protection officer alone.",
				"Zur Verteidigung von Rechtsansprüchen (Art. 17 Abs. 3 lit. e DSGVO) bis zum Ablauf der Frist: die Nachweise der gelöschten Einwilligungen, verschlüsselt allein für die oder den Datenschutzbeauftragten.")
		}
	}
	add("For up to seven days, encrypted: the answers that the reporting systems got, so that a repeated report is not counted twice.",
		"Bis zu sieben Tage lang, verschlüsselt: die Antworten an die meldenden Systeme, damit eine wiederholte Meldung nicht doppelt zählt.")
	add("Nothing else is held about this address in this system.",
		"Darüber hinaus ist in diesem System zu dieser Adresse nichts gespeichert.")
	return list
}

func (g *Digest) statement() Text {
	var form Text
	switch g.Form {
	case "exact":
		form = Text{"the address as it was given", "der Adresse, wie sie angegeben wurde"}
	case "folded":
		form = Text{"the address without differences of spelling", "der Adresse ohne Unterschiede der Schreibweise"}
	case "mail":
		form = Text{"the address for counting confirmation mails", "der Adresse zum Zählen von Bestätigungs-E-Mails"}
	default:
		form = Text{"the domain of the address", "der Domain der Adresse"}
	}
	t := Text{
		"A keyed digest of " + form.EN + ", from which the address cannot be read",
		"Ein mit einem geheimen Schlüssel gebildeter Prüfwert " + form.DE + ", aus dem sie nicht gelesen werden kann",
	}
	if g.ErasedTime != 0 {
		return Text{
			t.EN + ", and that it was erased on " + g.ErasedTime.day(consent.English) + ".",
			t.DE + ", und dass sie am " + g.ErasedTime.day(consent.German) + " gelöscht wurde.",
		}
	}
	return Text{t.EN + ".", t.DE + "."}
}

// eventStatements counts the events by kind, in the order in which they first occur.
func (d *Dossier) eventStatements() []Text {
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
	var list []Text
	for _, kind := range kinds {
		n, name := counts[kind], kindPlural(kind)
		en, de := plural(n.all, name.one.EN, name.more.EN), plural(n.all, name.one.DE, name.more.DE)
		list = append(list, Text{
			en + evidenceCount(n.held, n.deleted, "with evidence, encrypted", "evidence deleted", "without evidence") + ".",
			de + evidenceCount(n.held, n.deleted, "mit Nachweisen, verschlüsselt", "Nachweise gelöscht", "ohne Nachweise") + ".",
		})
	}
	return list
}

func evidenceCount(held, deleted int, with, gone, without string) string {
	switch {
	case held == 0 && deleted == 0:
		return " (" + without + ")"
	case deleted == 0:
		return fmt.Sprintf(" (%d %s)", held, with)
	case held == 0:
		return fmt.Sprintf(" (%s: %d)", gone, deleted)
	default:
		return fmt.Sprintf(" (%d %s; %s: %d)", held, with, gone, deleted)
	}
}

func (s *Suppression) statement() Text {
	name := ReasonName(consent.Reason(s.Reason))
	until := Text{"", ""}
	if s.UntilTime != 0 {
		until = Text{" until " + s.UntilTime.day(consent.English), " bis " + s.UntilTime.day(consent.German)}
	}
	of := Text{"", ""}
	if s.Domain != "" {
		of = Text{" for all addresses of " + s.Domain, " für alle Adressen von " + s.Domain}
	}
	return Text{
		"A suppression in force" + of.EN + ": " + name.EN + ", since " + s.SinceTime.day(consent.English) + until.EN + ".",
		"Eine geltende Sperre" + of.DE + ": " + name.DE + ", seit " + s.SinceTime.day(consent.German) + until.DE + ".",
	}
}

func plural(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// oneAndMore is what something is called in the singular and in the plural.
type oneAndMore struct{ one, more Text }

func kindPlural(kind string) oneAndMore {
	switch kind {
	case "request":
		return oneAndMore{Text{"request to sign up", "angeforderte Anmeldung"}, Text{"requests to sign up", "angeforderte Anmeldungen"}}
	case "grant":
		return oneAndMore{
			Text{"consent or other legal basis", "Einwilligung oder andere Rechtsgrundlage"},
			Text{"consents or other legal bases", "Einwilligungen oder andere Rechtsgrundlagen"},
		}
	case "confirm":
		return oneAndMore{Text{"confirmation", "Bestätigung"}, Text{"confirmations", "Bestätigungen"}}
	case "mail":
		return oneAndMore{Text{"confirmation mail", "Bestätigungs-E-Mail"}, Text{"confirmation mails", "Bestätigungs-E-Mails"}}
	case "withdraw":
		return oneAndMore{Text{"withdrawal", "Abmeldung"}, Text{"withdrawals", "Abmeldungen"}}
	case "refuse":
		return oneAndMore{Text{"refusal", "Ablehnung"}, Text{"refusals", "Ablehnungen"}}
	case "suppress":
		return oneAndMore{Text{"recorded suppression", "erfasste Sperre"}, Text{"recorded suppressions", "erfasste Sperren"}}
	case "lift":
		return oneAndMore{Text{"lifting of a suppression", "Aufhebung einer Sperre"}, Text{"liftings of suppressions", "Aufhebungen von Sperren"}}
	case "erase":
		return oneAndMore{Text{"erasure", "Löschung"}, Text{"erasures", "Löschungen"}}
	case "void":
		return oneAndMore{Text{"declaration that something is void", "Ungültigerklärung"}, Text{"declarations that something is void", "Ungültigerklärungen"}}
	case "move":
		return oneAndMore{Text{"change of address", "Adressänderung"}, Text{"changes of address", "Adressänderungen"}}
	case "hold":
		return oneAndMore{Text{"putting-off of erasure", "Aufschub einer Löschung"}, Text{"puttings-off of erasure", "Aufschübe von Löschungen"}}
	case "release":
		return oneAndMore{Text{"end of a putting-off", "Ende eines Aufschubs"}, Text{"ends of puttings-off", "Enden von Aufschüben"}}
	default:
		name := KindName(kind)
		return oneAndMore{name, name}
	}
}

// KindName returns what an event of the kind is called.
func KindName(kind string) Text {
	switch kind {
	case "request":
		return Text{"Sign-up requested", "Anmeldung angefordert"}
	case "grant":
		return Text{"Legal basis given", "Rechtsgrundlage erfasst"}
	case "confirm":
		return Text{"Sign-up confirmed", "Anmeldung bestätigt"}
	case "mail":
		return Text{"Confirmation mail", "Bestätigungs-E-Mail"}
	case "withdraw":
		return Text{"Withdrawal", "Abmeldung"}
	case "refuse":
		return Text{"Refusal", "Ablehnung"}
	case "suppress":
		return Text{"Suppression", "Sperre"}
	case "lift":
		return Text{"Suppression lifted", "Sperre aufgehoben"}
	case "erase":
		return Text{"Erasure", "Löschung"}
	case "catalog":
		return Text{"Rules changed", "Regeländerung"}
	case "void":
		return Text{"Declared void", "Für ungültig erklärt"}
	case "move":
		return Text{"Change of address", "Adressänderung"}
	case "hold":
		return Text{"Erasure put off", "Löschung aufgeschoben"}
	case "release":
		return Text{"Putting-off ended", "Aufschub beendet"}
	case "removal":
		return Text{"Removal after the retention period", "Löschung nach Fristablauf"}
	default:
		return Text{kind, kind}
	}
}
