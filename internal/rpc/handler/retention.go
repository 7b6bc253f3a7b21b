package handler

import (
	"context"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// retentionServer is the RetentionService.
type retentionServer struct {
	assentv1.UnimplementedRetentionServiceServer

	remover Remover
}

// RunRetention removes what is due.
func (s *retentionServer) RunRetention(
	ctx context.Context, m *assentv1.RunRetentionRequest,
) (*assentv1.RunRetentionResponse, error) {
	report, err := s.remover.RunRetention(ctx, m.GetValidateOnly())
	if err != nil {
		return nil, err
	}
	response := &assentv1.RunRetentionResponse{}
	for _, c := range report.Classes {
		response.Classes = append(response.Classes, &assentv1.RetentionClass{
			Class: c.Class, Count: c.Count, OldestTime: Timestamp(c.Oldest), Positions: c.Positions,
		})
	}
	return response, nil
}
