package handler

import (
	"context"
	"encoding/hex"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/erased"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/rights"
	"github.com/assent-io/assent/internal/service/txn"
)

// EraseRecipient erases an address.
func (s *historyServer) EraseRecipient(
	ctx context.Context, m *assentv1.EraseRecipientRequest,
) (*assentv1.EraseRecipientResponse, error) {
	occurred, err := instant(m.GetOccurredTime(), "occurredTime")
	if err != nil {
		return nil, err
	}
	once, err := IdempotencyOf("EraseRecipient", m)
	if err != nil {
		return nil, err
	}
	result, err := s.rights.Erase(ctx, record.Erasure{
		Address: m.GetAddress(), Occurred: occurred, Operator: m.GetOperator(), Justification: m.GetJustification(), Idempotency: once,
	})
	if err != nil {
		return nil, err
	}
	return &assentv1.EraseRecipientResponse{
		Positions: []int64{result.Position}, Duplicate: result.Duplicate, EventsErased: result.Erased,
		Warnings:   warningsOf(result.Warnings),
		Recipients: erasureRecipients(result.Learnt),
	}, nil
}

// erasureRecipients returns whom an erasure has to be told; nil where the caller is not to know.
func erasureRecipients(learnt *txn.Learnt) *assentv1.ErasureRecipients {
	if learnt == nil {
		return nil
	}
	all := &assentv1.ErasureRecipients{}
	for _, c := range learnt.Clients {
		all.Clients = append(all.Clients, &assentv1.RecipientClient{
			Client: c.ID, Department: c.Department, Name: c.Name, Role: c.Role, Country: c.Country, PostalAddress: c.PostalAddress,
		})
	}
	for _, c := range learnt.Controllers {
		all.Controllers = append(all.Controllers, &assentv1.RecipientController{
			Controller: c.ID, Name: c.Name, PrivacyContact: c.PrivacyContact,
		})
	}
	return all
}

// MoveRecipient records a change of address.
func (s *historyServer) MoveRecipient(
	ctx context.Context, m *assentv1.MoveRecipientRequest,
) (*assentv1.MoveRecipientResponse, error) {
	once, err := IdempotencyOf("MoveRecipient", m)
	if err != nil {
		return nil, err
	}
	moved, err := s.rights.Move(ctx, rights.Move{
		From: m.GetAddress(), To: m.GetNewAddress(), Justification: m.GetJustification(), Idempotency: once,
	})
	if err != nil {
		return nil, err
	}
	response := &assentv1.MoveRecipientResponse{}
	for position := moved.First; position <= moved.Last; position++ {
		response.Positions = append(response.Positions, position)
	}
	return response, nil
}

// VoidEvents leaves events out.
func (s *historyServer) VoidEvents(
	ctx context.Context, m *assentv1.VoidEventsRequest,
) (*assentv1.VoidEventsResponse, error) {
	batch, err := parseUUID(m.GetBatchId(), "batchId")
	if err != nil {
		return nil, err
	}
	voided, err := s.rights.Void(ctx, rights.Void{Position: m.GetPosition(), Batch: batch, Justification: m.GetJustification()})
	if err != nil {
		return nil, err
	}
	return &assentv1.VoidEventsResponse{Events: voided.Events, Subjects: voided.Subjects}, nil
}

// holding is what placing and releasing a hold have in common.
type holding interface {
	identified
	GetAddress() string
	GetJustification() string
}

func holdOf(method string, m holding) (rights.Hold, error) {
	once, err := IdempotencyOf(method, m)
	return rights.Hold{Address: m.GetAddress(), Justification: m.GetJustification(), Idempotency: once}, err
}

// LinkRecipients records that two addresses are of one person.
func (s *historyServer) LinkRecipients(ctx context.Context, m *assentv1.LinkRecipientsRequest) (*assentv1.LinkRecipientsResponse, error) {
	result, err := s.link(ctx, consent.KindLink, "LinkRecipients", m)
	if err != nil {
		return nil, err
	}
	return &assentv1.LinkRecipientsResponse{Positions: []int64{result.Position}, Duplicate: result.Duplicate}, nil
}

