package access

import (
	"context"
	"errors"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// Scope is something that a client may do.
type Scope string

// The scopes.
const (
	ScopeCheck    Scope = "check"
	ScopeRecord   Scope = "record"
	ScopeSuppress Scope = "suppress"
	ScopeLift     Scope = "lift"
	ScopeRead     Scope = "read"
	ScopeExport   Scope = "export"
	ScopeErase    Scope = "erase"
	ScopeFeed     Scope = "feed"
	ScopeSends    Scope = "sends"
	ScopeCatalog  Scope = "catalog"
	ScopeClients  Scope = "clients"
	ScopeMetrics  Scope = "metrics"
	ScopeCases    Scope = "cases"
)

// AllScopes returns every scope.
func AllScopes() []Scope {
	return []Scope{
		ScopeCheck, ScopeRecord, ScopeSuppress, ScopeLift, ScopeRead, ScopeExport, ScopeErase, ScopeFeed, ScopeSends, ScopeCatalog,
		ScopeClients, ScopeMetrics, ScopeCases,
	}
}

// RoleScopes returns the scopes of a role; nil if there is none of the name.
func RoleScopes(role string) []Scope {
	switch role {
	case "sender":
		return []Scope{ScopeCheck, ScopeRecord, ScopeSuppress, ScopeSends}
	case "sync":
		return []Scope{ScopeCheck, ScopeRead, ScopeSuppress, ScopeFeed}
	case "officer":
		return []Scope{ScopeCheck, ScopeRead, ScopeSuppress, ScopeLift, ScopeExport, ScopeErase, ScopeSends, ScopeCases}
	case "monitor":
		return []Scope{ScopeMetrics}
	case "admin":
		return AllScopes()
	default:
		return nil
	}
}

// Caller is the client that makes a call, as of one version of the clients.
type Caller struct {
	Client
	version int64 // of the clients; 0: the caller is this process and is not looked up
	key     sentKey
}

// sentKey is the key that a caller sent.
type sentKey struct {
	hash    [32]byte
	expires consent.Instant // zero: never
	prior   bool            // it is the one before the client's present one
}

// SentKey returns when the key that the caller sent ends, zero if never, and whether it is the one before the client's present one.
func (c *Caller) SentKey() (expires consent.Instant, prior bool) { return c.key.expires, c.key.prior }

// RecipientID is the actor of what persons do by the links in messages. No client can have this id.
const RecipientID = "recipient"

// IntakeID is the actor of what is recorded because of a report that came back, such as a bounce. No client can have this id.
const IntakeID = "intake"

// SilenceID is the actor of the rulings that silence makes: that a send is cleared, because its time for comments passed without an objection. No
// client can have this id.
const SilenceID = "silence"

// Process returns the caller for this process itself: commands on the server, the demo. It may do everything.
func Process(id string) Caller {
	return Caller{Client: Client{ID: id, AllDepartments: true, Scopes: AllScopes()}}
}

// OnBehalf returns the caller for what the server does for a client without a call of it. It is what the client was when it was read, and is
// not looked up again: the program reads the client each time that it begins something.
func OnBehalf(c *tables.Client) Caller { return Caller{Client: NewClientOf(c)} }

// Guard knows the clients: it lets callers in by their keys, and says what each may do under a head.
type Guard struct {
	*env.Env

	clients   *clientCache
	refresher *clientRefresher
}

// NewGuard returns a guard that has cached nothing yet.
func NewGuard(env *env.Env) *Guard {
	g := &Guard{Env: env, clients: newClientCache(env.Store)}
	g.refresher = newClientRefresher(g.refreshClients)
	return g
}

// DepartmentOf returns the department of a client as it was cached last; false for one that is not known or acts for all.
func (g *Guard) DepartmentOf(client string) (string, bool) {
	c, _, known := g.clients.cached(client)
	return c.Department, known && !c.AllDepartments
}

type callerKey struct{}

// WithCaller returns a context in which calls are made by the caller.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerOf returns the caller of the context. If there is none, it returns a caller that may do nothing.
func CallerOf(ctx context.Context) Caller {
	c, ok := ctx.Value(callerKey{}).(Caller)
	if !ok {
		return Caller{version: -1}
	}
	return c
}

// Has reports whether the caller has one of the scopes.
func (c *Client) Has(scopes ...Scope) bool {
	return slices.ContainsFunc(scopes, func(s Scope) bool { return slices.Contains(c.Scopes, s) })
}

// Need returns an error unless the caller has one of the scopes.
func (c *Client) Need(scopes ...Scope) error {
	if c.Has(scopes...) {
		return nil
	}
	return fault.Errorf(fault.ScopeMissing, "", "the client lacks the scope %s", scopes[0])
}

// NeedOfficer returns an error unless the caller may do what an officer does beyond departments.
func (c *Client) NeedOfficer() error {
	if err := c.Need(ScopeErase); err != nil {
		return err
	}
	return c.NeedAllDepartments("this reaches beyond departments")
}

// NeedAllDepartments returns an error unless the caller acts for all departments; why says what is more than one department's.
func (c *Client) NeedAllDepartments(why string) error {
	if c.AllDepartments {
		return nil
	}
	return fault.Errorf(fault.OtherDepartment, "",
		"%s, and the client belongs to the department %s; only a client of all departments may do this", why, c.Department)
}

// NeedGiven returns an error unless the caller has everything that a client of its making would have: the department, the scopes and the
// lists. A list may be given by a client that may lift the entries of every list, too.
func (c *Client) NeedGiven(given *tables.Client) error {
	if err := c.NeedDepartmentOf(given); err != nil {
		return err
	}
	for _, scope := range given.Scopes {
		if !c.Has(Scope(scope)) {
			return fault.Errorf(fault.ScopeMissing, "scopes",
				"the client lacks the scope %s, so it cannot grant it; name scopes that it has", scope)
		}
	}
	if c.AllDepartments && c.Has(ScopeLift) {
		return nil
	}
	for _, list := range given.Lists {
		if !slices.Contains(c.Lists, list) {
			return fault.Errorf(fault.ScopeMissing, "lists",
				"the list %s does not belong to the client, so it cannot grant it; name lists that belong to the client", list)
		}
	}
	return nil
}

// NeedDepartmentOf returns an error unless the other client is of the caller's department.
func (c *Client) NeedDepartmentOf(other *tables.Client) error {
	switch {
	case c.AllDepartments || !other.AllDepartments && other.Department == c.Department:
		return nil
	case other.AllDepartments:
		return fault.Errorf(fault.OtherDepartment, "allDepartments",
			"a client of the department %s manages the clients of that department only, and this client is for all departments", c.Department)
	default:
		return fault.Errorf(fault.OtherDepartment, "department",
			"a client of the department %s manages the clients of that department only", c.Department)
	}
}

// Need returns a SCOPE_MISSING error unless the caller in ctx has one of the scopes.
func Need(ctx context.Context, scopes ...Scope) error {
	c := CallerOf(ctx)
	return c.Need(scopes...)
}

// MayObserve returns an error unless the caller in ctx may see the metrics of the whole server: a client of all departments with the
// scope metrics and a valid key. In an outage of the database, when the metrics are needed most, the key is taken as it was last known.
func (g *Guard) MayObserve(ctx context.Context) error {
	who := CallerOf(ctx)
	head, err := g.Store.Head(ctx)
	switch {
	case errors.Is(err, storage.ErrUnavailable):
	case err != nil:
		return env.StoreFault(err)
	default:
		if who, err = g.Admit(ctx, &head); err != nil {
			return err
		}
	}
	if err := who.NeedAllDepartments("the metrics of a server name the channels of every department"); err != nil {
		return err
	}
	return who.Need(ScopeMetrics)
}

// Admit returns the caller as it is under a head: a client that was revoked or changed since it was let in is no longer what
// it was. It is asked of every head that a call reads, so a revoked key ends at once on every server; and so does the answering of a
// server that lacks a key that the head names.
func (g *Guard) Admit(ctx context.Context, head *storage.Head) (Caller, error) {
	if err := env.CheckKeys(g.Keys, head); err != nil {
		return Caller{}, err
	}
	c := CallerOf(ctx)
	if c.version == 0 || c.version == head.ClientsVersion {
		return g.rejectExpired(c, nil)
	}
	return g.rejectExpired(g.clients.currentCaller(ctx, c, head.ClientsVersion))
}

// AdmitNow reads the head, and returns it with the caller as it is under it, if that has one of the scopes.
func (g *Guard) AdmitNow(ctx context.Context, scopes ...Scope) (storage.Head, Caller, error) {
	head, err := g.Store.Head(ctx)
	if err != nil {
		return storage.Head{}, Caller{}, env.StoreFault(err)
	}
	who, err := g.Admit(ctx, &head)
	if err != nil {
		return storage.Head{}, Caller{}, err
	}
	return head, who, who.Need(scopes...)
}

// NeedChannel returns an error unless the channel is of the caller's department in each of the catalogs that has it: that of now, and that of
// the time asked about. A channel that none of them has is refused for that, further on.
func (c *Client) NeedChannel(channel string, catalogs ...*catalog.Catalog) error {
	if c.AllDepartments {
		return nil
	}
	for _, cat := range catalogs {
		if ch, ok := cat.Channel(channel); ok && ch.Department != c.Department {
			return fault.Errorf(fault.OtherDepartment, "channel",
				"the channel %s belongs to the department %s, and the client to %s", channel, ch.Department, c.Department)
		}
	}
	return nil
}

// NeedScope returns an error unless a suppression scope lies within the caller's department.
func (c *Client) NeedScope(cat *catalog.Catalog, scope consent.Scope) error {
	if owner, _ := ownerOf(cat, scope); c.AllDepartments || owner == c.Department {
		return nil
	}
	return fault.Errorf(fault.OtherDepartment, "scope",
		"the scope reaches beyond the client's department %s; name a scope of that department", c.Department)
}

// MayKnow reports whether a scope concerns the client's department: it is the department's own in each of the catalogs that has what it names,
// or reaches beyond departments.
func (c *Client) MayKnow(scope consent.Scope, catalogs ...*catalog.Catalog) bool {
	switch kind, _ := scope.Split(); kind {
	case consent.ScopeDepartment, consent.ScopeChannel, consent.ScopeSender:
	default:
		return true
	}
	own := c.AllDepartments
	for _, cat := range catalogs {
		owner, known := ownerOf(cat, scope)
		if known && owner != c.Department && !c.AllDepartments {
			return false
		}
		own = own || known
	}
	return own
}

// ownerOf returns the department that a scope lies within, and whether there is one: the catalog has what the scope names, and that is one
// department's.
func ownerOf(cat *catalog.Catalog, scope consent.Scope) (department string, known bool) {
	switch kind, id := scope.Split(); kind {
	case consent.ScopeDepartment:
		return id, true
	case consent.ScopeChannel:
		if ch, ok := cat.Channel(id); ok {
			return ch.Department, true
		}
	case consent.ScopeSender:
		if sender, ok := cat.SenderIdentity(id); ok {
			return sender.Department, true
		}
	}
	return "", false
}

// Client is a program that may call the API.
type Client struct {
	ID             string
	Department     string
	AllDepartments bool
	Scopes         []Scope
	Lists          []string
	Created        consent.Instant
	Revoked        consent.Instant
	KeyExpires     consent.Instant // zero: never
	TwoKeys        bool            // the key before holds, too
	PriorExpires   consent.Instant // of the key before; zero: never
}
