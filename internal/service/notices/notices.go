// Package notices keeps what departments, desks, their members and officers are told. A notice holds no address of a person that is written to:
// it names the case or the like that it is about.
package notices

import (
	"context"
	"crypto/sha256"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
	"github.com/assent-io/assent/internal/token"
)

// Audience is whom a notice tells.
type Audience string

// The audiences. The strings are those of the table and the API.
const (
	ToDepartment Audience = "department"
	ToDesk       Audience = "desk"
	ToMember     Audience = "member"
	ToOfficer    Audience = "officer"
)

// keep is how long a notice is kept.
const keep = 90 * 24 * time.Hour

// Notice is what a department, a desk, a member or the officers are told.
type Notice struct {
	ID         string // set where it is listed
	Audience   Audience
	Recipient  string // the id of the department, or of the member; empty for officers
	Department string // whose clients see it; empty: only those of all departments
	Kind       string
	Resource   string // what it is about, such as cases/2026-000123
	// Occasion tells apart notices that are otherwise the same, such as the due time that it is about. It is not shown.
	Occasion string
	// Place is what only one recipient has at a time, such as being in charge of a case. A notice of a place is told anew when its recipient has the
	// place again after another one had it. Empty: each recipient is told once. It is not shown.
	Place   string
	Created consent.Instant // set where it is listed
	Told    consent.Instant // when it was sent by mail; zero: it was not
}

// id returns by what a notice is known again; turn is how many others the place had before, and 0 of a notice without a place.
func (n *Notice) id(turn int) [16]byte {
	parts := []string{string(n.Audience), n.Recipient, n.Department, n.Kind, n.Resource, n.Occasion}
	if n.Place != "" {
		parts = []string{"", n.Place, strconv.Itoa(turn), n.Kind, n.Resource, n.Occasion}
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return [16]byte(sum[:16])
}

// next returns the id that a notice is told under, and whether it was told already; read returns the notice with an id, if there is one.
func (n *Notice) next(read func(id [16]byte) ([]casetable.Notice, error)) (id [16]byte, told bool, err error) {
	for turn := 0; ; turn++ {
		id = n.id(turn)
		there, err := read(id)
		if err != nil || len(there) == 0 {
			return id, told, err
		}
		told = there[0].Audience == string(n.Audience) && there[0].Recipient == n.Recipient
		if n.Place == "" {
			return id, told, nil
		}
	}
}

// Add adds a notice as a part of a write, and reports whether it is new: the same one is told once.
func Add(w *txn.Tx, n *Notice) (added bool, err error) {
	id, told, err := n.next(func(id [16]byte) ([]casetable.Notice, error) { return txn.RowsOf(w, id, casetable.NoticeOf) })
	if err != nil || told {
		return false, err
	}
	row := casetable.Notice{
		ID: id, Audience: string(n.Audience), Recipient: n.Recipient, Department: n.Department, Kind: n.Kind, Resource: n.Resource,
		Created: w.Recorded,
	}
	txn.PutRows(w, id, []casetable.Notice{row}, casetable.AddNotice(&row))
	return true, nil
}

// IsTold reports whether a notice was added before.
func IsTold(ctx context.Context, from storage.TableReader, n *Notice) (bool, error) {
	_, told, err := n.next(func(id [16]byte) ([]casetable.Notice, error) { return casetable.NoticeOf(ctx, from, id) })
	return told, err
}

// Notices is the use cases about notices.
type Notices struct {
	*env.Env

	guard *access.Guard
}

// New returns the use cases about notices.
func New(env *env.Env, guard *access.Guard) *Notices { return &Notices{Env: env, guard: guard} }

// Filter says which notices are wanted. An empty field wants all that the caller may see.
type Filter struct {
	Department string
	Recipient  string
}

// Page is a page of notices.
type Page struct {
	Notices []Notice
	Next    string // the token of the next page; empty after the last
}

// ListNotices returns notices, the last first. A client of one department gets those of that department. Errors: INVALID_PAGE_TOKEN,
// SCOPE_MISSING.
func (s *Notices) ListNotices(ctx context.Context, f Filter, size int, pageToken string) (Page, error) {
	method := "notices\x00" + f.Department + "\x00" + f.Recipient
	at, err := token.ReadPage(s.Keys, method, pageToken)
	if err != nil {
		return Page{}, env.InvalidPage()
	}
	_, who, err := s.guard.AdmitNow(ctx, access.ScopeCases)
	if err != nil {
		return Page{}, err
	}
	if !who.AllDepartments {
		if f.Department != "" && f.Department != who.Department {
			return Page{}, nil
		}
		f.Department = who.Department
	}
	after := casetable.Notice{Created: consent.Instant(at.After)}
	if at.AfterKey != "" {
		if after.ID, err = uuid.Parse(at.AfterKey); err != nil {
			return Page{}, env.InvalidPage()
		}
	}
	rows, err := casetable.Notices(ctx, s.Store, f.Department, f.Recipient, &after, size+1)
	if err != nil {
		return Page{}, env.StoreFault(err)
	}
	var page Page
	if len(rows) > size {
		rows = rows[:size]
		last := &rows[size-1]
		if page.Next, err = token.NewPage(s.Keys, method, token.Page{After: int64(last.Created), AfterKey: uuid.UUID(last.ID).String()}); err != nil {
			return Page{}, err
		}
	}
	for i := range rows {
		n := &rows[i]
		page.Notices = append(page.Notices, Notice{
			ID: uuid.UUID(n.ID).String(), Audience: Audience(n.Audience), Recipient: n.Recipient, Department: n.Department, Kind: n.Kind,
			Resource: n.Resource, Created: n.Created, Told: n.Told,
		})
	}
	return page, nil
}

// ForgetNotices deletes notices that are too old.
func (s *Notices) ForgetNotices(ctx context.Context) error {
	before := consent.InstantOf(s.Clock().Add(-keep))
	return env.StoreFault(s.Store.WriteTables(ctx, casetable.DropOldNotices(before)))
}
