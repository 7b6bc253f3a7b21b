package gather

import (
	"context"
	"fmt"
	"time"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/duty"
)

// AllReaders returns all pages of the readers that a request asks for, as one answer.
func AllReaders(ctx context.Context, s *connect.Server, in *assentv1.ListReadersRequest) (*assentv1.ListReadersResponse, error) {
	all := &assentv1.ListReadersResponse{}
	in.PageSize = pageSize
	for page, err := range connect.Pages(ctx, s, assentv1.NewHistoryServiceClient(s).ListReaders, in, &in.PageToken) {
		if err != nil {
			return nil, err
		}
		if in.GetPageToken() == "" {
			all.TotalPersons, all.TotalCount = page.GetTotalPersons(), page.GetTotalCount()
		}
		all.Readers = append(all.Readers, page.GetReaders()...)
	}
	return all, nil
}

// Readers returns what the sheet of a breach needs.
func Readers(ctx context.Context, s *connect.Server, in *assentv1.ListReadersRequest) (*duty.Readers, error) {
	cat, _, err := Catalog(ctx, s)
	if err != nil {
		return nil, err
	}
	all, err := AllReaders(ctx, s, in)
	if err != nil {
		return nil, err
	}
	known := &duty.Readers{
		Client: in.GetClient(), Since: timeOf(in.GetSinceTime()), Persons: all.GetTotalPersons(), Count: all.GetTotalCount(), Catalog: cat,
	}
	for _, r := range all.GetReaders() {
		day, err := time.Parse(time.DateOnly, r.GetDay())
		if err != nil {
			return nil, fmt.Errorf("the server gave a day that is none: %w", err)
		}
		known.List = append(known.List, duty.Reader{
			Day: day, Client: r.GetClient(), Channel: r.GetChannel(), Persons: r.GetPersons(), Count: r.GetCount(),
		})
	}
	return known, nil
}

// ReaderRows are the rows of a table of readers; the last has all of them, each person counted once.
func ReaderRows(all *assentv1.ListReadersResponse) [][]string {
	rows := [][]string{{"DAY", "CLIENT", "DEPARTMENT", "CHANNEL", "PERSONS", "COUNT"}}
	for _, r := range all.GetReaders() {
		rows = append(rows, []string{
			r.GetDay(), r.GetClient(), terminal.OrDash(r.GetDepartment()), terminal.OrDash(r.GetChannel()), fmt.Sprint(r.GetPersons()),
			fmt.Sprint(r.GetCount()),
		})
	}
	return append(rows, []string{"all", "", "", "", fmt.Sprint(all.GetTotalPersons()), fmt.Sprint(all.GetTotalCount())})
}
