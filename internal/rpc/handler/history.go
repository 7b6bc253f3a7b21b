package handler

import (
	"context"
	"strings"

	"github.com/google/uuid"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/export"
)

// historyServer is the HistoryService.
type historyServer struct {
	assentv1.UnimplementedHistoryServiceServer

	history Historian
	record  Recorder
	rights  Rights
	speaks  Languages
}

// SearchHistory returns the events of one address.
func (s *historyServer) SearchHistory(
	ctx context.Context, m *assentv1.SearchHistoryRequest,
) (*assentv1.SearchHistoryResponse, error) {
	since, err := instant(m.GetOccurredSinceTime(), "occurredSinceTime")
	if err != nil {
		return nil, err
	}
	until, err := instant(m.GetOccurredUntilTime(), "occurredUntilTime")
	if err != nil {
		return nil, err
	}
	page, err := s.history.History(ctx, export.HistoryInput{
		Address: m.GetAddress(), Size: PageSize(m.GetPageSize()), Token: m.GetPageToken(),
		HistoryFilter: export.HistoryFilter{
			Since: since, Until: until, Kinds: m.GetKinds(), Channel: m.GetChannel(), Actor: m.GetActor(),
		},
	})
	if err != nil {
		return nil, err
	}
	response := &assentv1.SearchHistoryResponse{NextPageToken: page.Next}
	for i := range page.Events {
		response.Events = append(response.Events, EventOf(&page.Events[i]))
	}
	return response, nil
}

// EventOf returns an event of the ledger with the evidence that is held.
func EventOf(h *export.HistoryEvent) *assentv1.Event {
	e := &assentv1.Event{
		Position: h.Position, RecordedTime: Timestamp(h.Recorded), OccurredTime: Timestamp(h.Occurred), Actor: h.Actor,
		EvidenceState: evidenceState(h), StandsFor: h.Was, TextWithheld: h.TextWithheld,
	}
	if h.Batch != (consent.BatchID{}) {
		e.BatchId = uuid.UUID(h.Batch).String()
	}
	putFact(e, h)
	return e
}

func evidenceState(h *export.HistoryEvent) assentv1.EvidenceState {
	switch {
	case h.Closed:
		return assentv1.EvidenceState_EVIDENCE_STATE_WITHHELD
	case h.Held:
		return assentv1.EvidenceState_EVIDENCE_STATE_HELD
	case h.Event.Evidence == [32]byte{}:
		return assentv1.EvidenceState_EVIDENCE_STATE_NONE
	default:
		return assentv1.EvidenceState_EVIDENCE_STATE_DELETED
	}
}

func putFact(e *assentv1.Event, h *export.HistoryEvent) {
	address, evidence := h.Evidence.Address, evidenceOf(h)
	switch h.Kind {
	case consent.KindRequest:
		e.Fact = &assentv1.Event_Request{Request: &assentv1.Request{
			Address: address, Channel: first(h.Channels), Declaration: declarationRef(h.Declaration), Evidence: evidence,
			ExpiresTime: Timestamp(h.Expires),
		}}
	case consent.KindGrant:
		e.Fact = &assentv1.Event_Grant{Grant: &assentv1.Grant{
			Address: address, Channels: h.Channels, LegalBasis: legalBasisOf(h.Basis), Declaration: declarationRef(h.Declaration),
			Evidence: evidence, ExpiresTime: Timestamp(h.Expires),
		}}
	case consent.KindConfirm:
		e.Fact = &assentv1.Event_Confirm{Confirm: &assentv1.Confirmation{
			Address: address, Channel: first(h.Channels), Evidence: evidence,
		}}
	case consent.KindMail:
		e.Fact = &assentv1.Event_Mail{Mail: &assentv1.ConfirmationMail{Address: address, Channel: first(h.Channels)}}
	case consent.KindWithdraw:
		e.Fact = &assentv1.Event_Withdraw{Withdraw: &assentv1.Refusal{
			Address: address, Channels: h.Channels, Declaration: declarationRef(h.Declaration), Evidence: evidence,
		}}
	case consent.KindRefuse:
		e.Fact = &assentv1.Event_Refuse{Refuse: &assentv1.Refusal{
			Address: address, Channels: h.Channels, Evidence: evidence,
		}}
	case consent.KindSuppress:
		e.Fact = &assentv1.Event_Suppress{Suppress: suppressionOf(h, evidence)}
	case consent.KindLift:
		e.Fact = &assentv1.Event_Lift{Lift: liftOf(h, evidence)}
	case consent.KindErase:
		e.Fact = &assentv1.Event_Erase{Erase: &assentv1.Erasure{
			Address: address, Justification: h.Evidence.Justification, Evidence: evidence,
		}}
	case consent.KindCatalog:
		e.Fact = &assentv1.Event_Catalog{Catalog: &assentv1.CatalogChange{
			Version: h.CatalogVersion, EffectiveTime: Timestamp(h.Effective), DocumentSha256: h.Document256[:],
		}}
	default:
		putRights(e, h)
	}
}

