package handler

import (
	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/service/check"
)

// decisionOf returns a decision as the API has it, with its sentences in the language.
func decisionOf(r *check.Result, lang locale.Language) *assentv1.Decision {
	d := decision(&r.Decision, &r.Snapshot, r.Department, lang)
	d.GrantPosition = r.Decision.Position
	d.ValidUntilTime = Timestamp(r.ValidUntil)
	d.Receipt = r.Receipt
	d.BasisEndTime = Timestamp(r.BasisEnd)
	return d
}

// decision returns what of a decision does not differ between the addresses of a batch.
func decision(d *consent.Decision, basis *check.Snapshot, of *catalog.Department, lang locale.Language) *assentv1.Decision {
	reasons := make([]string, len(d.Reasons))
	for i, code := range d.Reasons {
		reasons[i] = string(code)
	}
	return &assentv1.Decision{
		Verdict:        verdictOf(d.Verdict),
		Reason:         string(d.Reason),
		Reasons:        reasons,
		LegalBasis:     legalBasisOf(d.Basis),
		Declaration:    declarationRef(d.Declaration),
		SenderIdentity: senderOf(d.Sender, of),
		Obligations:    d.Obligations,
		About:          aboutOf(d.About),
		DecidedTime:    Timestamp(d.Decided),
		RetryTime:      Timestamp(d.Retry),
		Position:       basis.Position,
		CatalogVersion: basis.CatalogVersion,
		Explanation:    d.Explanation(lang),
		Remedy:         d.Reason.Remedy(lang),
		ForSending:     basis.ForSending,
	}
}

func senderOf(s *catalog.SenderIdentity, of *catalog.Department) *assentv1.SenderIdentity {
	if s == nil {
		return nil
	}
	sender := &assentv1.SenderIdentity{
		Id: s.ID, FromName: s.From.Name, FromAddress: s.From.Address, ReplyTo: s.ReplyTo, Department: s.Department,
	}
	if of != nil {
		sender.ComplaintsTo = of.ComplaintsTo
	}
	return sender
}

// itemError returns why an item of a batch failed.
func itemError(e *fault.Error) *assentv1.ItemError {
	return &assentv1.ItemError{Reason: string(e.Code), Message: ErrorText(e)}
}
