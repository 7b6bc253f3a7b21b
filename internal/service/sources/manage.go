package sources

import (
	"context"
	"crypto/sha256"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/intake/provider"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/token"
)

// NewSource is a source to create.
type NewSource struct {
	ID     string
	Kind   provider.Kind
	Client string
	Secret string // empty: there is none yet, or one is made for a provider that shows a password
	User   string // empty: assent, for a provider that shows a password
	URL    string
	Topics []string
	txn.Idempotency
}

// Created is a source that was created.
type Created struct {
	Source Source
	// Secret is the password that was made. It is not given again but to a repetition of the request, and empty there once it is not in use.
	Secret string `json:"-"`
	// SecretDigest is what is remembered of it for a repetition, which is given it from the source itself; nil: none was made.
	SecretDigest []byte
}

// CreateSource creates a source. Errors: INVALID_REQUEST, CLIENT_NOT_FOUND, SOURCE_EXISTS, SCOPE_MISSING, OTHER_DEPARTMENT,
// REQUEST_ID_REUSED.
func (s *Sources) CreateSource(ctx context.Context, n NewSource) (Created, error) {
	if err := access.Need(ctx, access.ScopeClients); err != nil {
		return Created{}, err
	}
	in := &settings{Secret: n.Secret, User: n.User, URL: n.URL, Topics: n.Topics}
	made := showsPassword(n.Kind) && n.Secret == ""
	if made {
		in.Secret = newPassword()
	}
	if showsPassword(n.Kind) && n.User == "" {
		in.User = ownUser
	}
	in.Path = newPath(n.ID, n.Kind)
	_, refused := s.verifier(n.Kind, in, true)
	if !catalog.IsID(n.ID) {
		refused = fault.Errorf(fault.InvalidRequest, "id", "an id is 1 to 64 lower-case letters, digits, '-', '_' and '.'")
	}
	created, err := txn.Idempotent(ctx, s.engine, &txn.Write{}, n.Idempotency, refused, func(w *txn.Tx) (Created, bool, error) {
		row, err := s.add(w, &n, in)
		if err != nil {
			return Created{}, false, err
		}
		answer := Created{}
		if made {
			answer.SecretDigest = digest(in.Secret)
		}
		answer.Source, err = s.shown(row, &w.Caller)
		return answer, err == nil, err
	})
	if err != nil {
		return Created{}, err
	}
	created.Secret, err = s.secretOf(ctx, n.ID, created.SecretDigest)
	return created, err
}

// add adds a source as a part of a write.
func (s *Sources) add(w *txn.Tx, n *NewSource, in *settings) (*tables.Source, error) {
	client, err := clientOf(w, n.Client)
	if err != nil {
		return nil, err
	}
	if err := w.Caller.NeedDepartmentOf(client); err != nil {
		return nil, err
	}
	there, err := sourceOf(w, n.ID)
	if err != nil {
		return nil, err
	}
	if len(there) > 0 {
		return nil, fault.Errorf(fault.SourceExists, "id", "a source with the id %s exists; choose another id", n.ID)
	}
	row := &tables.Source{
		ID: n.ID, Kind: string(n.Kind), Client: n.Client, Department: client.Department, PathHash: pathHash(in.Path), Created: w.Recorded,
		CreatedBy: w.Caller.ID,
	}
	if row.Settings, err = s.seal(n.ID, in); err != nil {
		return nil, err
	}
	put(w, row, tables.AddSource(row))
	return row, nil
}

// clientOf returns the client whose account a source is.
func clientOf(w *txn.Tx, id string) (*tables.Client, error) {
	clients, err := w.StoredClients()
	if err != nil {
		return nil, err
	}
	if at := slices.IndexFunc(clients, func(c tables.Client) bool { return c.ID == id && c.Revoked == 0 }); at >= 0 {
		return &clients[at], nil
	}
	if id == w.Caller.ID { // The caller of a server without clients.
		return &tables.Client{ID: id, Department: w.Caller.Department, AllDepartments: w.Caller.AllDepartments}, nil
	}
	return nil, fault.Errorf(fault.ClientMissing, "client", "the client does not exist, or was revoked")
}

func digest(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// secretOf returns the secret of a source that has a digest; empty if it has another one by now.
func (s *Sources) secretOf(ctx context.Context, id string, of []byte) (string, error) {
	if of == nil {
		return "", nil
	}
	rows, err := tables.SourceOf(ctx, s.Store, id)
	if err != nil || len(rows) == 0 {
		return "", env.StoreFault(err)
	}
	in, err := s.unseal(&rows[0], s.Instant())
	if err != nil {
		return "", env.StoreFault(err)
	}
	for _, secret := range []string{in.Secret, in.Prior} {
		if slices.Equal(digest(secret), of) {
			return secret, nil
		}
	}
	return "", nil
}

// reaches reports whether a source is one of the caller's department.
func reaches(who *access.Caller, row *tables.Source) bool {
	return who.AllDepartments || row.Department != "" && row.Department == who.Department
}

// GetSource returns a source. Errors: SOURCE_NOT_FOUND, SCOPE_MISSING.
func (s *Sources) GetSource(ctx context.Context, id string) (Source, error) {
	_, who, err := s.guard.AdmitNow(ctx, access.ScopeClients, access.ScopeLift)
	if err != nil {
		return Source{}, err
	}
	rows, err := tables.SourceOf(ctx, s.Store, id)
	switch {
	case err != nil:
		return Source{}, env.StoreFault(err)
	case len(rows) == 0 || !reaches(&who, &rows[0]):
		return Source{}, missing()
	}
	shown, err := s.shown(&rows[0], &who)
	return shown, env.StoreFault(err)
}

// Page is a page of sources.
type Page struct {
	Sources []Source
	Next    string
}

// ListSources returns a page of the sources by id, to a client of one department those of that department. Errors: INVALID_PAGE_TOKEN,
// SCOPE_MISSING.
func (s *Sources) ListSources(ctx context.Context, size int, pageToken string) (Page, error) {
	const method = "sources"
	from, err := token.ReadPage(s.Keys, method, pageToken)
	if err != nil {
		return Page{}, env.InvalidPage()
	}
	_, who, err := s.guard.AdmitNow(ctx, access.ScopeClients, access.ScopeLift)
	if err != nil {
		return Page{}, err
	}
	rows, err := tables.Sources(ctx, s.Store)
	if err != nil {
		return Page{}, env.StoreFault(err)
	}
	var page Page
	for i := range rows {
		if rows[i].ID <= from.AfterKey || !reaches(&who, &rows[i]) {
			continue
		}
		if len(page.Sources) == size {
			page.Next, err = token.NewPage(s.Keys, method, token.Page{AfterKey: page.Sources[size-1].ID})
			return page, err
		}
		shown, err := s.shown(&rows[i], &who)
		if err != nil {
			return Page{}, env.StoreFault(err)
		}
		page.Sources = append(page.Sources, shown)
	}
	return page, nil
}
