package consent

// Language is one that people are answered in.
type Language uint8

// The languages of explanations.
const (
	English Language = iota
	German
)

// sentence is one sentence in every language.
type sentence struct{ english, german string }

func (s sentence) in(lang Language) string {
	if lang == German {
		return s.german
	}
	return s.english
}

// Explanation is a sentence for people that says what the code means; empty for a code that this package does not give.
func (c Code) Explanation(lang Language) string { return c.explanation().in(lang) }

// Remedy is a sentence for people that says what would change the answer; empty for what allows.
func (c Code) Remedy(lang Language) string { return c.remedy().in(lang) }

// AllCodes returns every code that decisions give, in the order in which they are looked for.
func AllCodes() []Code {
	return []Code{
		CodeChannelRetired, CodeSenderUnknown, CodeSenderInactive, CodeSenderNotAllowed, CodeLegalBlock, CodeRestricted,
		CodeHardBounce, CodeSuppressed, CodeMixedContent, CodeWithdrawn, CodeRefused, CodeReferenceMissing, CodeReferenceInvalid,
		CodeAllowContract, CodeAllowLegal, CodeRoleAddress, CodeObjection, CodeComplaint, CodeErased, CodeExternalList,
		CodeAllowConsent, CodeScopeMismatch, CodeNotProvable, CodeConsentExpired, CodeConsentLapsed, CodeConsentPending,
		CodeRefusedBefore, CodeHonouredRefusal, CodeSaleMissing, CodeNoticeMissing, CodeNotSimilar, CodeBasisExpired,
		CodeCustomerLapsed, CodeAllowCustomer, CodeTermsInsufficient, CodeTermsReference, CodeAllowTerms, CodeBasisNotAccepted,
		CodeNoLegalBasis, CodeConfirmationLimit, CodeAllowConfirmation,
	}
}

func (c Code) explanation() sentence {
	for _, of := range [...]func(Code) sentence{explainAllow, explainRequest, explainNo, explainConsent, explainBasis} {
		if s := of(c); s != (sentence{}) {
			return s
		}
	}
	return sentence{}
}

func explainAllow(c Code) sentence {
	switch c {
	case CodeAllowConsent:
		return sentence{
			"The person has given a consent that covers this channel and can be proved.",
			"Die Person hat eine Einwilligung erteilt, die diesen Kanal umfasst und nachgewiesen werden kann.",
		}
	case CodeAllowCustomer:
		return sentence{
			"The person is an existing customer, was told of the right to object and has not objected.",
			"Die Person ist Bestandskunde, wurde auf das Widerspruchsrecht hingewiesen und hat nicht widersprochen.",
		}
	case CodeAllowTerms:
		return sentence{
			"A clause of the terms that the person accepted covers this channel, and the person has not objected.",
			"Eine Klausel der von der Person angenommenen Geschäftsbedingungen umfasst diesen Kanal, und die Person hat nicht widersprochen.",
		}
	case CodeAllowContract:
		return sentence{
			"The message belongs to the contract or order that the reference names.",
			"Die Nachricht gehört zu dem Vertrag oder der Bestellung, auf die sich die Referenz bezieht.",
		}
	case CodeAllowLegal:
		return sentence{
			"The message fulfils the legal duty that the reference names.",
			"Die Nachricht erfüllt die gesetzliche Pflicht, auf die sich die Referenz bezieht.",
		}
	case CodeAllowConfirmation:
		return sentence{
			"One mail may be sent that asks the person to confirm the sign-up.",
			"Es darf eine E-Mail gesendet werden, mit der die Person um die Bestätigung der Anmeldung gebeten wird.",
		}
	default:
		return sentence{}
	}
}

