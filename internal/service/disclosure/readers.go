package disclosure

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/token"
)

// Reader is about how many persons a client learnt something of a channel on a day.
type Reader struct {
	Client     string
	Department string // of the client; empty: it acts for all
	Channel    string // empty: it learnt of all channels
	Day        int64  // days since 1970-01-01, UTC
	Persons    int64
	Count      int64
}

// ReadersInput asks for a page of readers.
type ReadersInput struct {
	Client string // empty: all
	Since  consent.Instant
	Size   int
	Token  string // of the page before; empty for the first
}

// ReadersPage is a page of readers.
type ReadersPage struct {
	Readers []Reader
	// Persons and Count are those of all pages, each person counted once; 0 after the first page.
	Persons, Count int64
	Next           string // token of the next page; empty after the last
}

// ListReaders returns a page of how many persons clients learnt something about, by day, client and channel, as far as these persons are
// not erased and the days not removed by now. It is for clients of all departments. Errors: INVALID_PAGE_TOKEN, OTHER_DEPARTMENT.
func (s *Counter) ListReaders(ctx context.Context, in ReadersInput) (ReadersPage, error) {
	_, who, err := s.reader.Look(ctx, nil, asof.Moment{})
	if err != nil {
		return ReadersPage{}, err
	}
	if err := who.Need(access.ScopeErase, access.ScopeExport); err != nil {
		return ReadersPage{}, err
	}
	if err := who.NeedAllDepartments("this counts the persons of all departments"); err != nil {
		return ReadersPage{}, err
	}
	name := fmt.Sprintf("readers %q %s", in.Client, in.Since)
	page, err := token.ReadPage(s.Keys, name, in.Token)
	if err != nil {
		return ReadersPage{}, env.InvalidPage()
	}
	if err := s.Flush(ctx); err != nil {
		return ReadersPage{}, err
	}
	var result ReadersPage
	which := storage.ReadBy{Since: in.Since.Day(), Client: in.Client}
	after := &storage.Readership{Day: math.MinInt64}
	if in.Token == "" {
		all, err := s.Store.CountReaders(ctx, which)
		if err != nil {
			return ReadersPage{}, env.StoreFault(err)
		}
		result.Persons, result.Count = all.Subjects, all.Count
	} else {
		after.Day = page.After
		after.Client, after.Channel, _ = strings.Cut(page.AfterKey, " ")
	}
	rows, err := s.Store.Readers(ctx, which, after, in.Size+1)
	if err != nil {
		return ReadersPage{}, env.StoreFault(err)
	}
	if result.Readers, err = s.named(ctx, rows[:min(len(rows), in.Size)]); err != nil {
		return ReadersPage{}, err
	}
	if len(rows) > in.Size {
		last := &rows[in.Size-1]
		result.Next, err = token.NewPage(s.Keys, name, token.Page{After: last.Day, AfterKey: last.Client + " " + last.Channel})
	}
	return result, err
}

// named adds the departments of the clients.
func (s *Counter) named(ctx context.Context, rows []storage.Readership) ([]Reader, error) {
	departments, err := s.departments(ctx)
	if err != nil {
		return nil, err
	}
	readers := make([]Reader, 0, len(rows))
	for i := range rows {
		r := &rows[i]
		readers = append(readers, Reader{
			Client: r.Client, Department: departments[r.Client], Channel: r.Channel, Day: r.Day, Persons: r.Subjects, Count: r.Count,
		})
	}
	return readers, nil
}

// departments returns the departments of the clients by their ids.
func (s *Counter) departments(ctx context.Context) (map[string]string, error) {
	_, clients, err := tables.Clients(ctx, s.Store)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	departments := make(map[string]string, len(clients))
	for i := range clients {
		departments[clients[i].ID] = clients[i].Department
	}
	return departments, nil
}
