package dossier

import (
	"strings"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
)

// Names gives the name of a channel, department, controller or sender identity in both languages; kind is one of the kinds of scopes
// of package consent.
type Names func(kind, id string) Text

// Describe returns what an event says, in a sentence.
func Describe(e *consent.Event, names Names) Text {
	on := listed(e.Channels, names)
	switch e.Kind {
	case consent.KindRequest:
		return requested(on, Time(e.Expires))
	case consent.KindGrant:
		return granted(e.Basis, on)
	case consent.KindConfirm:
		return Text{
			"The sign-up to " + on.EN + " was confirmed.",
			"Die Anmeldung zu " + on.DE + " wurde bestätigt.",
		}
	case consent.KindMail:
		return Text{
			"A mail was allowed that asked to confirm the sign-up to " + on.EN + ".",
			"Eine E-Mail mit der Bitte um Bestätigung der Anmeldung zu " + on.DE + " wurde zugelassen.",
		}
	case consent.KindWithdraw:
		return Text{
			"The person left " + on.EN + ".",
			"Die Person hat sich von " + on.DE + " abgemeldet.",
		}
	case consent.KindRefuse:
		return Text{
			"The person refused " + on.EN + ".",
			"Die Person hat " + on.DE + " abgelehnt.",
		}
	case consent.KindSuppress:
		return suppressed(e, names)
	case consent.KindLift:
		return lifted(e)
	default:
		return describeRest(e.Kind.String())
	}
}

// describeRest describes the kinds that carry no more than what they are. It goes by names: what a later version of the ledger
// records is described here before it is decoded here.
func describeRest(kind string) Text {
	switch kind {
	case "erase":
		return Text{
			"The erasure of the data of this address was requested.",
			"Die Löschung der Daten zu dieser Adresse wurde verlangt.",
		}
	case "catalog":
		return Text{"A new version of the rules was put into force.", "Eine neue Fassung der Regeln wurde in Kraft gesetzt."}
	case "void":
		return Text{
			"Something that had been recorded by mistake was declared void.",
			"Ein irrtümlich erfasster Vorgang wurde für ungültig erklärt.",
		}
	case "move":
		return Text{
			"The address was changed; refusals and suppressions were carried over, consents were not.",
			"Die Adresse wurde geändert; Ablehnungen und Sperren wurden übernommen, Einwilligungen nicht.",
		}
	case "hold":
		return Text{
			"An erasure was put off for legal reasons.",
			"Eine Löschung wurde aus rechtlichen Gründen aufgeschoben.",
		}
	case "release":
		return Text{
			"The reasons for putting off an erasure ended.",
			"Die rechtlichen Gründe für den Aufschub einer Löschung sind entfallen.",
		}
	case "removal":
		return Text{
			"Data whose time was over were removed.",
			"Daten, deren Aufbewahrungsfrist abgelaufen war, wurden gelöscht.",
		}
	default:
		return Text{"Something was recorded (" + kind + ").", "Ein Vorgang wurde erfasst (" + kind + ")."}
	}
}

func requested(on Text, until Time) Text {
	t := Text{
		"A sign-up to " + on.EN + " was requested",
		"Für " + on.DE + " wurde eine Anmeldung angefordert",
	}
	if until == 0 {
		return Text{t.EN + ", to be confirmed by e-mail.", t.DE + ", die per E-Mail zu bestätigen war."}
	}
	return Text{
		t.EN + ", to be confirmed by e-mail before " + until.day(consent.English) + ".",
		t.DE + ", die bis zum " + until.day(consent.German) + " per E-Mail zu bestätigen war.",
	}
}

func granted(basis catalog.Basis, on Text) Text {
	switch basis {
	case catalog.BasisConsent:
		return Text{"Consent to " + on.EN + " was given.", "Es wurde eine Einwilligung für " + on.DE + " erteilt."}
	case catalog.BasisExistingCustomer:
		return Text{
			"A purchase was recorded as the legal basis for " + on.EN + " (existing customer).",
			"Als Rechtsgrundlage für " + on.DE + " wurde ein Kauf erfasst (Bestandskunde).",
		}
	case catalog.BasisTerms:
		return Text{
			"The acceptance of terms and conditions was recorded as the legal basis for " + on.EN + ".",
			"Als Rechtsgrundlage für " + on.DE + " wurde die Annahme von Geschäftsbedingungen erfasst.",
		}
	case catalog.BasisContract:
		return Text{
			"A contract was recorded as the legal basis for " + on.EN + ".",
			"Als Rechtsgrundlage für " + on.DE + " wurde ein Vertrag erfasst.",
		}
	case catalog.BasisLegalObligation:
		return Text{
			"A legal duty was recorded as the legal basis for " + on.EN + ".",
			"Als Rechtsgrundlage für " + on.DE + " wurde eine gesetzliche Pflicht erfasst.",
		}
	default:
		return Text{
			"A legal basis for " + on.EN + " was recorded.",
			"Für " + on.DE + " wurde eine Rechtsgrundlage erfasst.",
		}
	}
}