func explainRequest(c Code) sentence {
	switch c {
	case CodeChannelRetired:
		return sentence{
			"The channel has been retired and is no longer used for sending.",
			"Der Kanal ist stillgelegt und wird nicht mehr für den Versand verwendet.",
		}
	case CodeSenderUnknown:
		return sentence{
			"The catalog has no such sender identity.",
			"Die angegebene Absenderidentität ist im Katalog nicht vorhanden.",
		}
	case CodeSenderInactive:
		return sentence{
			"The sender identity has been retired.",
			"Die Absenderidentität ist stillgelegt.",
		}
	case CodeSenderNotAllowed:
		return sentence{
			"The sender identity may not be used on this channel.",
			"Die Absenderidentität darf auf diesem Kanal nicht verwendet werden.",
		}
	case CodeMixedContent:
		return sentence{
			"The message contains advertising, which this channel does not carry.",
			"Die Nachricht enthält Werbung, für die dieser Kanal nicht bestimmt ist.",
		}
	case CodeReferenceMissing:
		return sentence{
			"The request does not name the order, contract or duty that the message belongs to.",
			"Die Anfrage nennt nicht die Bestellung, den Vertrag oder die Pflicht, zu der die Nachricht gehört.",
		}
	case CodeReferenceInvalid:
		return sentence{
			"The reference does not have the form that this channel requires.",
			"Die Referenz hat nicht die Form, die dieser Kanal verlangt.",
		}
	default:
		return sentence{}
	}
}

func explainNo(c Code) sentence {
	switch c {
	case CodeLegalBlock:
		return sentence{
			"A legal block, such as an injunction or a cease-and-desist declaration, forbids any contact in its scope.",
			"Eine rechtliche Sperre, etwa eine einstweilige Verfügung oder eine Unterlassungserklärung, verbietet jede Kontaktaufnahme in ihrem Geltungsbereich.",
		}
	case CodeRestricted:
		return sentence{
			"The processing of the person's data is restricted under Art. 18 GDPR.",
			"Die Verarbeitung der Daten der Person ist nach Art. 18 DSGVO eingeschränkt.",
		}
	case CodeHardBounce:
		return sentence{
			"Messages to this address were permanently rejected.",
			"Nachrichten an diese Adresse wurden dauerhaft abgewiesen.",
		}
	case CodeSuppressed:
		return sentence{
			"The address or its domain has been suppressed manually.",
			"Die Adresse oder ihre Domain wurde manuell gesperrt.",
		}
	case CodeWithdrawn:
		return sentence{
			"The person has withdrawn from this channel.",
			"Die Person hat sich von diesem Kanal abgemeldet.",
		}
	case CodeRefused:
		return sentence{
			"The person has refused messages on this channel.",
			"Die Person hat Nachrichten auf diesem Kanal abgelehnt.",
		}
	case CodeRoleAddress:
		return sentence{
			"The address belongs to a function and not to a person who could have signed up.",
			"Die Adresse gehört zu einer Funktion und nicht zu einer Person, die sich hätte anmelden können.",
		}
	case CodeObjection:
		return sentence{
			"The person has objected to direct marketing under Art. 21(2) GDPR.",
			"Die Person hat der Direktwerbung nach Art. 21 Abs. 2 DSGVO widersprochen.",
		}
	case CodeComplaint:
		return sentence{
			"The person has complained about messages as spam.",
			"Die Person hat Nachrichten als Spam gemeldet.",
		}
	case CodeErased:
		return sentence{
			"The person's data were erased under Art. 17 GDPR, and no marketing may be sent since.",
			"Die Daten der Person wurden nach Art. 17 DSGVO gelöscht; seither darf keine Werbung gesendet werden.",
		}
	case CodeExternalList:
		return sentence{
			"The address or its domain is on an external list of those who do not want advertising.",
			"Die Adresse oder ihre Domain steht auf einer externen Liste von Personen, die keine Werbung wünschen.",
		}
	default:
		return sentence{}
	}
}

