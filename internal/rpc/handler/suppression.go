package handler

import (
	"context"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// suppressionServer is the SuppressionService.
type suppressionServer struct {
	assentv1.UnimplementedSuppressionServiceServer

	record Recorder
}

// CreateSuppression suppresses an address or a domain.
func (s *suppressionServer) CreateSuppression(
	ctx context.Context, m *assentv1.CreateSuppressionRequest,
) (*assentv1.CreateSuppressionResponse, error) {
	_, ofDomain := m.GetTarget().(*assentv1.CreateSuppressionRequest_Domain)
	st, err := suppressionStatement(m, ofDomain)
	if err != nil {
		return nil, err
	}
	result, err := recordAt(ctx, s.record, st, "CreateSuppression", m)
	if err != nil {
		return nil, err
	}
	return &assentv1.CreateSuppressionResponse{
		Positions: []int64{result.Position}, Duplicate: result.Duplicate, Warnings: Warnings(result.Warnings),
		StillAllowed: StillAllowed(result.StillAllowed),
	}, nil
}

// LiftSuppression lifts suppressions.
func (s *suppressionServer) LiftSuppression(
	ctx context.Context, m *assentv1.LiftSuppressionRequest,
) (*assentv1.LiftSuppressionResponse, error) {
	_, ofDomain := m.GetTarget().(*assentv1.LiftSuppressionRequest_Domain)
	st, err := liftStatement(m, m.GetInformedTime(), ofDomain)
	if err != nil {
		return nil, err
	}
	result, err := recordAt(ctx, s.record, st, "LiftSuppression", m)
	if err != nil {
		return nil, err
	}
	return &assentv1.LiftSuppressionResponse{Positions: []int64{result.Position}, Duplicate: result.Duplicate}, nil
}
