package extlists

import (
	"context"
	"strings"
	"sync"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/extlist"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/cards"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/disclosure"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/storedtext"
	"github.com/assent-io/assent/internal/token"
)

// ExternalLists keeps external lists.
type ExternalLists struct {
	*env.Env

	reference   *reference.Reference
	guard       *access.Guard
	engine      *txn.Engine
	cards       *cards.Reader
	disclosures *disclosure.Counter
	failed      func(list, step string)
	mu          sync.Mutex // one write of a list at a time: what it reads is of the database, not of its transaction
}

// New returns what keeps external lists. Failed is told of each step that failed, of a list that there is; nil: nothing is.
func New(
	env *env.Env, reference *reference.Reference, guard *access.Guard, engine *txn.Engine, consumers *consumers.Consumers,
	disclosures *disclosure.Counter, failed func(list, step string),
) *ExternalLists {
	if failed == nil {
		failed = func(string, string) {}
	}
	return &ExternalLists{
		Env: env, reference: reference, guard: guard, engine: engine, cards: cards.NewReader(env, reference, consumers), disclosures: disclosures,
		failed: failed,
	}
}

// List is an external list.
type List struct {
	ID          string
	Name        string
	Binds       consent.Binds
	Form        extlist.Form
	Freshness   period.Period // zero: the list never becomes stale
	StaleDenies bool
	Created     consent.Instant
	CreatedBy   string

	Versions []Version // the last first
	Active   int64     // the number of the version in force; 0: none is
}

// Version is a version of a list.
type Version struct {
	tables.ExternalListVersion

	Activated consent.Instant // when it came into force last; zero: it never did
	Position  int64           // of that event
	Stale     consent.Instant // from when on it is older than the freshness of the list; zero: never
}

// NewList is a list to create.
type NewList struct {
	ID        string
	Name      string
	Binds     consent.Binds
	Form      extlist.Form
	Freshness string // a period of ISO 8601; empty: the list never becomes stale
	WhenStale string // deny or ignore; empty: deny
	txn.Idempotency
}

// What is done once a list is stale.
const (
	WhenStaleDeny   = "deny"
	WhenStaleIgnore = "ignore"
)

// maxName is how long the name of a list may be, in bytes.
const maxName = 256

// CreateList creates an external list, of which no version is in force yet. Errors: INVALID_EXTERNAL_LIST, EXTERNAL_LIST_EXISTS,
// SCOPE_MISSING, OTHER_DEPARTMENT, REQUEST_ID_REUSED.
func (s *ExternalLists) CreateList(ctx context.Context, n NewList) (List, error) {
	row, refused := n.row()
	s.mu.Lock()
	defer s.mu.Unlock()
	row, err := txn.Idempotent(ctx, s.engine, &txn.Write{}, n.Idempotency, refused, func(w *txn.Tx) (tables.ExternalList, bool, error) {
		if err := mayWrite(&w.Caller); err != nil {
			return row, false, err
		}
		found, err := w.ExternalListOf(n.ID)
		if err != nil {
			return row, false, err
		}
		if len(found) > 0 {
			return row, false, fault.Errorf(fault.ListExists, "id", "an external list with the id %s exists; choose another id", n.ID)
		}
		row.Created, row.CreatedBy = w.Recorded, w.Caller.ID
		w.WriteTable(tables.AddExternalList(&row))
		return row, true, nil
	})
	if err != nil {
		return List{}, err
	}
	return listOf(&row), nil
}

func mayWrite(who *access.Caller) error {
	if err := who.Need(access.ScopeSuppress); err != nil {
		return err
	}
	return who.NeedAllDepartments("an external list binds every department")
}

// row returns the list as it is stored, or why it cannot be.
func (n *NewList) row() (tables.ExternalList, error) {
	row := tables.ExternalList{
		ID: n.ID, Name: n.Name, Binds: string(n.Binds), Form: string(n.Form), Freshness: n.Freshness, WhenStale: n.WhenStale,
	}
	if row.WhenStale == "" {
		row.WhenStale = WhenStaleDeny
	}
	invalid := func(field, format string, args ...any) (tables.ExternalList, error) {
		return row, fault.Errorf(fault.InvalidList, field, format, args...)
	}
	problem := storedtext.Problem(n.Name, maxName)
	switch {
	case !catalog.IsID(n.ID):
		return invalid("id", "an id is 1 to 64 lower-case letters, digits, '-', '_' and '.'")
	case strings.TrimSpace(n.Name) == "":
		return invalid("name", "give the list a name")
	case problem != "":
		return invalid("name", "the text %s", problem)
	case n.Binds != consent.BindsAll && n.Binds != consent.BindsExistingCustomer:
		return invalid("binds", "a list binds %s or %s", consent.BindsAll, consent.BindsExistingCustomer)
	case !n.Form.Known():
		return invalid("form", "the form must be one of %s", formNames())
	case row.WhenStale != WhenStaleDeny && row.WhenStale != WhenStaleIgnore:
		return invalid("whenStale", "what is done once the list is stale is %s or %s", WhenStaleDeny, WhenStaleIgnore)
	}
	if n.Freshness != "" {
		p, err := period.Parse(n.Freshness)
		if err != nil || p.IsZero() {
			return invalid("freshness", "the freshness is a period such as P7D; leave it out for a list that never becomes stale")
		}
		row.Freshness = p.String()
	}
	return row, nil
}

