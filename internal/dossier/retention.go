package dossier

import (
	"fmt"
	"strings"
)

// RetentionOf returns how long what is held is kept. The periods are those of the catalog's policy by what they are of, in ISO 8601;
// what is missing has no end.
func RetentionOf(periods map[string]string) []Retention {
	var list []Retention
	for _, row := range []struct {
		of   string
		what Text
	}{
		{"evidence", Text{"Evidence of consents and other events", "Nachweise zu Einwilligungen und anderen Vorgängen"}},
		{"requests", Text{"Sign-ups that were never confirmed", "Nicht bestätigte Anmeldungen"}},
		{"disclosures", Text{"Records of disclosures", "Aufzeichnungen über Auskünfte an Systeme"}},
		{"hard_bounces", Text{"Suppressions because an address was not reachable", "Sperren wegen Unerreichbarkeit der Adresse"}},
	} {
		how := Text{"kept while it is of use; no end is set", "Aufbewahrung, solange erforderlich; ein Endzeitpunkt ist nicht festgelegt"}
		if period := periods[row.of]; period != "" {
			words := periodWords(period)
			how = Text{"kept for " + words.EN, "Aufbewahrung für " + words.DE}
		}
		list = append(list, Retention{Of: row.of, Period: periods[row.of], Text: Text{row.what.EN + ": " + how.EN + ".", row.what.DE + ": " + how.DE + "."}})
	}
	if period := periods["claims"]; period != "" {
		words := periodWords(period)
		list = append(list, Retention{Of: "claims", Period: period, Text: Text{
			"Evidence of erased persons, for the defence of legal claims, encrypted for the data protection officer alone: kept for " + words.EN + ".",
			"Nachweise gelöschter Personen zur Verteidigung von Rechtsansprüchen, verschlüsselt allein für die oder den Datenschutzbeauftragten: Aufbewahrung für " + words.DE + ".",
		}})
	}
	return append(list,
		Retention{Of: "suppressions", Text: Text{
			"Refusals, objections and other suppressions: kept as a keyed digest for as long as marketing is sent, since they could not be honoured otherwise.",
			"Ablehnungen, Widersprüche und andere Sperren: Aufbewahrung als Prüfwert der Adresse, solange Werbung versendet wird, da sie sonst nicht beachtet werden könnten.",
		}},
		Retention{Of: "ledger", Text: Text{
			"The entries of the tamper-evident record, which hold neither name nor address: kept for good; after an erasure they can no longer be tied to the person, except for refusals and suppressions.",
			"Die Einträge des fälschungssicheren Protokolls, die weder Namen noch Adresse enthalten: dauerhaft; nach einer Löschung sind sie der Person mit Ausnahme von Ablehnungen und Sperren nicht mehr zuzuordnen.",
		}},
	)
}

// periodWords writes a period of ISO 8601 in words; one that it cannot read as it is.
func periodWords(iso string) Text {
	rest, ok := strings.CutPrefix(iso, "P")
	if !ok {
		return Text{iso, iso}
	}
	date, clock, _ := strings.Cut(rest, "T")
	var en, de []string
	for _, part := range []struct {
		text, letters string
		units         []oneAndMore
	}{
		{date, "YMWD", []oneAndMore{
			{Text{"year", "Jahr"}, Text{"years", "Jahre"}},
			{Text{"month", "Monat"}, Text{"months", "Monate"}},
			{Text{"week", "Woche"}, Text{"weeks", "Wochen"}},
			{Text{"day", "Tag"}, Text{"days", "Tage"}},
		}},
		{clock, "HMS", []oneAndMore{
			{Text{"hour", "Stunde"}, Text{"hours", "Stunden"}},
			{Text{"minute", "Minute"}, Text{"minutes", "Minuten"}},
			{Text{"second", "Sekunde"}, Text{"seconds", "Sekunden"}},
		}},
	} {
		for part.text != "" {
			var n int
			var letter rune
			if _, err := fmt.Sscanf(part.text, "%d%c", &n, &letter); err != nil {
				return Text{iso, iso}
			}
			at := strings.IndexRune(part.letters, letter)
			if at < 0 {
				return Text{iso, iso}
			}
			en = append(en, plural(n, part.units[at].one.EN, part.units[at].more.EN))
			de = append(de, plural(n, part.units[at].one.DE, part.units[at].more.DE))
			part.text = part.text[strings.IndexRune(part.text, letter)+1:]
		}
	}
	return Text{join(en, " and "), join(de, " und ")}
}