// UnlinkRecipients ends the link of two addresses.
func (s *historyServer) UnlinkRecipients(
	ctx context.Context, m *assentv1.UnlinkRecipientsRequest,
) (*assentv1.UnlinkRecipientsResponse, error) {
	result, err := s.link(ctx, consent.KindUnlink, "UnlinkRecipients", m)
	if err != nil {
		return nil, err
	}
	return &assentv1.UnlinkRecipientsResponse{Positions: []int64{result.Position}, Duplicate: result.Duplicate}, nil
}

// linkingNow is a call that links two addresses, or ends their link.
type linkingNow interface {
	linking
	occurring
}

func (s *historyServer) link(ctx context.Context, kind consent.Kind, method string, m linkingNow) (txn.Recorded, error) {
	if err := txn.CheckJustification(m.GetJustification()); err != nil {
		return txn.Recorded{}, err
	}
	return recordAt(ctx, s.record, linkStatement(kind, m), method, m)
}

// PlaceLegalHold puts an address under a legal hold.
func (s *historyServer) PlaceLegalHold(
	ctx context.Context, m *assentv1.PlaceLegalHoldRequest,
) (*assentv1.PlaceLegalHoldResponse, error) {
	in, err := holdOf("PlaceLegalHold", m)
	if err != nil {
		return nil, err
	}
	result, err := s.rights.PlaceHold(ctx, in)
	if err != nil {
		return nil, err
	}
	return &assentv1.PlaceLegalHoldResponse{Positions: []int64{result.Position}}, nil
}

// ReleaseLegalHold ends the legal holds of an address.
func (s *historyServer) ReleaseLegalHold(
	ctx context.Context, m *assentv1.ReleaseLegalHoldRequest,
) (*assentv1.ReleaseLegalHoldResponse, error) {
	in, err := holdOf("ReleaseLegalHold", m)
	if err != nil {
		return nil, err
	}
	result, err := s.rights.ReleaseHold(ctx, in)
	if err != nil {
		return nil, err
	}
	return &assentv1.ReleaseLegalHoldResponse{Positions: []int64{result.Position}}, nil
}

// ListErasedReturns lists what came back of erased persons.
func (s *historyServer) ListErasedReturns(
	ctx context.Context, m *assentv1.ListErasedReturnsRequest,
) (*assentv1.ListErasedReturnsResponse, error) {
	since, err := instant(m.GetSinceTime(), "sinceTime")
	if err != nil {
		return nil, err
	}
	page, err := s.rights.Returns(ctx, erased.ReturnsInput{Since: since, Size: PageSize(m.GetPageSize()), Token: m.GetPageToken()})
	if err != nil {
		return nil, err
	}
	response := &assentv1.ListErasedReturnsResponse{NextPageToken: page.Next}
	for i := range page.Returns {
		r := &page.Returns[i]
		response.Returns = append(response.Returns, &assentv1.ErasedReturn{
			Day: r.Day.Time().Format(time.DateOnly), Client: r.Client, Department: r.Department, Person: r.Person, Count: r.Count,
		})
	}
	return response, nil
}

// ListClaims lists what is kept of erased persons, sealed.
func (s *historyServer) ListClaims(ctx context.Context, m *assentv1.ListClaimsRequest) (*assentv1.ListClaimsResponse, error) {
	page, err := s.rights.Claims(ctx, erased.ClaimsInput{ID: m.GetClaimId(), Size: PageSize(m.GetPageSize()), Token: m.GetPageToken()})
	if err != nil {
		return nil, err
	}
	response := &assentv1.ListClaimsResponse{NextPageToken: page.Next}
	for i := range page.Claims {
		c := &page.Claims[i]
		response.Claims = append(response.Claims, &assentv1.Claim{
			ClaimId: hex.EncodeToString(c.ID[:]), UntilTime: timestamppb.New(c.Until.Time()), Sealed: c.Sealed,
		})
	}
	return response, nil
}
