// Package eventtext writes events of the ledger for a terminal, one row of a table each.
package eventtext

import (
	"encoding/hex"
	"fmt"
	"strings"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/phrase"
)

// Rows returns the rows of a table of events, the first with the names of the columns. Every field that is set is
// in the last column as name=value; a value that holds a space, a quotation mark or an equals sign is in Go's quotation marks.
func Rows(events []*assentv1.Event) [][]string {
	rows := [][]string{{"POSITION", "OCCURRED", "RECORDED", "ACTOR", "EVENT", "FACTS"}}
	for _, e := range events {
		kind, facts := describe(e)
		name := kind.String()
		if !kind.Known() {
			name = "unknown to this version of assent"
		}
		switch e.GetEvidenceState() {
		case assentv1.EvidenceState_EVIDENCE_STATE_DELETED:
			facts.add("evidence", "deleted")
		case assentv1.EvidenceState_EVIDENCE_STATE_WITHHELD:
			facts.add("evidence", "withheld")
		default:
		}
		facts.add("batch", e.GetBatchId())
		if e.GetTextWithheld() {
			facts.add("text", "withheld")
		}
		facts.add("stands-for", value.Numbers(e.GetStandsFor(), ","))
		rows = append(rows, []string{
			fmt.Sprint(e.GetPosition()), value.Stamp(e.GetOccurredTime()), value.Stamp(e.GetRecordedTime()), e.GetActor(), name,
			strings.Join(facts, " "),
		})
	}
	return rows
}

// facts are the parts of an event that are set, as name=value.
type facts []string

func (f *facts) add(name, value string) {
	switch {
	case value == "":
	case strings.ContainsAny(value, " \t\n\"="):
		*f = append(*f, fmt.Sprintf("%s=%q", name, value))
	default:
		*f = append(*f, name+"="+value)
	}
}

func (f *facts) channels(ids ...string) { f.add("channels", strings.Join(ids, ",")) }

// evidence adds what is known about how the fact came about.
func (f *facts) evidence(e *assentv1.Evidence) {
	f.add("source", e.GetSource())
	f.add("confirmed", value.Stamp(e.GetConfirmedTime()))
	f.add("transaction", e.GetTransactionRef())
	if e.GetNoticeGiven() {
		f.add("notice", "given")
	}
	f.add("notice-shown", value.DeclarationName(e.GetNotice()))
	f.add("goods", strings.Join(e.GetGoods(), ","))
	f.add("document", e.GetDocumentRef())
	f.add("url", e.GetUrl())
	f.add("ip", e.GetIp())
	f.add("user-agent", e.GetUserAgent())
	f.add("operator", e.GetOperator())
	f.add("note", e.GetNote())
}

// describe returns the kind of an event, zero for one that this version does not know, and its facts.
func describe(e *assentv1.Event) (consent.Kind, facts) {
	var f facts
	switch fact := e.GetFact().(type) {
	case *assentv1.Event_Request:
		r := fact.Request
		f.add("address", r.GetAddress())
		f.channels(r.GetChannel())
		f.add("declaration", value.DeclarationName(r.GetDeclaration()))
		f.add("ends", value.Stamp(r.GetExpiresTime()))
		f.evidence(r.GetEvidence())
		return consent.KindRequest, f
	case *assentv1.Event_Grant:
		g := fact.Grant
		f.add("address", g.GetAddress())
		f.channels(g.GetChannels()...)
		f.add("basis", value.BasisName(g.GetLegalBasis()))
		f.add("declaration", value.DeclarationName(g.GetDeclaration()))
		f.add("expires", value.Stamp(g.GetExpiresTime()))
		f.evidence(g.GetEvidence())
		return consent.KindGrant, f
	case *assentv1.Event_Confirm:
		f.add("address", fact.Confirm.GetAddress())
		f.channels(fact.Confirm.GetChannel())
		f.evidence(fact.Confirm.GetEvidence())
		return consent.KindConfirm, f
	case *assentv1.Event_Mail:
		f.add("address", fact.Mail.GetAddress())
		f.channels(fact.Mail.GetChannel())
		return consent.KindMail, f
	case *assentv1.Event_Withdraw:
		return consent.KindWithdraw, refusalFacts(fact.Withdraw)
	case *assentv1.Event_Refuse:
		return consent.KindRefuse, refusalFacts(fact.Refuse)
	case *assentv1.Event_Suppress:
		return consent.KindSuppress, suppressionFacts(fact.Suppress)
	case *assentv1.Event_Lift:
		return consent.KindLift, liftFacts(fact.Lift)
	case *assentv1.Event_Erase:
		f.add("address", fact.Erase.GetAddress())
		f.add("why", fact.Erase.GetJustification())
		f.evidence(fact.Erase.GetEvidence())
		return consent.KindErase, f
	case *assentv1.Event_Catalog:
		f.add("version", fmt.Sprint(fact.Catalog.GetVersion()))
		f.add("effective", value.Stamp(fact.Catalog.GetEffectiveTime()))
		f.add("sha256", hex.EncodeToString(fact.Catalog.GetDocumentSha256()))
		return consent.KindCatalog, f
	default:
		return describeRights(e)
	}
}

