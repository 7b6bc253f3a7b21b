package dossier

import (
	"fmt"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
)

// label returns what stands in the page under a key.
func label(key string) (Text, error) {
	for _, of := range []func(string) Text{headLabel, rightsLabel, proofLabel, fieldLabel} {
		if t := of(key); t != (Text{}) {
			return t, nil
		}
	}
	return Text{}, fmt.Errorf("the page has no text for %q", key)
}

func headLabel(key string) Text {
	return map[string]Text{
		"title":      {"Information under Art. 15 GDPR", "Auskunft nach Art. 15 DSGVO"},
		"subtitle":   {"What is recorded about an e-mail address, and whether it may be written to", "Was zu einer E-Mail-Adresse gespeichert ist und ob an sie geschrieben werden darf"},
		"page":       {"Page", "Seite"},
		"of":         {"of", "von"},
		"address":    {"E-mail address", "E-Mail-Adresse"},
		"asOf":       {"As of", "Stand"},
		"madeBy":     {"Made by", "Erstellt durch"},
		"ledgerAt":   {"Position in the record", "Stand des Protokolls"},
		"onlyOf":     {"Limited to", "Beschränkt auf"},
		"department": {"Department", "Abteilung"},
		"controller": {"Who answers for the processing", "Verantwortlicher"},
		"privacy":    {"Data protection contact", "Kontakt für den Datenschutz"},
		"imprint":    {"Imprint", "Impressum"},
		"status":     {"In short", "Kurz gefasst"},
		"standing":   {"May messages be sent to this address?", "Darf an diese Adresse geschrieben werden?"},
		"purpose":    {"Purpose", "Zweck"},
		"answer":     {"Answer", "Antwort"},
		"why":        {"Reason", "Begründung"},
		"remedy":     {"Note to the sending department", "Hinweis an die versendende Abteilung"},
		"purposes":   {"Purposes and legal bases", "Zwecke und Rechtsgrundlagen"},
		"class":      {"Kind of messages", "Art der Nachrichten"},
		"bases":      {"Legal bases in question", "In Betracht kommende Rechtsgrundlagen"},
		"categories": {"Categories of data", "Kategorien von Daten"},
		"categoriesText": {
			"The e-mail address; consents, refusals, objections, complaints and bounces with their times; and the evidence of them, as far as there is any: web page, IP address, program used, references to orders and documents, notes.",
			"Die E-Mail-Adresse; Einwilligungen, Ablehnungen, Widersprüche, Beschwerden und Unzustellbarkeiten mit ihren Zeitpunkten sowie, soweit vorhanden, die Nachweise dazu: Internetseite, IP-Adresse, verwendetes Programm, Verweise auf Bestellungen und Unterlagen, Vermerke.",
		},
		"held":         {"What is held", "Was gespeichert ist"},
		"suppressions": {"Suppressions in force", "Geltende Sperren"},
		"suppressionsText": {
			"A consent that was given and confirmed later may have ended a suppression for single purposes; section 2 says whether messages may be sent.",
			"Eine später erteilte und bestätigte Einwilligung kann eine Sperre für einzelne Zwecke beendet haben; ob geschrieben werden darf, steht in Abschnitt 2.",
		},
		"scope":          {"Stops", "Sperrt"},
		"since":          {"Since", "Seit"},
		"until":          {"Until", "Bis"},
		"noEnd":          {"no end", "ohne Ende"},
		"ends":           {"What ends it", "Wodurch sie endet"},
		"events":         {"What happened", "Was geschehen ist"},
		"noEvents":       {"Nothing is recorded.", "Es ist kein Vorgang gespeichert."},
		"when":           {"When", "Zeitpunkt"},
		"event":          {"Event", "Vorgang"},
		"recordedBy":     {"Recorded by", "Erfasst durch"},
		"recorded":       {"recorded", "erfasst am"},
		"number":         {"No.", "Nr."},
		"allOf":          {"acts for all departments", "für alle Abteilungen tätig"},
		"declarations":   {"Wording of the declarations", "Wortlaut der Erklärungen"},
		"noDeclarations": {"No declaration belongs to the recorded events.", "Zu den gespeicherten Vorgängen gehört keine Erklärung."},
		"noWording":      {"The wording of this version is not known.", "Der Wortlaut dieser Fassung ist nicht bekannt."},
		"wordingFrom":    {"as it reads in version %d of the rules", "wie in Fassung %d der Regeln"},
	}[key]
}

