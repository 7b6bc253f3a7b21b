package administration

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/token"
)

// CreateClient creates a client and returns its key, which is not stored. A client gives no department, scope or list that it does not
// have itself. Errors: CLIENT_EXISTS, INVALID_CLIENT, SCOPE_MISSING, OTHER_DEPARTMENT.
func (s *Admin) CreateClient(ctx context.Context, n NewClient) (access.Client, string, error) {
	if err := access.Need(ctx, access.ScopeClients); err != nil {
		return access.Client{}, "", err
	}
	scopes, err := n.scopes()
	if err != nil {
		return access.Client{}, "", err
	}
	key, hash, err := access.NewKey(n.ID)
	if err != nil {
		return access.Client{}, "", err
	}
	created := tables.Client{
		ID: n.ID, Department: n.Department, AllDepartments: n.AllDepartments, Scopes: scopes, Lists: n.Lists, KeyHash: hash, KeyExpires: n.KeyExpires,
	}
	err = s.engine.Do(ctx, &txn.Write{
		Run: func(tx *txn.Tx) error {
			w := s.in(tx)
			if err := w.Caller.Need(access.ScopeClients); err != nil {
				return err
			}
			if err := w.Caller.NeedGiven(&created); err != nil {
				return err
			}
			if err := w.keyMayExpire(n.KeyExpires); err != nil {
				return err
			}
			clients, err := w.StoredClients()
			if err != nil {
				return err
			}
			if slices.ContainsFunc(clients, func(c tables.Client) bool { return c.ID == n.ID }) {
				return fault.Errorf(fault.ClientExists, "id", "a client with the id %s exists or existed; choose another id", n.ID)
			}
			if err := w.departmentExists(n.Department); err != nil {
				return err
			}
			created.Created = w.Recorded
			w.PutClient(created)
			return nil
		},
	})
	if err != nil {
		return access.Client{}, "", err
	}
	return access.NewClientOf(&created), key, nil
}

// departmentExists refuses a department that the catalog lacks: a client of it could never do anything.
func (w *transaction) departmentExists(id string) error {
	if id == "" || w.Head.CatalogVersion == 0 {
		return nil
	}
	cat, err := w.Catalog(w.Recorded)
	if err != nil {
		return err
	}
	if _, ok := cat.Department(id); !ok {
		return fault.Errorf(fault.InvalidClient, "department", "the catalog does not have this department")
	}
	return nil
}

func (n *NewClient) scopes() ([]string, error) {
	invalid := func(field, format string, args ...any) ([]string, error) {
		return nil, fault.Errorf(fault.InvalidClient, field, format, args...)
	}
	switch {
	case !catalog.IsID(n.ID):
		return invalid("id", "an id is 1 to 64 lower-case letters, digits, '-', '_' and '.'")
	case n.ID == access.RecipientID:
		return invalid("id", "the id %s is that of what persons do by links in messages; choose another", n.ID)
	case n.ID == access.IntakeID:
		return invalid("id", "the id %s is that of what is recorded because of bounces and complaints; choose another", n.ID)
	case n.ID == access.SilenceID:
		return invalid("id", "the id %s is that under which silence clears sends; choose another", n.ID)
	case (n.Department != "") == n.AllDepartments:
		return invalid("department", "give either a department or all departments")
	case (n.Role != "") == (len(n.Scopes) > 0):
		return invalid("role", "give either a role or scopes")
	case n.Department != "" && !catalog.IsID(n.Department):
		return invalid("department", "the catalog does not have this department")
	}
	for _, list := range n.Lists {
		if !catalog.IsID(list) {
			return invalid("lists", "the name of a list has 1 to 64 lower-case letters, digits, '-', '_' and '.'")
		}
	}
	if n.Role != "" {
		scopes := access.RoleScopes(n.Role)
		if scopes == nil {
			return invalid("role", "a role must be one of sender, sync, officer, monitor, admin")
		}
		return access.ScopeNames(scopes), nil
	}
	for _, scope := range n.Scopes {
		if !slices.Contains(access.AllScopes(), access.Scope(scope)) {
			return invalid("scopes", "a scope must be one of %s", strings.Join(access.ScopeNames(access.AllScopes()), ", "))
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(n.Scopes))), nil
}

