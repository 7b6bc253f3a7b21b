package sends

import (
	"context"
	"fmt"
	"strconv"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
	"github.com/assent-io/assent/internal/token"
)

// GetSend returns a send with what was said about it, whatever department it belongs to. Errors: SEND_NOT_FOUND, SCOPE_MISSING.
func (s *Sends) GetSend(ctx context.Context, id string) (Send, []Word, error) {
	if _, _, err := s.guard.AdmitNow(ctx, readers()...); err != nil {
		return Send{}, nil, err
	}
	row, err := s.find(ctx, id)
	if err != nil {
		return Send{}, nil, err
	}
	shown, err := s.show(row, s.Instant())
	if err != nil {
		return Send{}, nil, err
	}
	if shown.Preview != nil {
		overlaps, err := sendtable.SendOverlaps(ctx, s.Store, id)
		if err != nil {
			return Send{}, nil, env.StoreFault(err)
		}
		shown.Preview.Overlaps = overlaps
	}
	rows, err := sendtable.SendWords(ctx, s.Store, id)
	if err != nil {
		return Send{}, nil, env.StoreFault(err)
	}
	said := make([]Word, 0, len(rows))
	for i := range rows {
		r := &rows[i]
		text, err := s.Keys.Open(seal.PurposeSend, sealedWord(r), r.Sealed)
		if err != nil {
			return Send{}, nil, env.StoreFault(fmt.Errorf("a comment of a send: %w", err))
		}
		said = append(said, Word{Number: r.Number, Kind: r.Kind, Department: r.Department, Client: r.Client, Created: r.Created, Text: string(text)})
	}
	return shown, said, nil
}

// Filter says which sends to list. A field that is zero leaves nothing out.
type Filter struct {
	From, Until consent.Instant // those with a window that ends after From and begins before Until
	Channel     string
	Department  string
	State       campaign.State
}

// Page is a page of sends.
type Page struct {
	Sends []Send
	Next  string // the token of the next page; empty after the last
}

// ListSends returns the sends of all departments by the beginning of their window, with whom their previews met. Errors: INVALID_PAGE_TOKEN,
// SCOPE_MISSING.
func (s *Sends) ListSends(ctx context.Context, f Filter, size int, pageToken string) (Page, error) {
	method := "sends\x00" + strconv.FormatInt(int64(f.From), 10) + "\x00" + strconv.FormatInt(int64(f.Until), 10) + "\x00" + f.Channel + "\x00" +
		f.Department + "\x00" + string(f.State)
	at, err := token.ReadPage(s.Keys, method, pageToken)
	if err != nil {
		return Page{}, env.InvalidPage()
	}
	if _, _, err := s.guard.AdmitNow(ctx, readers()...); err != nil {
		return Page{}, err
	}
	after := sendtable.Send{From: consent.Instant(at.After), ID: at.AfterKey}
	rows, err := sendtable.Sends(ctx, s.Store, &sendtable.SendFilter{
		Channel: f.Channel, Department: f.Department, State: f.State, From: f.From, Until: f.Until,
	}, &after, size+1)
	if err != nil {
		return Page{}, env.StoreFault(err)
	}
	var page Page
	if len(rows) > size {
		rows = rows[:size]
		last := &rows[size-1]
		if page.Next, err = token.NewPage(s.Keys, method, token.Page{After: int64(last.From), AfterKey: last.ID}); err != nil {
			return Page{}, err
		}
	}
	page.Sends, err = s.showAll(ctx, rows)
	return page, err
}

// showAll returns sends with whom their previews met.
func (s *Sends) showAll(ctx context.Context, rows []sendtable.Send) ([]Send, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	until := rows[0].Until
	for i := range rows {
		until = max(until, rows[i].Until)
	}
	met, err := sendtable.SendOverlapsBetween(ctx, s.Store, rows[0].From, until)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	overlaps := map[string][]sendtable.SendOverlap{}
	for _, o := range met {
		overlaps[o.Send] = append(overlaps[o.Send], o)
	}
	now := s.Instant()
	shown := make([]Send, 0, len(rows))
	for i := range rows {
		one, err := s.show(&rows[i], now)
		if err != nil {
			return nil, env.StoreFault(err)
		}
		if one.Preview != nil {
			one.Preview.Overlaps = overlaps[one.ID]
		}
		shown = append(shown, one)
	}
	return shown, nil
}