func rightsLabel(key string) Text {
	return map[string]Text{
		"recipients": {"To whom something was disclosed", "Empfänger"},
		"recipientsText": {
			"The following systems and offices learnt something about this address. “All purposes” means that they retrieved all that holds for it, or its history.",
			"Folgende Systeme und Stellen haben etwas zu dieser Adresse erfahren. „Alle Zwecke“ bedeutet, dass sie den gesamten Stand oder den Verlauf abgerufen haben.",
		},
		"noRecipients": {
			"No system or office is recorded as having learnt anything about this address.",
			"Es ist nicht aufgezeichnet, dass ein System oder eine Stelle etwas zu dieser Adresse erfahren hätte.",
		},
		"recipient": {"Recipient", "Empfänger"},
		"from":      {"From", "Von"},
		"to":        {"To", "Bis"},
		"count":     {"Answers", "Antworten"},
		"thirdCountries": {
			"This system records no transfers to countries outside of the European Economic Area. About any such transfer by the senders named above the controller informs separately.",
			"Dieses System zeichnet keine Übermittlungen in Länder außerhalb des Europäischen Wirtschaftsraums auf. Über solche Übermittlungen durch die genannten Stellen gibt der Verantwortliche gesondert Auskunft.",
		},
		"retention":  {"How long it is kept", "Speicherdauer"},
		"source":     {"Where the data come from", "Herkunft der Daten"},
		"sourceText": {"The data come from the person's own acts or were reported by the departments named under “What happened”. Recorded as origin are:", "Die Daten stammen aus Handlungen der betroffenen Person oder wurden von den unter „Was geschehen ist“ genannten Stellen gemeldet. Als Herkunft sind vermerkt:"},
		"rights":     {"Your rights", "Ihre Rechte"},
		"rightsText": {
			"You may ask the controller at any time and free of charge:",
			"Sie können vom Verantwortlichen jederzeit und unentgeltlich verlangen:",
		},
		"right16": {"that wrong data be put right (Art. 16 GDPR);", "die Berichtigung unrichtiger Daten (Art. 16 DSGVO);"},
		"right17": {"that your data be erased, with the exceptions of Art. 17(3) GDPR (Art. 17 GDPR); refusals and objections are then kept as a digest of the address only, so that they go on to be honoured;", "die Löschung Ihrer Daten (Art. 17 DSGVO) mit den Ausnahmen des Art. 17 Abs. 3 DSGVO; Ablehnungen und Widersprüche bleiben danach nur als Prüfwert der Adresse gespeichert, damit sie weiter beachtet werden;"},
		"right18": {"that the processing be restricted (Art. 18 GDPR);", "die Einschränkung der Verarbeitung (Art. 18 DSGVO);"},
		"right20": {"to receive the data that you provided in a common format that machines can read (Art. 20 GDPR);", "die Herausgabe der von Ihnen bereitgestellten Daten in einem gängigen, maschinenlesbaren Format (Art. 20 DSGVO)."},
		"rightNo": {
			"You may object to direct marketing at any time and without giving reasons (Art. 21(2) GDPR), and withdraw any consent with effect for the future (Art. 7(3) GDPR): with the unsubscribe link of any message, or by a message to the contact named above. What was done before stays lawful.",
			"Der Direktwerbung können Sie jederzeit ohne Angabe von Gründen widersprechen (Art. 21 Abs. 2 DSGVO) und jede Einwilligung mit Wirkung für die Zukunft widerrufen (Art. 7 Abs. 3 DSGVO): über den Abmeldelink in jeder Nachricht oder durch Mitteilung an den oben genannten Kontakt. Die bis dahin erfolgte Verarbeitung bleibt rechtmäßig.",
		},
		"complaint": {"Right to complain", "Beschwerderecht"},
		"complaintText": {
			"You have the right to lodge a complaint with a data protection supervisory authority, in particular in the Member State in which you live or work or in which you believe that the law was infringed (Art. 77 GDPR).",
			"Sie haben das Recht, sich bei einer Datenschutz-Aufsichtsbehörde zu beschweren, insbesondere in dem Mitgliedstaat Ihres Aufenthaltsorts, Ihres Arbeitsplatzes oder des Orts des mutmaßlichen Verstoßes (Art. 77 DSGVO).",
		},
		"automated": {"No automated decisions", "Keine automatisierte Entscheidung"},
		"automatedText": {
			"No decision in the sense of Art. 22 GDPR is made, and no profile. The system only compares, by fixed rules, what is recorded above with the conditions under which a message may be sent: whether there is a legal basis, and whether it is opposed by a refusal, an objection or another suppression.",
			"Eine Entscheidung im Sinne des Art. 22 DSGVO findet nicht statt, ein Profil wird nicht gebildet. Das System vergleicht nach festen Regeln das oben Gespeicherte mit den Voraussetzungen, unter denen eine Nachricht gesendet werden darf: ob eine Rechtsgrundlage besteht und ob ihr eine Ablehnung, ein Widerspruch oder eine andere Sperre entgegensteht.",
		},
	}[key]
}

