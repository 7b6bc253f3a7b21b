package handler

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/txn"
)

// consentServer is the ConsentService.
type consentServer struct {
	assentv1.UnimplementedConsentServiceServer

	check    Checker
	receipts ReceiptVerifier
	record   Recorder
	links    Linker
	speaks   Languages
	checks   Validation
}

// checking is what the requests of one check and of many share.
type checking interface {
	fresh
	GetChannel() string
	GetSenderIdentity() string
	GetReference() string
	GetContainsAdvertising() bool
	GetLinks() bool
	GetOperational() bool
	GetSend() string
}

func checkRequest(m checking) consent.Request {
	return consent.Request{
		Channel: m.GetChannel(), Sender: m.GetSenderIdentity(), Reference: m.GetReference(), Advertising: m.GetContainsAdvertising(),
	}
}

// CheckConsent answers about one address.
func (s *consentServer) CheckConsent(
	ctx context.Context, m *assentv1.CheckConsentRequest,
) (*assentv1.CheckConsentResponse, error) {
	moment, consistency, err := s.when(ctx, m)
	if err != nil {
		return nil, err
	}
	result, err := s.check.Check(ctx, check.Input{
		Address: m.GetAddress(), Request: checkRequest(m), Moment: moment, Consistency: consistency,
		Operational: m.GetOperational(), Receipt: m.GetReceipt(), Send: m.GetSend(),
	})
	if err != nil {
		return nil, err
	}
	response := &assentv1.CheckConsentResponse{Decision: decisionOf(&result, s.speaks.Of(ctx))}
	if m.GetLinks() {
		made, err := s.linksOf(ctx, m.GetChannel(), []recipient.Wanted{
			{Address: m.GetAddress(), Verdict: result.Verdict, Decided: result.Decided},
		})
		if err != nil {
			return nil, err
		}
		if result.Verdict == consent.Allow {
			response.Links = made[0]
		}
	}
	return response, nil
}

// BatchCheckConsent answers about many addresses.
func (s *consentServer) BatchCheckConsent(
	ctx context.Context, m *assentv1.BatchCheckConsentRequest,
) (*assentv1.BatchCheckConsentResponse, error) {
	return s.batchAnswer(ctx, m, s.speaks.Of(ctx))
}

// batchAnswer answers about many addresses, with the links of their messages where these are asked for.
func (s *consentServer) batchAnswer(
	ctx context.Context, m *assentv1.BatchCheckConsentRequest, lang locale.Language,
) (*assentv1.BatchCheckConsentResponse, error) {
	result, err := s.batch(ctx, m)
	if err != nil {
		return nil, err
	}
	response := compact(&result, lang)
	if !m.GetLinks() {
		return response, nil
	}
	wanted := make([]recipient.Wanted, len(m.GetAddresses()))
	for i, address := range m.GetAddresses() {
		d, _ := result.Item(i)
		wanted[i] = recipient.Wanted{Address: address, Verdict: d.Verdict, Decided: d.Decided}
	}
	response.Links, err = s.linksOf(ctx, m.GetChannel(), wanted)
	return response, err
}

// when reads what moment a request asks about and how fresh the answer has to be, and refuses what does not go together with that.
func (s *consentServer) when(ctx context.Context, m checking) (moment asof.Moment, c check.Consistency, err error) {
	if moment, err = momentOf(m); err != nil {
		return moment, c, err
	}
	if c, err = consistencyOf(m); err != nil {
		return moment, c, err
	}
	if m.GetOperational() && moment.IsNow() {
		return moment, c, fault.Errorf(fault.InvalidRequest, "operational",
			"an answer of now always has the operational limits; omit it, or give asOf or knownAsOf")
	}
	return moment, c, s.mayLink(ctx, m, moment, &c)
}

// mayLink refuses a request for links that cannot have any, before it is decided about.
func (s *consentServer) mayLink(ctx context.Context, m checking, moment asof.Moment, c *check.Consistency) error {
	switch {
	case !m.GetLinks():
		return nil
	case !moment.IsNow():
		return fault.Errorf(fault.InvalidRequest, "links", "links are made for messages of now; ask without asOf and knownAsOf")
	case c.Bounded != 0:
		return fault.Errorf(fault.InvalidRequest, "links", "links are made for what may be sent; ask without consistency.bounded")
	default:
		return s.links.MayIssue(ctx, m.GetChannel())
	}
}