func suppressed(e *consent.Event, names Names) Text {
	why, scope := ReasonExplained(e.Reason), Stops(e.Scope, e.Binds, names)
	return Text{
		why.EN + " This stops: " + scope.EN + ".",
		why.DE + " Dies sperrt: " + scope.DE + ".",
	}
}

func lifted(e *consent.Event) Text {
	name := ReasonName(e.Reason)
	return Text{
		"The entry “" + name.EN + "” was lifted.",
		"Der Eintrag „" + name.DE + "“ wurde aufgehoben.",
	}
}

// codeOf is the code of decisions that a suppression of the reason gives.
func codeOf(reason consent.Reason) consent.Code {
	if reason == consent.ReasonManual {
		return consent.CodeSuppressed
	}
	return consent.Code(reason)
}

// ReasonExplained returns the sentence that says what a suppression of the reason means.
func ReasonExplained(reason consent.Reason) Text { return Explanation(codeOf(reason)) }

// ReasonRemedy returns the sentence that says what ends a suppression of the reason.
func ReasonRemedy(reason consent.Reason) Text { return Remedy(codeOf(reason)) }

// Explanation returns what a code of a decision means, in both languages.
func Explanation(code consent.Code) Text {
	return Text{code.Explanation(consent.English), code.Explanation(consent.German)}
}

// Remedy returns what would change a decision with the code, in both languages.
func Remedy(code consent.Code) Text {
	return Text{code.Remedy(consent.English), code.Remedy(consent.German)}
}

// ReasonName returns the name of a reason of suppressions.
func ReasonName(reason consent.Reason) Text {
	switch reason {
	case consent.ReasonLegalBlock:
		return Text{"legal block", "rechtliche Sperre"}
	case consent.ReasonProcessingRestricted:
		return Text{"restriction of processing", "Einschränkung der Verarbeitung"}
	case consent.ReasonHardBounce:
		return Text{"address not reachable", "Adresse nicht erreichbar"}
	case consent.ReasonManual:
		return Text{"manual suppression", "manuelle Sperre"}
	case consent.ReasonObjection:
		return Text{"objection to marketing", "Werbewiderspruch"}
	case consent.ReasonComplaint:
		return Text{"complaint", "Beschwerde"}
	case consent.ReasonErased:
		return Text{"erasure", "Löschung"}
	case consent.ReasonExternalList:
		return Text{"entry on an external list", "Eintrag auf einer externen Liste"}
	default:
		return Text{string(reason), string(reason)}
	}
}

// Stops returns what a suppression of the scope stops. A listing that binds existing customers leaves consents alone.
func Stops(scope consent.Scope, binds consent.Binds, names Names) Text {
	t := scopeName(scope, names)
	if binds == consent.BindsExistingCustomer {
		return Text{t.EN + ", unless there is a consent", t.DE + ", soweit keine Einwilligung vorliegt"}
	}
	return t
}

// scopeName returns what a scope covers.
func scopeName(scope consent.Scope, names Names) Text {
	kind, id := scope.Split()
	name := Text{id, id}
	if id != "" {
		name = names(kind, id)
	}
	switch kind {
	case string(consent.ScopeAll):
		return Text{"all messages", "alle Nachrichten"}
	case string(consent.ScopeMarketing):
		return Text{"all marketing", "jede Werbung"}
	case consent.ScopeController:
		return Text{"marketing of " + name.EN, "Werbung von " + name.DE}
	case consent.ScopeDepartment:
		return Text{"messages of the department " + name.EN, "Nachrichten der Abteilung " + name.DE}
	case consent.ScopeChannel:
		return Text{name.EN, name.DE}
	case consent.ScopeSender:
		return Text{"messages from the sender " + name.EN, "Nachrichten des Absenders " + name.DE}
	default:
		return Text{string(scope), string(scope)}
	}
}

// listed joins the names of channels with quotation marks, for names may be several words.
func listed(channels []string, names Names) Text {
	en, de := make([]string, len(channels)), make([]string, len(channels))
	for i, id := range channels {
		name := names(consent.ScopeChannel, id)
		en[i], de[i] = "“"+name.EN+"”", "„"+name.DE+"“"
	}
	return Text{join(en, " and "), join(de, " und ")}
}

func join(words []string, and string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + and + words[last]
}