func proofLabel(key string) Text {
	return map[string]Text{
		"proof": {"Proof that it is genuine", "Nachweis der Echtheit"},
		"proofText": {
			"Every event is an entry of a record in which nothing can be altered, left out or moved without being noticed. The following lines are the signed state of that record, to which this information belongs. The archive (zip) with the proof of every entry is available on request; how it is verified, even without the program that made it, stands in its file README.txt.",
			"Jeder Vorgang ist Eintrag eines Protokolls, in dem nichts unbemerkt verändert, ausgelassen oder umgestellt werden kann. Die folgenden Zeilen sind der unterschriebene Stand dieses Protokolls, zu dem diese Auskunft gehört. Das Archiv (zip) mit dem Nachweis jedes Eintrags ist auf Anfrage erhältlich; wie es geprüft wird, auch ohne das Programm, mit dem es erstellt wurde, steht in seiner Datei README.txt.",
		},
		"checkpoint":  {"Signed state", "Unterschriebener Stand"},
		"verifierKey": {"Public key", "Öffentlicher Schlüssel"},
		"rules":       {"Versions of the rules that applied", "Fassungen der Regeln, die galten"},
		"version":     {"Version", "Fassung"},
		"effective":   {"In force from", "In Kraft seit"},
		"always":      {"from the beginning", "von Anfang an"},
		"document":    {"SHA-256 of the document", "SHA-256 des Dokuments"},
		"current":     {"in force now", "derzeit in Kraft"},
	}[key]
}

func fieldLabel(key string) Text {
	return map[string]Text{
		"channels":        {"For", "Für"},
		"legalBasis":      {"Legal basis", "Rechtsgrundlage"},
		"declaration":     {"Declaration", "Erklärung"},
		"expires":         {"Ends", "Endet"},
		"confirmed":       {"Confirmed", "Bestätigt"},
		"sourceOf":        {"Origin", "Herkunft"},
		"notice":          {"Notice of the right to object", "Hinweis auf das Widerspruchsrecht"},
		"given":           {"given", "erteilt"},
		"goods":           {"Goods", "Waren"},
		"list":            {"List", "Liste"},
		"typed":           {"Address as given", "Adresse, wie angegeben"},
		"domain":          {"Domain", "Domain"},
		"url":             {"Web page", "Internetseite"},
		"ip":              {"IP address", "IP-Adresse"},
		"userAgent":       {"Program used", "Verwendetes Programm"},
		"transaction":     {"Order or contract", "Bestellung oder Vertrag"},
		"documentRef":     {"Paper", "Unterlage"},
		"operator":        {"Taken down by", "Aufgenommen von"},
		"note":            {"Note", "Vermerk"},
		"justification":   {"Reasons given", "Angegebene Gründe"},
		"otherAddress":    {"Other address", "Andere Adresse"},
		"voids":           {"Declares void no.", "Erklärt für ungültig: Nr."},
		"voidedBy":        {"Declared void by no.", "Für ungültig erklärt durch Nr."},
		"evidence":        {"Evidence", "Nachweise"},
		"evidenceDeleted": {"deleted", "gelöscht"},
	}[key]
}

// statusText says in one sentence what is known about the address.
func statusText(d *Dossier) Text {
	switch d.Subject.Status {
	case StatusErased:
		on := d.Subject.ErasedTime
		return Text{
			"The data of this address were erased on " + on.day(consent.English) + ". What is still held is listed below; it serves to honour refusals and to prove what was done.",
			"Die Daten zu dieser Adresse wurden am " + on.day(consent.German) + " gelöscht. Was noch gespeichert ist, ist unten aufgeführt; es dient dazu, Ablehnungen zu beachten und das Geschehene nachzuweisen.",
		}
	case StatusErasing:
		on := d.Subject.ErasedTime
		return Text{
			"The erasure of this address was recorded for " + on.day(consent.English) + " and is not carried out completely yet.",
			"Die Löschung der Daten zu dieser Adresse wurde zum " + on.day(consent.German) + " erfasst und ist noch nicht vollständig ausgeführt.",
		}
	case StatusUnknown:
		return Text{
			"Nothing is recorded about this address.",
			"Zu dieser Adresse ist nichts gespeichert.",
		}
	default:
		n := len(d.Events)
		t := Text{
			plural(n, "event is", "events are") + " recorded about this address.",
			"Zu dieser Adresse " + pluralDE(n, "ist 1 Vorgang", "sind %d Vorgänge") + " gespeichert.",
		}
		if on := d.Subject.ErasedTime; on != 0 {
			t.EN += " Its data were erased on " + on.day(consent.English) + "; since then a sign-up or consent was recorded again."
			t.DE += " Ihre Daten wurden am " + on.day(consent.German) + " gelöscht; seither wurde erneut eine Anmeldung oder Einwilligung erfasst."
		}
		return t
	}
}