func explainConsent(c Code) sentence {
	switch c {
	case CodeScopeMismatch:
		return sentence{
			"The consent that was given does not cover this channel.",
			"Die erteilte Einwilligung umfasst diesen Kanal nicht.",
		}
	case CodeNotProvable:
		return sentence{
			"The consent cannot be proved: its wording, its source or its confirmation is missing.",
			"Die Einwilligung kann nicht nachgewiesen werden: Es fehlt der Wortlaut, die Quelle oder die Bestätigung.",
		}
	case CodeConsentExpired:
		return sentence{
			"The consent was given for a limited time, which is over.",
			"Die Einwilligung wurde befristet erteilt und ist abgelaufen.",
		}
	case CodeConsentLapsed:
		return sentence{
			"The consent is older than this channel allows.",
			"Die Einwilligung ist älter, als es dieser Kanal zulässt.",
		}
	case CodeConsentPending:
		return sentence{
			"The person has signed up but has not confirmed it yet.",
			"Die Person hat sich angemeldet, die Anmeldung aber noch nicht bestätigt.",
		}
	case CodeConfirmationLimit:
		return sentence{
			"As many confirmation mails as are allowed have been sent to this address lately.",
			"An diese Adresse wurden zuletzt bereits so viele Bestätigungs-E-Mails gesendet, wie zulässig sind.",
		}
	default:
		return sentence{}
	}
}

func explainBasis(c Code) sentence {
	switch c {
	case CodeRefusedBefore:
		return sentence{
			"The person has said no before and may therefore only be written to on the strength of a consent.",
			"Die Person hat bereits einmal abgelehnt und darf daher nur auf Grundlage einer Einwilligung kontaktiert werden.",
		}
	case CodeHonouredRefusal:
		return sentence{
			"The person has refused another channel whose refusals count here, too.",
			"Die Person hat einen anderen Kanal abgelehnt, dessen Ablehnungen auch hier gelten.",
		}
	case CodeSaleMissing:
		return sentence{
			"No sale is named that would make the person an existing customer.",
			"Es ist kein Kauf angegeben, durch den die Person Bestandskunde wäre.",
		}
	case CodeNoticeMissing:
		return sentence{
			"It is not recorded that the person was told of the right to object when the address was collected.",
			"Es ist nicht dokumentiert, dass die Person bei Erhebung der Adresse auf das Widerspruchsrecht hingewiesen wurde.",
		}
	case CodeNotSimilar:
		return sentence{
			"What the person bought is not similar to what this channel advertises.",
			"Was die Person gekauft hat, ist dem nicht ähnlich, wofür dieser Kanal wirbt.",
		}
	case CodeBasisExpired:
		return sentence{
			"The legal basis was recorded for a limited time, which is over.",
			"Die Rechtsgrundlage war befristet und ist abgelaufen.",
		}
	case CodeCustomerLapsed:
		return sentence{
			"The purchase was too long ago.",
			"Der Kauf liegt zu lange zurück.",
		}
	case CodeTermsInsufficient:
		return sentence{
			"The clause of the terms is unknown, does not cover this channel or has no effect for advertising.",
			"Die Klausel der Geschäftsbedingungen ist unbekannt, umfasst diesen Kanal nicht oder ist für Werbung ohne Wirkung.",
		}
	case CodeTermsReference:
		return sentence{
			"The contract that the terms belong to is not named.",
			"Der Vertrag, zu dem die Geschäftsbedingungen gehören, ist nicht angegeben.",
		}
	case CodeBasisNotAccepted:
		return sentence{
			"What was recorded rests on a legal basis that this channel does not accept.",
			"Das Erfasste beruht auf einer Rechtsgrundlage, die dieser Kanal nicht zulässt.",
		}
	case CodeNoLegalBasis:
		return sentence{
			"Nothing is recorded that would allow messages on this channel.",
			"Es ist nichts erfasst, was Nachrichten auf diesem Kanal erlauben würde.",
		}
	default:
		return sentence{}
	}
}
