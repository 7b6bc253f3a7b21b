package consent

// Sentences that stand for several codes.
func confirmedConsent() sentence {
	return sentence{
		"Only a new, confirmed consent of the person to this channel, or a data-protection officer who lifts the entry, changes this.",
		"Nur eine neue, bestätigte Einwilligung der Person für diesen Kanal oder die Aufhebung durch die oder den Datenschutzbeauftragten ändert dies.",
	}
}

func officer() sentence {
	return sentence{
		"Only a data-protection officer can lift this.",
		"Nur die oder der Datenschutzbeauftragte kann dies aufheben.",
	}
}

func newConsent() sentence {
	return sentence{
		"Only a new consent of the person to this channel changes this.",
		"Nur eine neue Einwilligung der Person für diesen Kanal ändert dies.",
	}
}

func (c Code) remedy() sentence {
	for _, of := range [...]func(Code) sentence{remedyRequest, remedyNo, remedyConsent, remedyBasis} {
		if s := of(c); s != (sentence{}) {
			return s
		}
	}
	return sentence{}
}

func remedyRequest(c Code) sentence {
	switch c {
	case CodeChannelRetired:
		return sentence{
			"Ask for a channel that is in use.",
			"Fragen Sie nach einem Kanal, der in Verwendung ist.",
		}
	case CodeSenderUnknown, CodeSenderInactive, CodeSenderNotAllowed:
		return sentence{
			"Use a sender identity that the catalog names for this channel, or leave it out for the channel's first.",
			"Verwenden Sie eine Absenderidentität, die der Katalog für diesen Kanal nennt, oder lassen Sie sie weg, um die erste des Kanals zu verwenden.",
		}
	case CodeMixedContent:
		return sentence{
			"Send the message without advertising, or send the advertising on a marketing channel.",
			"Senden Sie die Nachricht ohne Werbung oder die Werbung über einen Werbekanal.",
		}
	case CodeReferenceMissing:
		return sentence{
			"Name the order, contract or duty as the reference.",
			"Geben Sie die Bestellung, den Vertrag oder die Pflicht als Referenz an.",
		}
	case CodeReferenceInvalid:
		return sentence{
			"Give the reference in the form that the catalog requires for this channel.",
			"Geben Sie die Referenz in der Form an, die der Katalog für diesen Kanal verlangt.",
		}
	default:
		return sentence{}
	}
}

func remedyNo(c Code) sentence {
	switch c {
	case CodeLegalBlock, CodeRestricted:
		return officer()
	case CodeHardBounce:
		return sentence{
			"A new, confirmed consent from this address shows that it is reachable again; an entry made in error can be lifted.",
			"Eine neue, bestätigte Einwilligung von dieser Adresse zeigt, dass sie wieder erreichbar ist; ein irrtümlicher Eintrag kann aufgehoben werden.",
		}
	case CodeSuppressed:
		return sentence{
			"The suppression ends when it is lifted or its time is over.",
			"Die Sperre endet, wenn sie aufgehoben wird oder ihre Frist abgelaufen ist.",
		}
	case CodeWithdrawn, CodeRefused:
		return newConsent()
	case CodeRoleAddress:
		return sentence{
			"Ask the person for an address of their own.",
			"Bitten Sie die Person um eine persönliche Adresse.",
		}
	case CodeObjection, CodeComplaint, CodeErased:
		return confirmedConsent()
	case CodeExternalList:
		return sentence{
			"The address may be written to again once it has been removed from the list.",
			"Die Adresse darf erst wieder kontaktiert werden, wenn sie von der Liste entfernt wurde.",
		}
	default:
		return sentence{}
	}
}

func remedyConsent(c Code) sentence {
	switch c {
	case CodeScopeMismatch:
		return sentence{
			"Ask the person for a consent whose wording covers this channel.",
			"Bitten Sie die Person um eine Einwilligung, deren Wortlaut diesen Kanal umfasst.",
		}
	case CodeNotProvable:
		return sentence{
			"Record the missing evidence with the consent, or ask the person to confirm it.",
			"Erfassen Sie den fehlenden Nachweis zur Einwilligung oder bitten Sie die Person, sie zu bestätigen.",
		}
	case CodeConsentExpired, CodeConsentLapsed:
		return newConsent()
	case CodeConsentPending:
		return sentence{
			"The person has to follow the link in the confirmation mail.",
			"Die Person muss dem Link in der Bestätigungs-E-Mail folgen.",
		}
	case CodeConfirmationLimit:
		return sentence{
			"Try again later; the limit protects people who were signed up by others.",
			"Versuchen Sie es später erneut; die Begrenzung schützt Personen, die von anderen angemeldet wurden.",
		}
	default:
		return sentence{}
	}
}

func remedyBasis(c Code) sentence {
	switch c {
	case CodeRefusedBefore, CodeHonouredRefusal, CodeCustomerLapsed, CodeTermsInsufficient, CodeBasisExpired:
		return newConsent()
	case CodeSaleMissing:
		return sentence{
			"Record the sale with its reference, or ask the person for a consent.",
			"Erfassen Sie den Kauf mit seiner Referenz oder bitten Sie die Person um eine Einwilligung.",
		}
	case CodeNoticeMissing:
		return sentence{
			"Record the notice if it was given; otherwise ask the person for a consent.",
			"Erfassen Sie den Hinweis, falls er gegeben wurde; andernfalls bitten Sie die Person um eine Einwilligung.",
		}
	case CodeNotSimilar:
		return sentence{
			"Only a consent of the person, or a purchase of similar goods, changes this.",
			"Nur eine Einwilligung der Person oder der Kauf ähnlicher Waren ändert dies.",
		}
	case CodeTermsReference:
		return sentence{
			"Record the contract with its reference, or ask the person for a consent.",
			"Erfassen Sie den Vertrag mit seiner Referenz oder bitten Sie die Person um eine Einwilligung.",
		}
	case CodeBasisNotAccepted, CodeNoLegalBasis:
		return sentence{
			"Ask the person for a legal basis that this channel accepts, such as a consent.",
			"Holen Sie von der Person eine Rechtsgrundlage ein, die dieser Kanal zulässt, etwa eine Einwilligung.",
		}
	default:
		return sentence{}
	}
}
