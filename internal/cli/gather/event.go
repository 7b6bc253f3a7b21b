package gather

import (
	"cmp"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/duty"
)

// timeOf returns a time; the zero time for none.
func timeOf(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}

// eventOf returns an event as the documents know it. Of a kind that they do not show only the name is kept.
func eventOf(e *assentv1.Event) duty.Event {
	out := duty.Event{
		Position: e.GetPosition(), Occurred: timeOf(e.GetOccurredTime()), Recorded: timeOf(e.GetRecordedTime()), Actor: e.GetActor(),
		EvidenceDeleted: e.GetEvidenceState() == assentv1.EvidenceState_EVIDENCE_STATE_DELETED,
	}
	switch fact := e.GetFact().(type) {
	case *assentv1.Event_Request:
		r := fact.Request
		out.Kind, out.Address, out.Channels, out.Expires = "request", r.GetAddress(), []string{r.GetChannel()}, timeOf(r.GetExpiresTime())
		declare(&out, r.GetDeclaration())
		attest(&out, r.GetEvidence())
	case *assentv1.Event_Grant:
		g := fact.Grant
		out.Kind, out.Address, out.Channels, out.Expires = "grant", g.GetAddress(), g.GetChannels(), timeOf(g.GetExpiresTime())
		out.Basis = catalog.Basis(value.BasisName(g.GetLegalBasis()))
		declare(&out, g.GetDeclaration())
		attest(&out, g.GetEvidence())
	case *assentv1.Event_Confirm:
		out.Kind, out.Address, out.Channels = "confirm", fact.Confirm.GetAddress(), []string{fact.Confirm.GetChannel()}
		attest(&out, fact.Confirm.GetEvidence())
	case *assentv1.Event_Mail:
		out.Kind, out.Address, out.Channels = "mail", fact.Mail.GetAddress(), []string{fact.Mail.GetChannel()}
	case *assentv1.Event_Withdraw:
		refuse(&out, "withdraw", fact.Withdraw)
	case *assentv1.Event_Refuse:
		refuse(&out, "refuse", fact.Refuse)
	case *assentv1.Event_Suppress:
		x := fact.Suppress
		out.Kind, out.Address, out.Reason, out.Scope = "suppress", cmp.Or(x.GetAddress(), x.GetDomain()), x.GetReason(), x.GetScope()
		out.Until, out.Justified = timeOf(x.GetUntilTime()), x.GetJustification()
		attest(&out, x.GetEvidence())
	case *assentv1.Event_Lift:
		x := fact.Lift
		out.Kind, out.Address, out.Reason, out.Scope = "lift", cmp.Or(x.GetAddress(), x.GetDomain()), x.GetReason(), x.GetScope()
		out.Justified = x.GetJustification()
		attest(&out, x.GetEvidence())
	default:
		otherOf(&out, e)
	}
	return out
}

// otherOf fills in what is done for the rights of persons.
func otherOf(out *duty.Event, e *assentv1.Event) {
	switch fact := e.GetFact().(type) {
	case *assentv1.Event_Erase:
		out.Kind, out.Address, out.Justified = "erase", fact.Erase.GetAddress(), fact.Erase.GetJustification()
		attest(out, fact.Erase.GetEvidence())
	case *assentv1.Event_Void:
		out.Kind, out.VoidPosition, out.Justified = "void", fact.Void.GetPosition(), fact.Void.GetJustification()
		out.Undo = fact.Void.GetUndo()
	case *assentv1.Event_Move:
		out.Kind, out.Justified = "move", fact.Move.GetJustification()
	case *assentv1.Event_Link:
		out.Kind = "link"
	case *assentv1.Event_Unlink:
		out.Kind = "unlink"
	default:
		out.Kind = "other"
	}
}

func declare(out *duty.Event, ref *assentv1.DeclarationRef) {
	out.Declaration, out.Version = ref.GetId(), ref.GetVersion()
}

func refuse(out *duty.Event, kind string, r *assentv1.Refusal) {
	out.Kind, out.Address, out.Channels, out.AllMarketing = kind, r.GetAddress(), r.GetChannels(), r.GetAllMarketing()
	declare(out, r.GetDeclaration())
	attest(out, r.GetEvidence())
}

func attest(out *duty.Event, e *assentv1.Evidence) {
	out.Source, out.Confirmed, out.NoticeGiven = e.GetSource(), timeOf(e.GetConfirmedTime()), e.GetNoticeGiven()
	out.Evidence = duty.Evidence{
		URL: e.GetUrl(), IP: e.GetIp(), UserAgent: e.GetUserAgent(), Transaction: e.GetTransactionRef(), Document: e.GetDocumentRef(),
		Operator: e.GetOperator(), Note: e.GetNote(),
	}
}
