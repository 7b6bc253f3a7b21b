// Package sends plans mailings: what a department is about to send is shown to all departments, which may object before it goes out. What a person
// or silence decides about a send is recorded as a ruling.
package sends

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/contacts"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/ruling"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// Options say how sends are cleared and counted.
type Options struct {
	// Rules returns what a catalog says of sends; nil: as the catalog says. It is for tests.
	Rules func(*catalog.Catalog) catalog.SendRules
}

// Sends is the use cases about sends.
type Sends struct {
	*env.Env

	reference *reference.Reference
	guard     *access.Guard
	engine    *txn.Engine
	contacts  *contacts.Contacts
	surveyor  Surveyor
	rules     func(*catalog.Catalog) catalog.SendRules
}

// Surveyor says of addresses what is known, and what is lawful.
type Surveyor interface {
	Survey(ctx context.Context, r consent.Request, addresses []string, seen check.Surveyed) (consent.Instant, error)
}

// New returns the use cases about sends.
func New(
	env *env.Env, reference *reference.Reference, guard *access.Guard, engine *txn.Engine, contacts *contacts.Contacts, surveyor Surveyor, opts Options,
) *Sends {
	if opts.Rules == nil {
		opts.Rules = func(c *catalog.Catalog) catalog.SendRules { return c.Sends }
	}
	return &Sends{Env: env, reference: reference, guard: guard, engine: engine, contacts: contacts, surveyor: surveyor, rules: opts.Rules}
}

// readers returns the scopes of which one is enough to see what is planned: a client that sends, records or answers for it has to know.
func readers() []access.Scope {
	return []access.Scope{access.ScopeSends, access.ScopeCheck, access.ScopeRecord, access.ScopeRead, access.ScopeLift}
}

// Send is a send as it is shown.
type Send struct {
	campaign.Send

	IsCleared bool // now
	Created   consent.Instant
	CreatedBy string   // id of a client
	ChangedBy []string // ids of the clients that changed the plan since
	Updated   consent.Instant
	Started   consent.Instant // zero: it does not go out yet
	Ended     consent.Instant // zero: it is neither sent nor cancelled
	Preview   *Preview        // nil: there was none
	ETag      string
}

// Word is something that was said about a send.
type Word struct {
	Number     int64
	Kind       string // see package sendtable
	Department string // of the client; empty: it acts for all
	Client     string
	Created    consent.Instant
	Text       string
}

// content is what is sealed in the row of a send. The names stay.
type content struct {
	Subject string `json:"subject"`
	Link    string `json:"link,omitempty"`
	Digest  string `json:"digest,omitempty"`
}

func (s *Sends) seal(id string, c *content) ([]byte, error) {
	plain, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("the content of a send: %w", err)
	}
	return s.Keys.Seal(seal.PurposeSend, []byte(id), plain)
}

func (s *Sends) unseal(row *sendtable.Send) (content, error) {
	var c content
	plain, err := s.Keys.Open(seal.PurposeSend, []byte(row.ID), row.Sealed)
	if err != nil {
		return c, fmt.Errorf("the content of a send: %w", err)
	}
	if err := json.Unmarshal(plain, &c); err != nil {
		return c, fmt.Errorf("the content of a send: %w", err)
	}
	return c, nil
}

// show returns a send as it is at an instant, without whom its preview met.
func (s *Sends) show(row *sendtable.Send, at consent.Instant) (Send, error) {
	c, err := s.unseal(row)
	if err != nil {
		return Send{}, err
	}
	shown := Send{
		Send: row.Plan(), Created: row.Created, CreatedBy: row.CreatedBy, ChangedBy: changers(row), Updated: row.Updated, Started: row.Started, Ended: row.Ended,
		ETag: etag(row),
	}
	shown.Subject, shown.ContentLink, shown.ContentDigest = c.Subject, c.Link, c.Digest
	if shown.IsCleared, _ = shown.Send.IsCleared(int64(at)); shown.IsCleared && shown.ClearedTime == 0 {
		shown.ClearedTime, shown.ClearedBy = shown.CommentUntil, campaign.BySilence // It is about to be noted.
	}
	shown.Preview, err = previewOf(row)
	return shown, err
}

// etag names what a send is after so many changes.
func etag(row *sendtable.Send) string { return strconv.FormatInt(row.Revision, 10) }

func missing() error {
	return fault.Errorf(fault.SendMissing, "id", "there is no send with this id")
}

func notNow(id string, err error) error {
	return fault.Errorf(fault.SendState, "id", "the send %s cannot be changed so: %s", id, err.Error())
}

// find returns the row of a send.
func (s *Sends) find(ctx context.Context, id string) (*sendtable.Send, error) {
	rows, err := sendtable.SendOf(ctx, s.Store, id)
	switch {
	case err != nil:
		return nil, env.StoreFault(err)
	case len(rows) == 0:
		return nil, missing()
	}
	return &rows[0], nil
}

// locked returns the row of a send as the transaction has left it so far.
func locked(w *txn.Tx, id string) (*sendtable.Send, error) {
	rows, err := txn.RowsOf(w, id, sendtable.SendOf)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, missing()
	}
	return &rows[0], nil
}

// put stores a send that the write has changed.
func put(w *txn.Tx, row *sendtable.Send) {
	row.Updated = w.Recorded
	row.Revision++
	txn.PutRows(w, row.ID, []sendtable.Send{*row}, sendtable.ChangeSend(row))
}

// The outcomes of rulings about sends.
const (
	outcomeSilence   = "cleared_by_silence"
	outcomeOfficer   = "cleared_by_officer"
	outcomeOverride  = "overridden"
	outcomeObjected  = "objected"
	outcomeCancelled = "cancelled"
)

// rule records what was decided about a send.
func (s *Sends) rule(w *txn.Tx, id, outcome, why string) error {
	_, err := ruling.Append(w, s.Keys, &ruling.Ruling{Resource: "sends/" + id, Outcome: outcome, Justification: why})
	return err
}

// change runs a write on a send of a caller with one of the scopes.
func change[T any](
	ctx context.Context, s *Sends, id string, once txn.Idempotency, run func(*txn.Tx, *sendtable.Send) (T, error), scopes ...access.Scope,
) (T, error) {
	var none T
	if err := access.Need(ctx, scopes...); err != nil {
		return none, err
	}
	return txn.Idempotent(ctx, s.engine, &txn.Write{}, once, nil, func(w *txn.Tx) (T, bool, error) {
		if err := w.Caller.Need(scopes...); err != nil {
			return none, false, err
		}
		row, err := locked(w, id)
		if err != nil {
			return none, false, err
		}
		answer, err := run(w, row)
		return answer, err == nil, err
	})
}

// needOwner returns an error unless the caller acts for the department of a send.
func needOwner(who *access.Caller, row *sendtable.Send) error {
	if who.AllDepartments || who.Department == row.Department {
		return nil
	}
	return fault.Errorf(fault.OtherDepartment, "id",
		"the send %s belongs to the department %s, and the client to %s; comment on it, or object to it", row.ID, row.Department, who.Department)
}