// linksOf returns the links of messages, an empty one for each that has none.
func (s *consentServer) linksOf(ctx context.Context, channel string, wanted []recipient.Wanted) ([]*assentv1.MessageLinks, error) {
	made, err := s.links.Issue(ctx, channel, wanted)
	if err != nil {
		return nil, err
	}
	list := make([]*assentv1.MessageLinks, len(made))
	for i, h := range made {
		list[i] = &assentv1.MessageLinks{}
		if h != nil {
			list[i] = &assentv1.MessageLinks{
				ListUnsubscribe: h.ListUnsubscribe, ListUnsubscribePost: h.ListUnsubscribePost, PageUrl: h.PageURL, Token: h.Token,
				ReturnPath: h.ReturnPath,
			}
		}
	}
	return list, nil
}

func (s *consentServer) batch(ctx context.Context, m *assentv1.BatchCheckConsentRequest) (check.BatchResult, error) {
	moment, consistency, err := s.when(ctx, m)
	if err != nil {
		return check.BatchResult{}, err
	}
	return s.check.BatchCheck(ctx, check.BatchInput{
		Addresses: m.GetAddresses(), Request: checkRequest(m), Moment: moment, Consistency: consistency,
		Operational: m.GetOperational(), Send: m.GetSend(),
	})
}

// RequestConsent asks for a double opt-in.
func (s *consentServer) RequestConsent(
	ctx context.Context, m *assentv1.RequestConsentRequest,
) (*assentv1.RequestConsentResponse, error) {
	st := optInStatement(consent.KindRequest, m, m.GetDeclaration())
	once, err := IdempotencyOf("RequestConsent", m)
	if err != nil {
		return nil, err
	}
	result, err := s.record.RequestConsent(ctx, record.OptIn{
		Statement: st, Sender: m.GetSenderIdentity(), Idempotency: once,
	})
	if err != nil {
		return nil, err
	}
	return &assentv1.RequestConsentResponse{
		Decision: decisionOf(&result.Result, s.speaks.Of(ctx)), Token: result.Token,
		ExpiresTime: Timestamp(result.Expires), Positions: result.Positions,
		Warnings: Warnings(result.Warnings),
	}, nil
}

// ConfirmConsent confirms a double opt-in.
func (s *consentServer) ConfirmConsent(
	ctx context.Context, m *assentv1.ConfirmConsentRequest,
) (*assentv1.ConfirmConsentResponse, error) {
	st := statement.Statement{Kind: consent.KindConfirm}
	putEvidence(&st, m.GetEvidence())
	once, err := IdempotencyOf("ConfirmConsent", m)
	if err != nil {
		return nil, err
	}
	result, err := s.record.ConfirmConsent(ctx, record.Confirmation{Token: m.GetToken(), Statement: st, Idempotency: once})
	if err != nil {
		return nil, err
	}
	return &assentv1.ConfirmConsentResponse{
		Positions: []int64{result.Position}, Channel: result.Channel, Duplicate: result.Duplicate,
	}, nil
}

// GrantConsent records a grant.
func (s *consentServer) GrantConsent(
	ctx context.Context, m *assentv1.GrantConsentRequest,
) (*assentv1.GrantConsentResponse, error) {
	st, err := grantStatement(m)
	if err != nil {
		return nil, err
	}
	result, err := recordAt(ctx, s.record, st, "GrantConsent", m)
	if err != nil {
		return nil, err
	}
	return &assentv1.GrantConsentResponse{
		Positions: []int64{result.Position}, Duplicate: result.Duplicate, Warnings: Warnings(result.Warnings),
	}, nil
}

