package erased

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/token"
)

// Returns lists what clients sent about erased persons from before the erasure, for the officer to follow up. Errors:
// INVALID_PAGE_TOKEN.
func (s *Lists) Returns(ctx context.Context, in ReturnsInput) (ReturnsPage, error) {
	head, clients, err := tables.Clients(ctx, s.Store)
	if err != nil {
		return ReturnsPage{}, env.StoreFault(err)
	}
	who, err := s.guard.Admit(ctx, &head)
	if err != nil {
		return ReturnsPage{}, err
	}
	if err := who.NeedOfficer(); err != nil {
		return ReturnsPage{}, err
	}
	list := "returns " + in.Since.String()
	page, err := token.ReadPage(s.Keys, list, in.Token)
	if err != nil {
		return ReturnsPage{}, env.InvalidPage()
	}
	after, err := readReturn(page)
	if err != nil {
		return ReturnsPage{}, env.InvalidPage()
	}
	rows, err := tables.Returns(ctx, s.Store, in.Since.Day(), &after, in.Size+1)
	if err != nil {
		return ReturnsPage{}, env.StoreFault(err)
	}
	var result ReturnsPage
	for i := range rows[:min(len(rows), in.Size)] {
		r := &rows[i]
		back := Return{Day: consent.InstantOfDay(r.Day), Client: r.Client, Person: hex.EncodeToString(r.Subject[:]), Count: r.Count}
		if at := slices.IndexFunc(clients, func(c tables.Client) bool { return c.ID == r.Client }); at >= 0 {
			back.Department = clients[at].Department
		}
		result.Returns = append(result.Returns, back)
	}
	if len(rows) > in.Size {
		result.Next, err = token.NewPage(s.Keys, list, returnPage(&rows[in.Size-1]))
	}
	return result, err
}

// returnPage names a row as the last of its page.
func returnPage(r *tables.Return) token.Page {
	return token.Page{After: r.Day, AfterKey: hex.EncodeToString(r.Subject[:]) + r.Client}
}

// readReturn returns the row that a page names as the last of the page before.
func readReturn(p token.Page) (tables.Return, error) {
	after := tables.Return{Day: p.After}
	if p == (token.Page{}) {
		return after, nil
	}
	const digits = 2 * len(after.Subject)
	if len(p.AfterKey) < digits {
		return after, errors.New("the page token is not valid for this list")
	}
	after.Client = p.AfterKey[digits:]
	_, err := hex.Decode(after.Subject[:], []byte(p.AfterKey[:digits]))
	return after, err
}

// ReturnsInput asks for a page of what came back of erased persons.
type ReturnsInput struct {
	Since consent.Instant // the day of it and later
	Size  int
	Token string
}

// ReturnsPage is a page of it.
type ReturnsPage struct {
	Returns []Return
	Next    string
}

// Return tells that a client sent something about an erased person from before the erasure. Person is the same for all of one
// person's, and says nothing else.
type Return struct {
	Day        consent.Instant
	Client     string
	Department string // of the client; empty: all
	Person     string
	Count      int64
}