func pluralDE(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf(more, n)
}

// className returns what a class of channels is called.
func className(class string) Text {
	switch catalog.Class(class) {
	case catalog.ClassMarketing:
		return Text{"Marketing", "Werbung"}
	case catalog.ClassTransactional:
		return Text{"Messages about a contract or an order", "Nachrichten zu einem Vertrag oder einer Bestellung"}
	case catalog.ClassLegalNotice:
		return Text{"Notices that the law requires", "Gesetzlich vorgeschriebene Mitteilungen"}
	default:
		return Text{class, class}
	}
}

// basisName returns what a legal basis is called, with the law.
func basisName(basis string) Text {
	switch catalog.Basis(basis) {
	case catalog.BasisConsent:
		return Text{"Consent (Art. 6(1)(a) GDPR)", "Einwilligung (Art. 6 Abs. 1 lit. a DSGVO)"}
	case catalog.BasisExistingCustomer:
		return Text{"Existing customer (Art. 6(1)(f) GDPR, Art. 13(2) Directive 2002/58/EC)", "Bestandskunde (Art. 6 Abs. 1 lit. f DSGVO, Art. 13 Abs. 2 Richtlinie 2002/58/EG)"}
	case catalog.BasisTerms:
		return Text{"Terms and conditions (Art. 6(1)(b) or (f) GDPR)", "Geschäftsbedingungen (Art. 6 Abs. 1 lit. b oder f DSGVO)"}
	case catalog.BasisContract:
		return Text{"Contract (Art. 6(1)(b) GDPR)", "Vertrag (Art. 6 Abs. 1 lit. b DSGVO)"}
	case catalog.BasisLegalObligation:
		return Text{"Legal duty (Art. 6(1)(c) GDPR)", "Gesetzliche Pflicht (Art. 6 Abs. 1 lit. c DSGVO)"}
	default:
		return Text{basis, basis}
	}
}

// sourceName returns what a source of evidence is called.
func sourceName(source string) Text {
	switch source {
	case consent.SourceWebForm:
		return Text{"web form", "Webformular"}
	case consent.SourceDoubleOptIn:
		return Text{"confirmation by e-mail (double opt-in)", "Bestätigung per E-Mail (Double-Opt-in)"}
	case consent.SourceAPI:
		return Text{"another system", "anderes System"}
	case consent.SourceImport:
		return Text{"taken over from an earlier list", "Übernahme aus einem früheren Bestand"}
	case consent.SourcePaper:
		return Text{"on paper", "auf Papier"}
	case consent.SourceInPerson:
		return Text{"in person", "persönlich"}
	case consent.SourcePhone:
		return Text{"by telephone", "telefonisch"}
	case "":
		return Text{"not stated", "nicht angegeben"}
	default:
		return Text{source, source}
	}
}

// answerOf says whether a channel may be used. Messages that need no consent are sent on the strength of what they are about.
func answerOf(c *Channel) (answer, why Text) {
	switch {
	case c.Verdict == "ALLOW":
		return Text{"Yes", "Ja"}, c.Explanation
	case c.Reason == string(consent.CodeReferenceMissing) && c.Class == string(catalog.ClassLegalNotice):
		return Text{"Only for a certain legal duty", "Nur zu einer bestimmten gesetzlichen Pflicht"}, Text{
			"Each message must name the duty that it fulfils.", "Jede Nachricht muss die Pflicht benennen, die sie erfüllt.",
		}
	case c.Reason == string(consent.CodeReferenceMissing):
		return Text{"Only about a certain contract or order", "Nur zu einem bestimmten Vertrag oder einer Bestellung"}, Text{
			"Each message must name the contract or order that it belongs to.",
			"Jede Nachricht muss den Vertrag oder die Bestellung benennen, zu der sie gehört.",
		}
	case c.Verdict == "DEFER":
		return Text{"Not at present", "Derzeit nicht"}, c.Explanation
	default:
		return Text{"No", "Nein"}, c.Explanation
	}
}
