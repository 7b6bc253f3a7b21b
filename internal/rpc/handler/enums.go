package handler

import (
	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
)

func verdictOf(v consent.Verdict) assentv1.Verdict {
	switch v {
	case consent.Allow:
		return assentv1.Verdict_VERDICT_ALLOW
	case consent.Deny:
		return assentv1.Verdict_VERDICT_DENY
	case consent.Defer:
		return assentv1.Verdict_VERDICT_DEFER
	default:
		return assentv1.Verdict_VERDICT_UNSPECIFIED
	}
}

func aboutOf(a consent.About) assentv1.About {
	switch a {
	case consent.AboutRequest:
		return assentv1.About_ABOUT_REQUEST
	case consent.AboutRecipient:
		return assentv1.About_ABOUT_RECIPIENT
	default:
		return assentv1.About_ABOUT_UNSPECIFIED
	}
}

// legalBasisOf returns the basis as the API has it; unspecified for none.
func legalBasisOf(b catalog.Basis) assentv1.LegalBasis {
	switch b {
	case catalog.BasisConsent:
		return assentv1.LegalBasis_LEGAL_BASIS_CONSENT
	case catalog.BasisExistingCustomer:
		return assentv1.LegalBasis_LEGAL_BASIS_EXISTING_CUSTOMER
	case catalog.BasisTerms:
		return assentv1.LegalBasis_LEGAL_BASIS_TERMS
	case catalog.BasisContract:
		return assentv1.LegalBasis_LEGAL_BASIS_CONTRACT
	case catalog.BasisLegalObligation:
		return assentv1.LegalBasis_LEGAL_BASIS_LEGAL_OBLIGATION
	default:
		return assentv1.LegalBasis_LEGAL_BASIS_UNSPECIFIED
	}
}

// basisOf returns the basis as the domain has it; empty for none.
func basisOf(b assentv1.LegalBasis) catalog.Basis {
	switch b {
	case assentv1.LegalBasis_LEGAL_BASIS_CONSENT:
		return catalog.BasisConsent
	case assentv1.LegalBasis_LEGAL_BASIS_EXISTING_CUSTOMER:
		return catalog.BasisExistingCustomer
	case assentv1.LegalBasis_LEGAL_BASIS_TERMS:
		return catalog.BasisTerms
	case assentv1.LegalBasis_LEGAL_BASIS_CONTRACT:
		return catalog.BasisContract
	case assentv1.LegalBasis_LEGAL_BASIS_LEGAL_OBLIGATION:
		return catalog.BasisLegalObligation
	default:
		return ""
	}
}

func declarationRef(d consent.Declaration) *assentv1.DeclarationRef {
	if d.IsZero() {
		return nil
	}
	return &assentv1.DeclarationRef{Id: d.ID, Version: d.Version}
}

func declarationOf(d *assentv1.DeclarationRef) consent.Declaration {
	return consent.Declaration{ID: d.GetId(), Version: d.GetVersion()}
}
