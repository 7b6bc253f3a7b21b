package dossier

import (
	"encoding/base64"
	"encoding/hex"

	"github.com/google/uuid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/dossier/wording"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/locale"
)

// EventOf returns an event as its header says it, without evidence and without what only a catalog knows but the names.
func EventOf(header []byte, names wording.Names) (Event, error) {
	e, err := codec.DecodeHeader(header)
	if err != nil {
		return Event{}, err
	}
	return eventOf(header, &e, names), nil
}

// EventShown returns an event with a header for a reader that may see only these facts of it.
func EventShown(header []byte, shown *consent.Event, names wording.Names) Event {
	return eventOf(header, shown, names)
}

func eventOf(header []byte, e *consent.Event, names wording.Names) Event {
	leaf := ledger.LeafHash(header)
	out := Event{
		Position: e.Position, RecordedTime: Time(e.Recorded), OccurredTime: Time(e.Occurred), Kind: e.Kind.String(),
		Summary: wording.Describe(e, names), Actor: e.Actor, Channels: make([]Named, 0, len(e.Channels)), LegalBasis: string(e.Basis),
		Declaration: e.Declaration.String(), ExpiresTime: Time(e.Expires), Source: e.Source, ConfirmedTime: Time(e.Confirmed),
		NoticeGiven: e.Notice, Notice: e.NoticeShown.String(), InformedTime: Time(e.Informed), Goods: e.Goods, Reason: string(e.Reason), Scope: string(e.Scope), List: e.List, Binds: string(e.Binds),
		EvidenceState: EvidenceNone, LeafHash: base64.StdEncoding.EncodeToString(leaf[:]),
	}
	for _, id := range e.Channels {
		out.Channels = append(out.Channels, Named{ID: id, Name: names(consent.ScopeChannel, id)})
	}
	if e.Batch != (consent.BatchID{}) {
		out.BatchID = uuid.UUID(e.Batch).String()
	}
	out.rights(e)
	if e.Evidence != [32]byte{} {
		out.EvidenceState, out.EvidenceSHA256 = EvidenceDeleted, hex.EncodeToString(e.Evidence[:])
	}
	return out
}

// Blank is an event of which an erasure left nothing but its place: another one stands for it, if any does.
func Blank(position int64, recorded Time, leaf [ledger.HashSize]byte) Event {
	return Event{
		Position: position, RecordedTime: recorded, Kind: "blank", Channels: []Named{}, EvidenceState: EvidenceNone,
		Summary:  locale.Get("event.blank"),
		LeafHash: base64.StdEncoding.EncodeToString(leaf[:]),
	}
}

// rights adds what erasures, voids, moves and removals say.
func (e *Event) rights(of *consent.Event) {
	e.Was, e.VoidPosition, e.Undo = of.Was, of.VoidPosition, of.Undo
	if of.VoidBatch != (consent.BatchID{}) {
		e.VoidBatch = uuid.UUID(of.VoidBatch).String()
	}
	switch of.Move {
	case consent.MovedAway:
		e.Moved = "away"
	case consent.MovedHere:
		e.Moved = "here"
	}
	if of.Kind == consent.KindRemoval {
		e.Removed = &Removed{Of: string(of.Removed), UntilTime: Time(of.Until), Count: of.Count, Positions: of.Positions}
	}
}

// markVoid marks the events that others declare void, but for voids that wait for an undo.
func (d *Dossier) markVoid() {
	for i := range d.Events {
		void := &d.Events[i]
		if void.Kind != "void" || void.Undo > d.Made.Undone {
			continue
		}
		for j := range d.Events {
			e := &d.Events[j]
			if void.VoidPosition == e.Position || void.VoidBatch != "" && void.VoidBatch == e.BatchID && e.Kind != "void" {
				e.VoidedBy = void.Position
			}
		}
	}
}

// SetEvidence adds the evidence that is held. The name of an employee is left out unless it is asked for.
func (e *Event) SetEvidence(v *consent.Evidence, operators bool) {
	e.EvidenceState = EvidenceHeld
	e.Evidence = Evidence{
		Address: v.Address, URL: v.URL, IP: v.IP, UserAgent: v.UserAgent, TransactionRef: v.TransactionRef, DocumentRef: v.DocumentRef,
		Note: v.Note, Justification: v.Justification, OtherAddress: v.Other,
	}
	if operators {
		e.Evidence.Operator = v.Operator
	} else {
		e.Evidence.OperatorWithheld = v.Operator != ""
	}
}

// Withhold leaves out what came with the event, for what is told would adversely affect the rights of others (GDPR Art. 15(4)).
func (e *Event) Withhold(ground string) {
	e.EvidenceState, e.Evidence, e.WithheldGround = EvidenceWithheld, Evidence{}, ground
}