// putRights puts the fact of what is done for the rights of people.
func putRights(e *assentv1.Event, h *export.HistoryEvent) {
	why := h.Evidence.Justification
	switch h.Kind {
	case consent.KindVoid:
		void := &assentv1.Void{LeftOut: &assentv1.Void_Position{Position: h.VoidPosition}, Justification: why, Undo: h.Undo}
		if h.VoidBatch != (consent.BatchID{}) {
			void.LeftOut = &assentv1.Void_BatchId{BatchId: uuid.UUID(h.VoidBatch).String()}
		}
		e.Fact = &assentv1.Event_Void{Void: void}
	case consent.KindUndo:
		e.Fact = &assentv1.Event_Undo{Undo: &assentv1.Undo{
			Number: h.Undo, BatchId: uuid.UUID(h.VoidBatch).String(), Justification: why,
		}}
	case consent.KindMove:
		side := assentv1.MoveSide_MOVE_SIDE_AWAY
		if h.Move == consent.MovedHere {
			side = assentv1.MoveSide_MOVE_SIDE_HERE
		}
		e.Fact = &assentv1.Event_Move{Move: &assentv1.Move{
			Side: side, Address: h.Evidence.Address, OtherAddress: h.Evidence.Other, Justification: why,
		}}
	case consent.KindHold:
		e.Fact = &assentv1.Event_Hold{Hold: &assentv1.LegalHold{Justification: why}}
	case consent.KindRelease:
		e.Fact = &assentv1.Event_Release{Release: &assentv1.LegalHold{Justification: why}}
	case consent.KindLink:
		e.Fact = &assentv1.Event_Link{Link: factOfLink(h)}
	case consent.KindUnlink:
		e.Fact = &assentv1.Event_Unlink{Unlink: factOfLink(h)}
	case consent.KindRemoval:
		e.Fact = &assentv1.Event_Removal{Removal: &assentv1.Removal{
			Removed: string(h.Removed), UntilTime: Timestamp(h.Until), Count: h.Count, PositionCount: int64(len(h.Positions)),
		}}
	case consent.KindList:
		e.Fact = &assentv1.Event_List{List: listActivationOf(h)}
	case consent.KindRuling:
		e.Fact = &assentv1.Event_Ruling{Ruling: &assentv1.Ruling{Resource: h.Resource, Outcome: h.Outcome, Justification: why}}
	default: // A kind of a later version has no fact here.
	}
}

func listActivationOf(h *export.HistoryEvent) *assentv1.ExternalListActivation {
	a := &assentv1.ExternalListActivation{
		List: h.List, Version: h.ListVersion, Binds: string(h.Binds), Form: h.ListForm, ObtainedTime: Timestamp(h.Obtained),
		WhenStale: "ignore", Sha256: h.Document256[:],
	}
	if !h.Freshness.IsZero() {
		a.Freshness = h.Freshness.String()
	}
	if h.StaleDenies {
		a.WhenStale = "deny"
	}
	return a
}

func factOfLink(h *export.HistoryEvent) *assentv1.Link {
	return &assentv1.Link{
		Address: h.Evidence.Address, OtherAddress: h.Evidence.Other, Justification: h.Evidence.Justification, Evidence: evidenceOf(h),
	}
}

func suppressionOf(h *export.HistoryEvent, evidence *assentv1.Evidence) *assentv1.Suppression {
	s := &assentv1.Suppression{
		Reason: string(h.Reason), Scope: string(h.Scope), UntilTime: Timestamp(h.Expires), List: h.List, Binds: string(h.Binds),
		Justification: h.Evidence.Justification, Evidence: evidence,
	}
	putTarget(h, func(address string) { s.Target = &assentv1.Suppression_Address{Address: address} },
		func(domain string) { s.Target = &assentv1.Suppression_Domain{Domain: domain} })
	return s
}

func liftOf(h *export.HistoryEvent, evidence *assentv1.Evidence) *assentv1.Lift {
	l := &assentv1.Lift{
		Reason: string(h.Reason), Scope: string(h.Scope), List: h.List, Justification: h.Evidence.Justification,
		Evidence: evidence, InformedTime: Timestamp(h.Informed),
	}
	putTarget(h, func(address string) { l.Target = &assentv1.Lift_Address{Address: address} },
		func(domain string) { l.Target = &assentv1.Lift_Domain{Domain: domain} })
	return l
}

// putTarget hands on what an event was about, as long as that is held: every address has an @, and no domain.
func putTarget(h *export.HistoryEvent, address, domain func(string)) {
	switch target := h.Evidence.Address; {
	case target == "":
	case strings.Contains(target, "@"):
		address(target)
	default:
		domain(target)
	}
}

func first(channels []string) string {
	if len(channels) == 0 {
		return ""
	}
	return channels[0]
}

// evidenceOf returns what is known about how the event came about; nil if that is nothing.
func evidenceOf(h *export.HistoryEvent) *assentv1.Evidence {
	v := &h.Evidence
	if h.Source == "" && h.Confirmed == 0 && !h.Notice && h.NoticeShown.IsZero() && len(h.Goods) == 0 && v.URL == "" && v.IP == "" && v.UserAgent == "" &&
		v.TransactionRef == "" && v.DocumentRef == "" && v.Operator == "" && v.Note == "" {
		return nil
	}
	return &assentv1.Evidence{
		Source: h.Source, Url: v.URL, Ip: v.IP, UserAgent: v.UserAgent, ConfirmedTime: Timestamp(h.Confirmed),
		TransactionRef: v.TransactionRef, NoticeGiven: h.Notice, Goods: h.Goods, DocumentRef: v.DocumentRef,
		Operator: v.Operator, Note: v.Note, Notice: declarationRef(h.NoticeShown),
	}
}
