package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"
	"sync"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// clientCache caches the clients as of one version, which the head names.
type clientCache struct {
	store   storage.Reader
	mu      sync.RWMutex
	version int64
	byID    map[string]tables.Client
}

func newClientCache(store storage.Reader) *clientCache { return &clientCache{store: store} }

// keyPrefix begins every API key: assent_ID_SECRET, the secret as 64 hexadecimal digits.
const keyPrefix = "assent_"

// NewKey returns a new API key of a client, and the hash of its secret, which alone is stored.
func NewKey(id string) (key string, hash [32]byte, err error) {
	var secret [32]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return "", hash, err
	}
	return keyPrefix + id + "_" + hex.EncodeToString(secret[:]), sha256.Sum256(secret[:]), nil
}

// parseKey returns the client's id and the hash of its secret.
func parseKey(key string) (id string, hash [32]byte, ok bool) {
	rest, ok := strings.CutPrefix(key, keyPrefix)
	if !ok {
		return "", hash, false
	}
	at := strings.LastIndexByte(rest, '_')
	if at < 1 || len(rest)-at-1 != 64 {
		return "", hash, false
	}
	secret, err := hex.DecodeString(rest[at+1:])
	if err != nil {
		return "", hash, false
	}
	return rest[:at], sha256.Sum256(secret), true
}

func unauthenticatedFault() error {
	return fault.Errorf(fault.Unauthenticated, "", "the API key is unknown, revoked or expired")
}

// Authenticate returns the caller with the API key. The error is UNAUTHENTICATED.
func (g *Guard) Authenticate(ctx context.Context, key string) (Caller, error) {
	id, hash, ok := parseKey(key)
	if !ok {
		return Caller{}, fault.Errorf(fault.Unauthenticated, "",
			"this is not an API key of this service; a key looks like assent_CLIENT_ followed by 64 hexadecimal digits")
	}
	client, version, ok := g.clients.cached(id)
	if ok {
		if key, holds := matchKey(&client, hash); holds {
			return g.rejectExpired(newCaller(&client, version, key), nil)
		}
	}
	// The client, or its key, may have come since.
	if err := g.refresher.waitForRefresh(ctx); err != nil {
		return Caller{}, err
	}
	if client, version, ok = g.clients.cached(id); !ok {
		return Caller{}, unauthenticatedFault()
	}
	stranger := Caller{key: sentKey{hash: hash}}
	return g.rejectExpired(stranger.withClient(&client, version))
}

// refreshClients reads the clients if the head says that they have changed.
func (g *Guard) refreshClients(ctx context.Context) error {
	head, err := g.Store.Head(ctx)
	if err != nil {
		return env.StoreFault(err)
	}
	return g.clients.ensureVersion(ctx, head.ClientsVersion)
}

// rejectExpired returns the caller unless the time of its key has ended.
func (g *Guard) rejectExpired(c Caller, err error) (Caller, error) {
	if err == nil && c.key.expires != 0 && c.key.expires <= g.Instant() {
		return Caller{}, unauthenticatedFault()
	}
	return c, err
}

func newCaller(c *tables.Client, version int64, key sentKey) Caller {
	return Caller{Client: NewClientOf(c), version: version, key: key}
}

// matchKey returns the key with the hash, and whether it is one of the client's that was not ended.
func matchKey(c *tables.Client, hash [32]byte) (key sentKey, holds bool) {
	switch {
	case c.Revoked != 0:
		return sentKey{}, false
	case subtle.ConstantTimeCompare(c.KeyHash[:], hash[:]) == 1:
		return sentKey{hash: hash, expires: c.KeyExpires}, true
	case c.PriorHash != [32]byte{} && subtle.ConstantTimeCompare(c.PriorHash[:], hash[:]) == 1:
		return sentKey{hash: hash, expires: c.PriorExpires, prior: true}, true
	default:
		return sentKey{}, false
	}
}

// NewClientOf returns what callers see of a stored client: all but its keys.
func NewClientOf(c *tables.Client) Client {
	scopes := make([]Scope, len(c.Scopes))
	for i, s := range c.Scopes {
		scopes[i] = Scope(s)
	}
	return Client{
		ID: c.ID, Department: c.Department, AllDepartments: c.AllDepartments, Scopes: scopes, Lists: c.Lists,
		Created: c.Created, Revoked: c.Revoked, KeyExpires: c.KeyExpires, TwoKeys: c.PriorHash != [32]byte{}, PriorExpires: c.PriorExpires,
	}
}

func (c *clientCache) cached(id string) (tables.Client, int64, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	client, ok := c.byID[id]
	return client, c.version, ok
}

// currentCaller returns the caller as it is under the version of the clients, which are read anew if the cache is not of that version.
func (c *clientCache) currentCaller(ctx context.Context, who Caller, version int64) (Caller, error) {
	if who.version < 0 {
		return Caller{}, fault.Errorf(fault.Unauthenticated, "", "the call has no authenticated caller")
	}
	if client, cached, ok := c.cached(who.ID); ok && cached == version {
		return who.withClient(&client, cached)
	}
	read, byID, err := c.readClients(ctx)
	if err != nil {
		return Caller{}, err
	}
	client, ok := byID[who.ID]
	if !ok {
		return Caller{}, unauthenticatedFault()
	}
	return who.withClient(&client, read)
}

// ensureVersion reads the clients if those that are cached are not of the version.
func (c *clientCache) ensureVersion(ctx context.Context, version int64) error {
	c.mu.RLock()
	same := c.byID != nil && c.version == version
	c.mu.RUnlock()
	if same {
		return nil
	}
	_, _, err := c.readClients(ctx)
	return err
}

// readClients reads the clients and caches them.
func (c *clientCache) readClients(ctx context.Context) (version int64, byID map[string]tables.Client, err error) {
	head, list, err := tables.Clients(ctx, c.store)
	if err != nil {
		return 0, nil, env.StoreFault(err)
	}
	byID = make(map[string]tables.Client, len(list))
	for _, client := range list {
		byID[client.ID] = client
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.version, c.byID = head.ClientsVersion, byID // It may be lower than before, of a backup that was restored.
	return head.ClientsVersion, byID, nil
}

// withClient returns the caller as the client is now; an error if it is another one, or its key was revoked.
func (c *Caller) withClient(client *tables.Client, version int64) (Caller, error) {
	key, holds := matchKey(client, c.key.hash)
	if !holds {
		return Caller{}, unauthenticatedFault()
	}
	return newCaller(client, version, key), nil
}

// ScopeNames returns scopes as they are stored.
func ScopeNames(scopes []Scope) []string {
	list := make([]string, len(scopes))
	for i, s := range scopes {
		list[i] = string(s)
	}
	return list
}

// CacheClients reads the clients that the head names, where they are not cached.
func (g *Guard) CacheClients(ctx context.Context, head *storage.Head) error {
	return g.clients.ensureVersion(ctx, head.ClientsVersion)
}