// RevokeClient ends a client's key at once, on every server, but for a DENY that another one may still give from memory (see docs/api-rules.md); of
// one that was revoked before nothing changes. A client of one department ends keys of that department only. Errors: CLIENT_NOT_FOUND,
// OTHER_DEPARTMENT.
func (s *Admin) RevokeClient(ctx context.Context, id string) (access.Client, error) {
	if err := access.Need(ctx, access.ScopeClients); err != nil {
		return access.Client{}, err
	}
	var revoked tables.Client
	err := s.engine.Do(ctx, &txn.Write{
		Run: func(tx *txn.Tx) error {
			w := s.in(tx)
			if err := w.Caller.Need(access.ScopeClients); err != nil {
				return err
			}
			clients, err := w.StoredClients()
			if err != nil {
				return err
			}
			at := slices.IndexFunc(clients, func(c tables.Client) bool { return c.ID == id })
			if at < 0 {
				return fault.Errorf(fault.ClientMissing, "id", "the client does not exist")
			}
			revoked = clients[at]
			if err := w.Caller.NeedDepartmentOf(&revoked); err != nil {
				return err
			}
			if revoked.Revoked == 0 {
				revoked.Revoked = w.Recorded
				w.PutClient(revoked)
			}
			return nil
		},
	})
	if err != nil {
		return access.Client{}, err
	}
	return access.NewClientOf(&revoked), nil
}

// GetCaller returns the client that makes the call, as it is at the head of now.
func (s *Admin) GetCaller(ctx context.Context) (access.Caller, error) {
	head, err := s.Store.Head(ctx)
	if err != nil {
		return access.Caller{}, env.StoreFault(err)
	}
	return s.guard.Admit(ctx, &head)
}

// ListClients returns a page of the clients by id, those revoked included; to a client of one department those of that department. Error:
// INVALID_PAGE_TOKEN.
func (s *Admin) ListClients(ctx context.Context, size int, pageToken string) (ClientPage, error) {
	page, err := token.ReadPage(s.Keys, "clients", pageToken)
	if err != nil {
		return ClientPage{}, env.InvalidPage()
	}
	head, list, err := tables.Clients(ctx, s.Store)
	if err != nil {
		return ClientPage{}, env.StoreFault(err)
	}
	who, err := s.guard.Admit(ctx, &head)
	if err != nil {
		return ClientPage{}, err
	}
	if err := who.Need(access.ScopeClients); err != nil {
		return ClientPage{}, err
	}
	var result ClientPage
	for i := range list {
		if list[i].ID <= page.AfterKey || who.NeedDepartmentOf(&list[i]) != nil {
			continue
		}
		if len(result.Clients) == size {
			result.Next, err = token.NewPage(s.Keys, "clients", token.Page{AfterKey: result.Clients[size-1].ID})
			return result, err
		}
		result.Clients = append(result.Clients, access.NewClientOf(&list[i]))
	}
	return result, nil
}

// NewClient is a client to create. Exactly one of Role and Scopes is given, and of Department and AllDepartments.
type NewClient struct {
	ID             string
	Department     string
	AllDepartments bool
	Role           string
	Scopes         []string
	Lists          []string
	KeyExpires     consent.Instant // of its key; zero: never
}

// RotateClient asks for a new key of a client.
type RotateClient struct {
	ID         string
	KeyExpires consent.Instant // of the new key; zero: never
	Overlap    *time.Duration  // how long the key before holds beside it; nil: until it is ended
}

// ClientPage is a page of clients.
type ClientPage struct {
	Clients []access.Client
	Next    string
}