// WithdrawConsent records a withdrawal or a refusal.
func (s *consentServer) WithdrawConsent(
	ctx context.Context, m *assentv1.WithdrawConsentRequest,
) (*assentv1.WithdrawConsentResponse, error) {
	kind := consent.KindWithdraw
	if m.GetNeverGranted() {
		if m.GetAllMarketing() {
			return nil, fault.Errorf(fault.InvalidRequest, "neverGranted",
				"a refusal of all marketing is an objection and needs no earlier grant: omit neverGranted")
		}
		if m.GetDeclaration() != nil {
			return nil, fault.Errorf(fault.InvalidRequest, "neverGranted",
				"a declaration is withdrawn, not refused without ever having been granted: leave neverGranted out")
		}
		kind = consent.KindRefuse
	}
	result, err := recordAt(ctx, s.record, refusalStatement(kind, m), "WithdrawConsent", m)
	if err != nil {
		return nil, err
	}
	return &assentv1.WithdrawConsentResponse{
		Positions: []int64{result.Position}, Duplicate: result.Duplicate, Warnings: Warnings(result.Warnings),
		StillAllowed: StillAllowed(result.StillAllowed),
	}, nil
}

// BatchRecordEvents records events of the past.
func (s *consentServer) BatchRecordEvents(
	ctx context.Context, m *assentv1.BatchRecordEventsRequest,
) (*assentv1.BatchRecordEventsResponse, error) {
	once, err := IdempotencyOf("BatchRecordEvents", m)
	if err != nil {
		return nil, err
	}
	batch, err := parseUUID(m.GetBatchId(), "batchId")
	if err != nil {
		return nil, err
	}
	in := record.Batch{
		Items: make([]record.BatchItem, len(m.GetEvents())), ValidateOnly: m.GetValidateOnly(), Batch: batch,
		Idempotency: once,
	}
	for i, event := range m.GetEvents() {
		if in.Items[i], err = s.item(event); err != nil {
			return nil, err
		}
	}
	items, err := s.record.BatchRecord(ctx, in)
	if err != nil {
		return nil, err
	}
	response := &assentv1.BatchRecordEventsResponse{Results: make([]*assentv1.RecordResult, len(items))}
	for i := range items {
		response.Results[i] = &assentv1.RecordResult{
			Position: items[i].Position, Duplicate: items[i].Duplicate, Warnings: Warnings(items[i].Warnings),
			StillAllowed: StillAllowed(items[i].StillAllowed),
		}
		if items[i].Err != nil {
			response.Results[i] = &assentv1.RecordResult{Error: itemError(items[i].Err)}
		}
	}
	return response, nil
}

// item reads one event of a batch. What is wrong with it is its own fault and becomes part of the item; an error is ours.
func (s *consentServer) item(event *assentv1.EventInput) (record.BatchItem, error) {
	var item record.BatchItem
	err := s.shape(event)
	if err == nil {
		item.Statement, err = eventStatement(event)
	}
	if err != nil && !errors.As(err, &item.Err) {
		return item, err
	}
	return item, nil
}

// shape checks the shape of the event's fact, which the rules of the whole message leave out.
func (s *consentServer) shape(event *assentv1.EventInput) error {
	var fact proto.Message
	switch f := event.GetFact().(type) {
	case *assentv1.EventInput_Request:
		fact = f.Request
	case *assentv1.EventInput_Grant:
		fact = f.Grant
	case *assentv1.EventInput_Confirm:
		fact = f.Confirm
	case *assentv1.EventInput_Withdraw:
		fact = f.Withdraw
	case *assentv1.EventInput_Refuse:
		fact = f.Refuse
	case *assentv1.EventInput_Suppress:
		fact = f.Suppress
	case *assentv1.EventInput_Lift:
		fact = f.Lift
	case *assentv1.EventInput_Erase:
		fact = f.Erase
	case *assentv1.EventInput_Link:
		fact = f.Link
	case *assentv1.EventInput_Unlink:
		fact = f.Unlink
	default:
		return nil
	}
	return s.checks.shape(fact, fault.InvalidEvent)
}

// recordAt records a statement that occurred when the request says.
func recordAt(ctx context.Context, to Recorder, st statement.Statement, method string, m occurring) (txn.Recorded, error) {
	var err error
	if st.Occurred, err = instant(m.GetOccurredTime(), "occurredTime"); err != nil {
		return txn.Recorded{}, err
	}
	once, err := IdempotencyOf(method, m)
	if err != nil {
		return txn.Recorded{}, err
	}
	return to.Record(ctx, st, once)
}
