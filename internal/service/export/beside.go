package export

import (
	"cmp"
	"context"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/service/cases"
	"github.com/assent-io/assent/internal/service/contacts"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// Contacts knows which messages of marketing a person got, and how much the person wants.
type Contacts interface {
	ContactsOf(ctx context.Context, a address.Address) ([]sendtable.Contact, error)
	PersonalCapOf(ctx context.Context, a address.Address) (*contacts.PersonalCap, error)
}

// Cases knows what a person complained of and asked.
type Cases interface {
	CasesOf(ctx context.Context, a address.Address, exact bool) ([]cases.Held, error)
}

// gatherBeside tells what is held beside the ledger, as far as the audience may know it. Messages and the wish are held for the mailbox: where another
// person uses another spelling of it, they may be that person's, and are not told; cases are those of this spelling then.
func (s *Exporter) gatherBeside(ctx context.Context, g *dossierBuilder) error {
	if !g.beside {
		if err := s.gatherMessages(ctx, g); err != nil {
			return err
		}
	}
	held, err := s.cases.CasesOf(ctx, g.address, g.beside)
	if err != nil {
		return err
	}
	for i := range held {
		if c := &held[i].Case; g.reader.hasCase(c) {
			g.dossier.Cases = append(g.dossier.Cases, g.caseOf(&held[i]))
		}
	}
	return nil
}

func (s *Exporter) gatherMessages(ctx context.Context, g *dossierBuilder) error {
	rows, err := s.contacts.ContactsOf(ctx, g.address)
	if err != nil {
		return err
	}
	slices.SortStableFunc(rows, func(a, b sendtable.Contact) int { return cmp.Compare(a.At, b.At) })
	for i := range rows {
		if r := &rows[i]; g.reader.hasChannel(r.Channel) {
			g.dossier.Messages = append(g.dossier.Messages, dossier.Message{
				Send: r.Send, Channel: dossier.Named{ID: r.Channel, Name: g.Names.name(consent.ScopeChannel, r.Channel)}, SenderIdentity: r.Sender,
				State: string(r.State), Time: dossier.Time(r.At),
			})
		}
	}
	wish, err := s.contacts.PersonalCapOf(ctx, g.address)
	if err != nil || wish == nil {
		return err
	}
	g.dossier.Wish = &dossier.Wish{Max: int64(wish.Max), Per: wish.Per.String()}
	return nil
}

// hasCase reports whether a case is the audience's to know: one at its own desk, or at a desk of its controller, or about a channel of these.
func (a *audience) hasCase(c *cases.Case) bool {
	switch {
	case !a.isLimited():
		return true
	case !a.who.AllDepartments:
		return c.Department == a.who.Department
	case c.Department != "":
		return a.controllerOf(c.Department) == a.controller
	default:
		return c.Channel != "" && a.hasChannel(c.Channel)
	}
}

func (g *dossierBuilder) caseOf(h *cases.Held) dossier.Case {
	c := &h.Case
	told := dossier.Case{
		Number: c.ID, Kind: string(c.Kind), State: string(c.State), ReceivedTime: dossier.Time(c.Received), OpenedTime: dossier.Time(c.Opened),
		AnsweredTime: dossier.Time(c.Answered), ClosedTime: dossier.Time(c.Closed), Outcome: string(c.Outcome), Subject: c.Subject,
	}
	if c.Department != "" {
		told.Department = g.Names.department(c.Department)
	}
	if c.Text != "" {
		told.Letters = append(told.Letters, dossier.Letter{Time: dossier.Time(c.Received), Text: c.Text})
	}
	for i := range h.Letters {
		told.Letters = append(told.Letters, dossier.Letter{Time: dossier.Time(h.Letters[i].Time), Text: h.Letters[i].Text})
	}
	return told
}