// describeRights describes what is done for the rights of people.
func describeRights(e *assentv1.Event) (consent.Kind, facts) {
	var f facts
	switch fact := e.GetFact().(type) {
	case *assentv1.Event_Void:
		if position := fact.Void.GetPosition(); position != 0 {
			f.add("leaves-out-position", fmt.Sprint(position))
		}
		f.add("leaves-out-batch", fact.Void.GetBatchId())
		if undo := fact.Void.GetUndo(); undo != 0 {
			f.add("with-undo", fmt.Sprint(undo))
		}
		f.add("why", fact.Void.GetJustification())
		return consent.KindVoid, f
	case *assentv1.Event_Undo:
		f.add("number", fmt.Sprint(fact.Undo.GetNumber()))
		f.add("leaves-out-batch", fact.Undo.GetBatchId())
		f.add("why", fact.Undo.GetJustification())
		return consent.KindUndo, f
	case *assentv1.Event_Move:
		from, to := fact.Move.GetAddress(), fact.Move.GetOtherAddress()
		side := "away from this address"
		if fact.Move.GetSide() == assentv1.MoveSide_MOVE_SIDE_HERE {
			from, to, side = to, from, "to this address"
		}
		f.add("moved", side)
		f.add("from", from)
		f.add("to", to)
		f.add("why", fact.Move.GetJustification())
		return consent.KindMove, f
	case *assentv1.Event_Link:
		return consent.KindLink, linkFacts(fact.Link)
	case *assentv1.Event_Unlink:
		return consent.KindUnlink, linkFacts(fact.Unlink)
	case *assentv1.Event_Hold:
		f.add("why", fact.Hold.GetJustification())
		return consent.KindHold, f
	case *assentv1.Event_Release:
		f.add("why", fact.Release.GetJustification())
		return consent.KindRelease, f
	case *assentv1.Event_Removal:
		f.add("removed", fact.Removal.GetRemoved())
		f.add("until", value.Stamp(fact.Removal.GetUntilTime()))
		f.add("count", fmt.Sprint(fact.Removal.GetCount()))
		if n := fact.Removal.GetPositionCount(); n != 0 {
			f.add("evidence-of", phrase.Count(n, "event"))
		}
		return consent.KindRemoval, f
	case *assentv1.Event_List:
		return consent.KindList, listFacts(fact.List)
	case *assentv1.Event_Ruling:
		f.add("about", fact.Ruling.GetResource())
		f.add("outcome", fact.Ruling.GetOutcome())
		f.add("why", fact.Ruling.GetJustification())
		return consent.KindRuling, f
	default:
		return 0, f
	}
}

func listFacts(l *assentv1.ExternalListActivation) facts {
	var f facts
	f.add("list", l.GetList())
	f.add("version", fmt.Sprint(l.GetVersion()))
	f.add("binds", l.GetBinds())
	f.add("form", l.GetForm())
	f.add("obtained", value.Stamp(l.GetObtainedTime()))
	f.add("freshness", l.GetFreshness())
	f.add("when-stale", l.GetWhenStale())
	f.add("sha256", hex.EncodeToString(l.GetSha256()))
	return f
}

func refusalFacts(r *assentv1.Refusal) facts {
	var f facts
	f.add("address", r.GetAddress())
	f.channels(r.GetChannels()...)
	if r.GetAllMarketing() {
		f.channels("*")
	}
	f.add("declaration", value.DeclarationName(r.GetDeclaration()))
	f.evidence(r.GetEvidence())
	return f
}

func linkFacts(l *assentv1.Link) facts {
	var f facts
	f.add("address", l.GetAddress())
	f.add("with", l.GetOtherAddress())
	f.add("why", l.GetJustification())
	f.evidence(l.GetEvidence())
	return f
}

func suppressionFacts(s *assentv1.Suppression) facts {
	var f facts
	f.add("address", s.GetAddress())
	f.add("domain", s.GetDomain())
	f.add("reason", s.GetReason())
	f.add("scope", s.GetScope())
	f.add("until", value.Stamp(s.GetUntilTime()))
	f.add("list", s.GetList())
	f.add("binds", s.GetBinds())
	f.add("why", s.GetJustification())
	f.evidence(s.GetEvidence())
	return f
}

func liftFacts(l *assentv1.Lift) facts {
	var f facts
	f.add("address", l.GetAddress())
	f.add("domain", l.GetDomain())
	f.add("reason", l.GetReason())
	f.add("scope", l.GetScope())
	f.add("list", l.GetList())
	f.add("informed", value.Stamp(l.GetInformedTime()))
	f.add("why", l.GetJustification())
	f.evidence(l.GetEvidence())
	return f
}