func formNames() string {
	var names []string
	for _, f := range extlist.Forms() {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}

func listOf(row *tables.ExternalList) List {
	l := List{
		ID: row.ID, Name: row.Name, Binds: consent.Binds(row.Binds), Form: extlist.Form(row.Form), StaleDenies: row.WhenStale == WhenStaleDeny,
		Created: row.Created, CreatedBy: row.CreatedBy,
	}
	if row.Freshness != "" {
		l.Freshness, _ = period.Parse(row.Freshness) // It was parsed before it was stored.
	}
	return l
}

// GetList returns a list with all of its versions. Errors: EXTERNAL_LIST_NOT_FOUND, SCOPE_MISSING.
func (s *ExternalLists) GetList(ctx context.Context, id string) (List, error) {
	if err := access.Need(ctx, access.ScopeRead, access.ScopeSuppress); err != nil {
		return List{}, err
	}
	return s.list(ctx, id)
}

func missing(id string) error {
	return fault.Errorf(fault.ListMissing, "id", "there is no external list %q; create it first", id)
}

func (s *ExternalLists) list(ctx context.Context, id string) (List, error) {
	rows, err := tables.ExternalListOf(ctx, s.Store, id)
	if err != nil {
		return List{}, env.StoreFault(err)
	}
	if len(rows) == 0 {
		return List{}, missing(id)
	}
	activations, err := tables.ListActivations(ctx, s.Store, 0)
	if err != nil {
		return List{}, env.StoreFault(err)
	}
	return s.fill(ctx, &rows[0], activations)
}

// fill adds the versions of a list.
func (s *ExternalLists) fill(ctx context.Context, row *tables.ExternalList, activations []tables.ListActivation) (List, error) {
	l := listOf(row)
	versions, err := tables.ExternalListVersions(ctx, s.Store, row.ID)
	if err != nil {
		return List{}, env.StoreFault(err)
	}
	for i := range versions {
		v := Version{ExternalListVersion: versions[i], Stale: versions[i].Obtained.Plus(l.Freshness)}
		for k := range activations {
			if a := &activations[k]; a.List == row.ID && a.Version == v.Version {
				event, err := codec.DecodeHeader(a.Header)
				if err != nil {
					return List{}, err
				}
				v.Activated, v.Position = event.Occurred, event.Position
			}
		}
		l.Versions = append(l.Versions, v)
	}
	for i := range activations {
		if activations[i].List == row.ID {
			l.Active = activations[i].Version
		}
	}
	return l, nil
}

// Page is a part of the lists.
type Page struct {
	Lists []List
	Next  string // the token of the next page; empty: there is none
}

// ListLists returns a page of the lists by id, each with its versions. Errors: INVALID_PAGE_TOKEN, SCOPE_MISSING.
func (s *ExternalLists) ListLists(ctx context.Context, size int, pageToken string) (Page, error) {
	const method = "externalLists"
	page, err := token.ReadPage(s.Keys, method, pageToken)
	if err != nil {
		return Page{}, env.InvalidPage()
	}
	if err := access.Need(ctx, access.ScopeRead, access.ScopeSuppress); err != nil {
		return Page{}, err
	}
	rows, err := tables.ExternalLists(ctx, s.Store, page.AfterKey, size+1)
	if err != nil {
		return Page{}, env.StoreFault(err)
	}
	activations, err := tables.ListActivations(ctx, s.Store, 0)
	if err != nil {
		return Page{}, env.StoreFault(err)
	}
	var result Page
	for i := range min(len(rows), size) {
		l, err := s.fill(ctx, &rows[i], activations)
		if err != nil {
			return Page{}, err
		}
		result.Lists = append(result.Lists, l)
	}
	if len(rows) > size {
		result.Next, err = token.NewPage(s.Keys, method, token.Page{AfterKey: rows[size-1].ID})
	}
	return result, err
}
