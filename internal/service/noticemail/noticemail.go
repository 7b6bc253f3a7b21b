// Package noticemail sends notices by mail: to the members of desks, and to the officers. A mail is planned under the lock of the head, and
// taken by one attempt at a time before it is sent, so that servers of one database neither lose nor repeat one, as far as SMTP lets it be known.
package noticemail

import (
	"context"
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/casework/desks"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/mailer"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

const (
	// triedFor is how long after it was made a notice is sent by mail: later it is only listed, for it says nothing new any more.
	triedFor = 3 * 24 * time.Hour
	// kept is how long a mail is kept, as its notices are.
	kept = 90 * 24 * time.Hour
	// leaseLasts is how long an attempt has a mail: longer than a mailer needs for one.
	leaseLasts = 5 * time.Minute
)

// Sender hands a mail to a mail server. An error that is a [*mailer.Failure] says whether the server can have it.
type Sender interface {
	Send(ctx context.Context, m mailer.Mail) error
}

// Options say how notices are sent. The zero value only lists them.
type Options struct {
	// Sender hands mails to a mail server; nil: none are sent.
	Sender Sender
	// Officers is the address of the officers; empty: what is for them is only listed.
	Officers string
	// Attempted is told of each attempt: "sent", or why it failed. It may be nil.
	Attempted func(outcome string)
	// Desk returns the desk of a department of a catalog; nil: [desks.Of].
	Desk func(cat *catalog.Catalog, department string) (casework.Desk, bool)
}

// Mails is the use cases about mails with notices.
type Mails struct {
	*env.Env

	reference *reference.Reference
	engine    *txn.Engine
	options   Options
}

// New returns the use cases about mails with notices.
func New(env *env.Env, reference *reference.Reference, engine *txn.Engine, options Options) *Mails {
	if options.Attempted == nil {
		options.Attempted = func(string) {}
	}
	if options.Desk == nil {
		options.Desk = desks.Of
	}
	return &Mails{Env: env, reference: reference, engine: engine, options: options}
}

// RunNoticeMails plans mails for the notices that are new, and sends those that are due. Without a mail server it does nothing.
func (s *Mails) RunNoticeMails(ctx context.Context) error {
	if s.options.Sender == nil {
		return nil
	}
	ctx = access.WithCaller(ctx, access.Process("assent"))
	head, err := s.Store.Head(ctx)
	if err != nil {
		return env.StoreFault(err)
	}
	if head.CatalogVersion == 0 {
		return nil // Without a catalog there are no desks.
	}
	if err := s.plan(ctx); err != nil {
		return env.StoreFault(err)
	}
	return env.StoreFault(s.sendDue(ctx))
}

// Waiting is what waits to be sent by mail, on all servers.
type Waiting struct {
	Unplanned int64     // notices of the last three days of which no mail tells
	Mails     int64     // that wait
	Oldest    time.Time // when the oldest of these was made; zero: none waits
	Dropped   int64     // mails of the last 90 days that were given up
}

// WaitingNotices returns what waits to be sent by mail.
func (s *Mails) WaitingNotices(ctx context.Context) (Waiting, error) {
	counts, err := casetable.CountNotices(ctx, s.Store, s.Instant().Add(-triedFor))
	if err != nil {
		return Waiting{}, env.StoreFault(err)
	}
	w := Waiting{Unplanned: counts.Unplanned, Mails: counts.Waiting, Dropped: counts.Dropped}
	if counts.Oldest != 0 {
		w.Oldest = counts.Oldest.Time()
	}
	return w, nil
}

// Addressees are who would get mails with notices: how many departments have members, and whether a mail server is set.
type Addressees struct {
	Desks  int
	Mailed bool
}

// NoticeAddressees says who would get mails, by the catalog in force.
func (s *Mails) NoticeAddressees(ctx context.Context) (Addressees, error) {
	found := Addressees{Mailed: s.options.Sender != nil}
	head, err := s.Store.Head(ctx)
	if err != nil {
		return found, env.StoreFault(err)
	}
	if head.CatalogVersion == 0 {
		return found, nil
	}
	cat, err := s.catalog(ctx, &head)
	if err != nil {
		return found, env.StoreFault(err)
	}
	for i := range cat.Departments {
		if desk, _ := s.options.Desk(cat, cat.Departments[i].ID); len(desk.Members) > 0 {
			found.Desks++
		}
	}
	return found, nil
}

// ForgetNoticeMails deletes mails that are too old.
func (s *Mails) ForgetNoticeMails(ctx context.Context) error {
	return env.StoreFault(s.Store.WriteTables(ctx, casetable.DropOldNoticeMails(s.Instant().Add(-kept))))
}

// catalog returns the catalog in force under a head.
func (s *Mails) catalog(ctx context.Context, head *storage.Head) (*catalog.Catalog, error) {
	versions, err := s.reference.Catalogs.UpTo(ctx, head)
	if err != nil {
		return nil, err
	}
	return reference.InForce(versions, max(s.Instant(), head.Recorded)).Parsed, nil
}
