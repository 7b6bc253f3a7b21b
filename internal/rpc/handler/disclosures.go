package handler

import (
	"context"
	"time"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/service/disclosure"
)

// ListDisclosures returns which clients learnt something about one address.
func (s *historyServer) ListDisclosures(
	ctx context.Context, m *assentv1.ListDisclosuresRequest,
) (*assentv1.ListDisclosuresResponse, error) {
	page, err := s.history.ListDisclosures(ctx, disclosure.ListInput{
		Address: m.GetAddress(), Size: PageSize(m.GetPageSize()), Token: m.GetPageToken(),
	})
	if err != nil {
		return nil, err
	}
	response := &assentv1.ListDisclosuresResponse{NextPageToken: page.Next}
	for i := range page.Disclosures {
		d := &page.Disclosures[i]
		response.Disclosures = append(response.Disclosures, &assentv1.Disclosure{
			Client: d.Client, Department: d.Department, Channel: d.Channel, Day: dayText(d.Day), Count: d.Count,
		})
	}
	return response, nil
}

// ListReaders counts about how many persons each client learnt something.
func (s *historyServer) ListReaders(ctx context.Context, m *assentv1.ListReadersRequest) (*assentv1.ListReadersResponse, error) {
	since, err := instant(m.GetSinceTime(), "sinceTime")
	if err != nil {
		return nil, err
	}
	page, err := s.history.ListReaders(ctx, disclosure.ReadersInput{
		Client: m.GetClient(), Since: since, Size: PageSize(m.GetPageSize()), Token: m.GetPageToken(),
	})
	if err != nil {
		return nil, err
	}
	response := &assentv1.ListReadersResponse{TotalPersons: page.Persons, TotalCount: page.Count, NextPageToken: page.Next}
	for i := range page.Readers {
		r := &page.Readers[i]
		response.Readers = append(response.Readers, &assentv1.Reader{
			Day: dayText(r.Day), Client: r.Client, Department: r.Department, Channel: r.Channel, Persons: r.Persons, Count: r.Count,
		})
	}
	return response, nil
}

// dayText writes a day, in days since 1970-01-01.
func dayText(day int64) string {
	return time.Unix(0, 0).UTC().AddDate(0, 0, int(day)).Format(time.DateOnly)
}
