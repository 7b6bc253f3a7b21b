package proof

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// remote is one server as one client reaches it.
type remote struct {
	consents     assentv1.ConsentServiceClient
	suppressions assentv1.SuppressionServiceClient
}

// connect returns a connection that comes back quickly when it was cut. It ends with the test.
func connect(t testing.TB, at, key string) remote {
	t.Helper()
	withKey := func(
		ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
	) error {
		return invoke(metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+key), method, req, reply, cc, opts...)
	}
	conn, err := grpc.NewClient("passthrough:///"+at, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithUnaryInterceptor(withKey), grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 10 * time.Millisecond, Multiplier: 1.5, MaxDelay: 100 * time.Millisecond},
			MinConnectTimeout: time.Second,
		}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return remote{consents: assentv1.NewConsentServiceClient(conn), suppressions: assentv1.NewSuppressionServiceClient(conn)}
}

// attempt is a call as it is sent, with the same request id each time.
type attempt struct {
	call

	id   string
	made time.Time // a repetition has the same body
	// longAgo has it occur an hour before, which opens nothing that was closed since.
	longAgo bool
	// paper has it signed, which needs no confirmation and so can be repeated at any time.
	paper bool
}

// ahead is how far the confirmation of a grant lies in the future; repeatable is how long the grant can be repeated before that has come.
const (
	ahead      = 45 * time.Second
	repeatable = 35 * time.Second
)

// request returns a request id by the dice.
func (d dice) request() string {
	var id uuid.UUID
	binary.LittleEndian.PutUint64(id[:8], d.Uint64())
	binary.LittleEndian.PutUint64(id[8:], d.Uint64())
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // A UUID of version 4.
	return id.String()
}

// send makes the call. An error that is no answer leaves open whether a write has happened.
func (r remote) send(ctx context.Context, a attempt) (answer, error) {
	switch a.verb {
	case check:
		return r.ask(ctx, a.call)
	case grant:
		got, err := r.consents.GrantConsent(ctx, grantOf(a))
		return written(got.GetPositions(), err)
	case withdraw:
		got, err := r.consents.WithdrawConsent(ctx, &assentv1.WithdrawConsentRequest{
			Address: a.recipient, Channels: []string{"newsletter"}, RequestId: a.id,
		})
		return written(got.GetPositions(), err)
	case object, suppress:
		in := &assentv1.CreateSuppressionRequest{
			Target: &assentv1.CreateSuppressionRequest_Address{Address: a.recipient}, Reason: "OBJECTION", RequestId: a.id,
		}
		if a.verb == suppress {
			in.Reason, in.Scope = "MANUAL", "channel:newsletter"
		}
		got, err := r.suppressions.CreateSuppression(ctx, in)
		return written(got.GetPositions(), err)
	default:
		got, err := r.suppressions.LiftSuppression(ctx, &assentv1.LiftSuppressionRequest{
			Target: &assentv1.LiftSuppressionRequest_Address{Address: a.recipient}, Reason: "MANUAL", Justification: "proof", RequestId: a.id,
		})
		if reason(err) == "SUPPRESSION_NOT_FOUND" {
			return answer{nothing: true}, nil
		}
		return written(got.GetPositions(), err)
	}
}

// grantOf is a consent that reopens: it is provable, confirmed, and begins when it is recorded. For a time that is ahead by less than a
// client's clock may be is taken for now, on whatever clock, even one that lags behind the client's.
func grantOf(a attempt) *assentv1.GrantConsentRequest {
	in := &assentv1.GrantConsentRequest{
		Address: a.recipient, Channels: []string{"newsletter"}, LegalBasis: assentv1.LegalBasis_LEGAL_BASIS_CONSENT, Declaration: declaration(),
		Evidence:  &assentv1.Evidence{Source: "web_form", ConfirmedTime: timestamppb.New(a.made.Add(ahead))},
		RequestId: a.id,
	}
	if a.longAgo {
		in.OccurredTime = timestamppb.New(a.made.Add(-time.Hour))
		in.Evidence.ConfirmedTime = in.GetOccurredTime()
	}
	if a.paper {
		in.Evidence = &assentv1.Evidence{Source: "paper", DocumentRef: "card"}
	}
	return in
}

func (r remote) ask(ctx context.Context, c call) (answer, error) {
	in := &assentv1.CheckConsentRequest{Address: c.recipient, Channel: "newsletter"}
	if c.atLeast > 0 {
		in.Consistency = &assentv1.Consistency{Requirement: &assentv1.Consistency_AtLeast{AtLeast: &assentv1.AtLeast{Position: c.atLeast}}}
	}
	got, err := r.consents.CheckConsent(ctx, in)
	if err != nil {
		return answer{}, err
	}
	d := got.GetDecision()
	return answer{allow: d.GetVerdict() == assentv1.Verdict_VERDICT_ALLOW, position: d.GetPosition()}, nil
}

func written(positions []int64, err error) (answer, error) {
	if err != nil {
		return answer{unknown: true}, err
	}
	if len(positions) != 1 {
		return answer{}, fmt.Errorf("a write was given the positions %v", positions)
	}
	return answer{position: positions[0]}, nil
}

// reason returns the reason of an error of the service.
func reason(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}

// open reports whether an error may be met while things are broken.
func open(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		return true
	default:
		return false
	}
}
