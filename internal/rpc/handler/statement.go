package handler

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
)

// The requests of single calls and the facts of a batch are different messages with the same fields. These interfaces are what
// they share, so that both are read by the same functions.
type (
	occurring interface {
		identified
		GetOccurredTime() *timestamppb.Timestamp
	}
	optingIn interface {
		GetAddress() string
		GetChannel() string
		GetEvidence() *assentv1.Evidence
	}
	granting interface {
		GetAddress() string
		GetChannels() []string
		GetLegalBasis() assentv1.LegalBasis
		GetDeclaration() *assentv1.DeclarationRef
		GetEvidence() *assentv1.Evidence
		GetExpiresTime() *timestamppb.Timestamp
	}
	refusing interface {
		GetAddress() string
		GetChannels() []string
		GetAllMarketing() bool
		GetDeclaration() *assentv1.DeclarationRef
		GetEvidence() *assentv1.Evidence
	}
	suppressing interface {
		lifting
		GetUntilTime() *timestamppb.Timestamp
		GetBinds() string
	}
	lifting interface {
		GetAddress() string
		GetDomain() string
		GetReason() string
		GetScope() string
		GetList() string
		GetJustification() string
		GetEvidence() *assentv1.Evidence
	}
	linking interface {
		GetAddress() string
		GetOtherAddress() string
		GetJustification() string
	}
)

// putEvidence reads evidence into a statement.
func putEvidence(s *statement.Statement, e *assentv1.Evidence) {
	s.Source, s.URL, s.IP, s.UserAgent = e.GetSource(), e.GetUrl(), e.GetIp(), e.GetUserAgent()
	s.TransactionID, s.DocumentRef = e.GetTransactionRef(), e.GetDocumentRef()
	s.Notice, s.NoticeShown, s.Goods = e.GetNoticeGiven(), declarationOf(e.GetNotice()), e.GetGoods()
	s.Operator, s.Note = e.GetOperator(), e.GetNote()
	var err error
	if s.Confirmed, err = instant(e.GetConfirmedTime(), "evidence.confirmedTime"); err != nil {
		s.Confirmed = statement.InvalidInstant // The domain refuses it, or leaves it out of a no.
	}
}

func optInStatement(kind consent.Kind, m optingIn, declaration *assentv1.DeclarationRef) statement.Statement {
	s := statement.Statement{
		Kind: kind, Address: m.GetAddress(), Channels: []string{m.GetChannel()}, Declaration: declarationOf(declaration),
	}
	putEvidence(&s, m.GetEvidence())
	return s
}

func grantStatement(m granting) (statement.Statement, error) {
	s := statement.Statement{
		Kind: consent.KindGrant, Address: m.GetAddress(), Channels: m.GetChannels(), Basis: basisOf(m.GetLegalBasis()),
		Declaration: declarationOf(m.GetDeclaration()),
	}
	putEvidence(&s, m.GetEvidence())
	var err error
	s.Expires, err = instant(m.GetExpiresTime(), "expiresTime")
	return s, err
}

func refusalStatement(kind consent.Kind, m refusing) statement.Statement {
	s := statement.Statement{
		Kind: kind, Address: m.GetAddress(), Channels: m.GetChannels(), AllMarketing: m.GetAllMarketing(),
		Declaration: declarationOf(m.GetDeclaration()),
	}
	putEvidence(&s, m.GetEvidence())
	return s
}

func suppressionStatement(m suppressing, ofDomain bool) (statement.Statement, error) {
	s, err := targetStatement(consent.KindSuppress, m, ofDomain)
	if err != nil {
		return s, err
	}
	s.Binds = consent.Binds(m.GetBinds())
	s.Expires, err = instant(m.GetUntilTime(), "untilTime")
	return s, err
}

// targetStatement reads what suppressions and lifts have in common.
func targetStatement(kind consent.Kind, m lifting, ofDomain bool) (statement.Statement, error) {
	s := statement.Statement{
		Kind: kind, Address: m.GetAddress(), Domain: m.GetDomain(), Reason: consent.Reason(m.GetReason()),
		Scope: consent.Scope(m.GetScope()), List: m.GetList(), Justification: m.GetJustification(),
	}
	if ofDomain && s.Domain == "" {
		return s, fault.Errorf(fault.InvalidDomain, "domain", "the domain is empty")
	}
	putEvidence(&s, m.GetEvidence())
	return s, nil
}

// liftStatement reads a lift, which may say when the person was told of it.
func liftStatement(m lifting, informed *timestamppb.Timestamp, ofDomain bool) (statement.Statement, error) {
	s, err := targetStatement(consent.KindLift, m, ofDomain)
	if err != nil {
		return s, err
	}
	s.Informed, err = instant(informed, "informedTime")
	return s, err
}

// linkStatement reads that two addresses are of one person, or that they are not.
func linkStatement(kind consent.Kind, m linking) statement.Statement {
	return statement.Statement{Kind: kind, Address: m.GetAddress(), With: m.GetOtherAddress(), Justification: m.GetJustification()}
}

// eventStatement reads an event of a batch.
func eventStatement(e *assentv1.EventInput) (s statement.Statement, err error) {
	switch fact := e.GetFact().(type) {
	case *assentv1.EventInput_Request:
		s = optInStatement(consent.KindRequest, fact.Request, fact.Request.GetDeclaration())
		// Only the service sets it; the domain refuses what a kind of event does not have.
		s.Expires, err = instant(fact.Request.GetExpiresTime(), "expiresTime")
	case *assentv1.EventInput_Grant:
		s, err = grantStatement(fact.Grant)
	case *assentv1.EventInput_Confirm:
		s = optInStatement(consent.KindConfirm, fact.Confirm, nil)
	case *assentv1.EventInput_Withdraw:
		s = refusalStatement(consent.KindWithdraw, fact.Withdraw)
	case *assentv1.EventInput_Refuse:
		s = refusalStatement(consent.KindRefuse, fact.Refuse)
	case *assentv1.EventInput_Suppress:
		_, ofDomain := fact.Suppress.GetTarget().(*assentv1.Suppression_Domain)
		s, err = suppressionStatement(fact.Suppress, ofDomain)
	case *assentv1.EventInput_Lift:
		_, ofDomain := fact.Lift.GetTarget().(*assentv1.Lift_Domain)
		s, err = liftStatement(fact.Lift, fact.Lift.GetInformedTime(), ofDomain)
	case *assentv1.EventInput_Erase:
		s = statement.Statement{
			Kind: consent.KindErase, Address: fact.Erase.GetAddress(), Justification: fact.Erase.GetJustification(),
		}
		putEvidence(&s, fact.Erase.GetEvidence())
	case *assentv1.EventInput_Link:
		s = linkStatement(consent.KindLink, fact.Link)
		putEvidence(&s, fact.Link.GetEvidence())
	case *assentv1.EventInput_Unlink:
		s = linkStatement(consent.KindUnlink, fact.Unlink)
		putEvidence(&s, fact.Unlink.GetEvidence())
	default:
		err = fault.Errorf(fault.InvalidEvent, "",
			"the event does not say what happened: set one of request, grant, confirm, withdraw, refuse, suppress, lift, erase, link, unlink")
	}
	if err != nil {
		return s, err
	}
	s.Occurred, err = instant(e.GetOccurredTime(), "occurredTime")
	return s, err
}
