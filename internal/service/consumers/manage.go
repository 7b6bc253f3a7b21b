package consumers

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/token"
)

// NewConsumer is a consumer to create.
type NewConsumer struct {
	ID       string
	Client   string
	Channels []string // none: all that the client reaches
	Kinds    []string // none: all
	Form     Form
	txn.Idempotency
}

// Created is a consumer that was created.
type Created struct {
	Consumer Consumer
	// Key is what a consumer of the form keyed needs to read its lists. It is not given again but to a repetition of the request, for which it is
	// made from the stored key: the answer that is remembered does not hold it.
	Key string `json:"-"`
}

// CreateConsumer creates a consumer of the change feed. Errors: INVALID_CONSUMER, CONSUMER_EXISTS, CLIENT_NOT_FOUND, UNKNOWN_CHANNEL,
// NO_CATALOG, SCOPE_MISSING, OTHER_DEPARTMENT, REQUEST_ID_REUSED, and CONSUMER_REVOKED for a repetition after the consumer was revoked.
func (s *Consumers) CreateConsumer(ctx context.Context, n NewConsumer) (Created, error) {
	if err := access.Need(ctx, access.ScopeClients); err != nil {
		return Created{}, err
	}
	refused := n.check()
	created, err := txn.Idempotent(ctx, s.engine, &txn.Write{}, n.Idempotency, refused, func(w *txn.Tx) (Created, bool, error) {
		consumer, err := s.Add(w, &n)
		return Created{Consumer: consumer}, err == nil, err
	})
	if err != nil || created.Consumer.Form != FormKeyed {
		return created, err
	}
	created.Key, err = s.KeyText(ctx, created.Consumer.ID)
	return created, err
}

// Add creates a consumer as a part of a write. Errors: those of CreateConsumer.
func (s *Consumers) Add(w *txn.Tx, n *NewConsumer) (Consumer, error) {
	if err := n.check(); err != nil {
		return Consumer{}, err
	}
	clients, err := n.allowed(w)
	if err != nil {
		return Consumer{}, err
	}
	row := tables.Consumer{
		ID: n.ID, Client: n.Client, Channels: uniqueWords(n.Channels), Kinds: uniqueWords(n.Kinds), Form: string(n.Form), Created: w.Recorded,
		CreatedBy: w.Caller.ID, Acknowledged: storage.MarkOf(&w.Head),
	}
	if n.Form == FormKeyed {
		key, err := newKey()
		if err != nil {
			return Consumer{}, err
		}
		secret := key.Reveal()
		if row.Key, err = s.Keys.Seal(seal.PurposeConsumerKey, []byte(n.ID), secret[:]); err != nil {
			return Consumer{}, err
		}
	}
	w.SaveConsumer(row, tables.AddConsumer(&row))
	return newConsumer(&row, clients), nil
}

// KeyText returns what a keyed consumer that exists is given to read its lists. Error: CONSUMER_REVOKED.
func (s *Consumers) KeyText(ctx context.Context, id string) (string, error) {
	_, found, err := tables.ConsumerOf(ctx, s.Store, id)
	if err != nil {
		return "", env.StoreFault(err)
	}
	if len(found) == 0 || found[0].Revoked != 0 {
		return "", fault.Errorf(fault.ConsumerRevoked, "", "the consumer was created by this request, and revoked since: its key is destroyed; "+
			"create another one")
	}
	key, err := s.keyOf(&found[0])
	if err != nil {
		return "", err
	}
	return key.text(s.Keys.ListKey())
}

// keyOf returns the key of a keyed consumer that was not revoked.
func (s *Consumers) keyOf(row *tables.Consumer) (Key, error) {
	plain, err := s.Keys.Open(seal.PurposeConsumerKey, []byte(row.ID), row.Key)
	if err != nil {
		return Key{}, env.StoreFault(err)
	}
	return keyOf(plain)
}

// check refuses what is wrong with a consumer whatever the store has.
func (n *NewConsumer) check() error {
	switch {
	case !catalog.IsID(n.ID):
		return fault.Errorf(fault.InvalidConsumer, "id", "an id is 1 to 64 lower-case letters, digits, '-', '_' and '.'")
	case !slices.Contains(AllForms(), n.Form):
		return fault.Errorf(fault.InvalidConsumer, "form", "the form of addresses must be one of %s", wordsOf(AllForms()))
	}
	for _, kind := range n.Kinds {
		if !slices.Contains(AllKinds(), kind) {
			return fault.Errorf(fault.InvalidConsumer, "kinds", "a kind must be one of %s", wordsOf(AllKinds()))
		}
	}
	return nil
}

// allowed refuses a consumer that the caller may not create, or that could not read anything. It returns the clients.
func (n *NewConsumer) allowed(w *txn.Tx) ([]tables.Client, error) {
	if err := w.Caller.Need(access.ScopeClients); err != nil {
		return nil, err
	}
	clients, err := w.StoredClients()
	if err != nil {
		return nil, err
	}
	client, err := n.reader(w, clients)
	if err != nil {
		return nil, err
	}
	if err := w.Caller.NeedDepartmentOf(client); err != nil {
		return nil, err
	}
	if client.Revoked != 0 {
		return nil, fault.Errorf(fault.InvalidConsumer, "client", "the client was revoked; name one that may read")
	}
	if !slices.Contains(client.Scopes, string(access.ScopeFeed)) {
		return nil, fault.Errorf(fault.InvalidConsumer, "client", "the client lacks the scope feed, so it could not read; name one that has it, "+
			"such as one of the role sync")
	}
	found, err := w.ConsumerOf(n.ID)
	if err != nil {
		return nil, err
	}
	if len(found) > 0 {
		return nil, fault.Errorf(fault.ConsumerExists, "id", "a consumer with the id %s exists or existed; choose another id", n.ID)
	}
	return clients, n.channelsAllowed(w, client)
}

// reader returns the client that reads.
func (n *NewConsumer) reader(w *txn.Tx, clients []tables.Client) (*tables.Client, error) {
	if client := clientOf(clients, n.Client); client != nil {
		return client, nil
	}
	if n.Client == w.Caller.ID { // The caller of a server without clients.
		return &tables.Client{
			ID: w.Caller.ID, Department: w.Caller.Department, AllDepartments: w.Caller.AllDepartments, Scopes: access.ScopeNames(w.Caller.Scopes),
		}, nil
	}
	return nil, fault.Errorf(fault.ClientMissing, "client", "the client does not exist")
}

// channelsAllowed refuses channels that the catalog lacks, and those that are not of the client's department.
func (n *NewConsumer) channelsAllowed(w *txn.Tx, client *tables.Client) error {
	if len(n.Channels) == 0 {
		return nil
	}
	cat, err := w.Catalog(w.Recorded)
	if err != nil {
		return err
	}
	reader := access.NewClientOf(client)
	for _, id := range n.Channels {
		if _, ok := cat.Channel(id); !ok {
			return fault.Errorf(fault.UnknownChannel, "channels", "the catalog has no channel %q", id)
		}
		if err := reader.NeedChannel(id, cat); err != nil {
			return err
		}
	}
	return nil
}

// RevokeConsumer ends a consumer and destroys its key; of one that was revoked before nothing changes. What it was told it still holds,
// addresses included, and it is not told of erasures any more: its tool must be emptied. Errors: CONSUMER_NOT_FOUND, also for one of another
// department, and SCOPE_MISSING.
func (s *Consumers) RevokeConsumer(ctx context.Context, id string, once txn.Idempotency) (Consumer, error) {
	if err := access.Need(ctx, access.ScopeClients); err != nil {
		return Consumer{}, err
	}
	return txn.Idempotent(ctx, s.engine, &txn.Write{}, once, nil, func(w *txn.Tx) (Consumer, bool, error) {
		consumer, err := s.Revoke(w, id)
		return consumer, err == nil, err
	})
}

// Revoke ends a consumer as a part of a write. Errors: those of RevokeConsumer.
func (s *Consumers) Revoke(w *txn.Tx, id string) (Consumer, error) {
	row, clients, err := s.managed(w, id)
	if err != nil {
		return Consumer{}, err
	}
	if row.Revoked == 0 {
		row.Revoked, row.Key = w.Recorded, nil
		w.SaveConsumer(*row, tables.RevokeConsumer(id, row.Revoked))
	}
	return newConsumer(row, clients), nil
}

// Managed returns a consumer that the caller of a write may manage. Errors: CONSUMER_NOT_FOUND, SCOPE_MISSING.
func (s *Consumers) Managed(w *txn.Tx, id string) (Consumer, error) {
	row, clients, err := s.managed(w, id)
	if err != nil {
		return Consumer{}, err
	}
	return newConsumer(row, clients), nil
}

// managed returns the row of a consumer that the caller of a write may manage, and the clients.
func (s *Consumers) managed(w *txn.Tx, id string) (*tables.Consumer, []tables.Client, error) {
	if err := w.Caller.Need(access.ScopeClients); err != nil {
		return nil, nil, err
	}
	found, err := w.ConsumerOf(id)
	if err != nil {
		return nil, nil, err
	}
	clients, err := w.StoredClients()
	if err != nil {
		return nil, nil, err
	}
	row, err := visible(&w.Caller, found, clients)
	return row, clients, err
}

// SetChannels gives a consumer other channels as a part of a write. Errors: those of Managed, UNKNOWN_CHANNEL, CLIENT_NOT_FOUND, NO_CATALOG.
func (s *Consumers) SetChannels(w *txn.Tx, id string, channels []string) (Consumer, error) {
	row, clients, err := s.managed(w, id)
	if err != nil {
		return Consumer{}, err
	}
	n := NewConsumer{ID: id, Client: row.Client, Channels: channels}
	client, err := n.reader(w, clients)
	if err != nil {
		return Consumer{}, err
	}
	if err := n.channelsAllowed(w, client); err != nil {
		return Consumer{}, err
	}
	row.Channels = uniqueWords(channels)
	w.SaveConsumer(*row, tables.SetConsumerChannels(id, row.Channels))
	return newConsumer(row, clients), nil
}

// GetConsumer returns a consumer, also one that was revoked. A client that may not manage clients sees its own. Errors: CONSUMER_NOT_FOUND,
// also for one of another department, and SCOPE_MISSING.
func (s *Consumers) GetConsumer(ctx context.Context, id string) (Consumer, error) {
	who, clients, err := s.admit(ctx)
	if err != nil {
		return Consumer{}, err
	}
	_, found, err := tables.ConsumerOf(ctx, s.Store, id)
	if err != nil {
		return Consumer{}, env.StoreFault(err)
	}
	row, err := visible(&who, found, clients)
	if err != nil {
		return Consumer{}, err
	}
	consumer := newConsumer(row, clients)
	pending, err := s.pending(ctx, id)
	consumer.RemovalsPending = pending[id]
	return consumer, err
}

// pending returns how many erased addresses are kept for consumers, by id; with an id for that one alone.
func (s *Consumers) pending(ctx context.Context, id string) (map[string]int64, error) {
	rows, err := tables.PendingFeedRemovals(ctx, s.Store, id, string(FormKeyed), math.MaxInt64)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	counts := make(map[string]int64, len(rows))
	for _, p := range rows {
		counts[p.Consumer] = p.Count
	}
	return counts, nil
}

// Page is a page of consumers.
type Page struct {
	Consumers []Consumer
	Next      string
}

// ListConsumers returns a page of the consumers by id, those revoked included: to a client of one department those of its clients, and to one
// that may not manage clients its own. Errors: INVALID_PAGE_TOKEN, SCOPE_MISSING.
func (s *Consumers) ListConsumers(ctx context.Context, size int, pageToken string) (Page, error) {
	const method = "consumers"
	page, err := token.ReadPage(s.Keys, method, pageToken)
	if err != nil {
		return Page{}, env.InvalidPage()
	}
	who, clients, err := s.admit(ctx)
	if err != nil {
		return Page{}, err
	}
	pending, err := s.pending(ctx, "")
	if err != nil {
		return Page{}, err
	}
	var result Page
	for after := page.AfterKey; ; {
		_, rows, err := tables.Consumers(ctx, s.Store, after, size+1)
		if err != nil {
			return Page{}, env.StoreFault(err)
		}
		for i := range rows {
			if isReader(rows[i].ID) || !maySee(&who, &rows[i], clients) {
				continue
			}
			if len(result.Consumers) == size {
				result.Next, err = token.NewPage(s.Keys, method, token.Page{AfterKey: result.Consumers[size-1].ID})
				return result, err
			}
			consumer := newConsumer(&rows[i], clients)
			consumer.RemovalsPending = pending[consumer.ID]
			result.Consumers = append(result.Consumers, consumer)
		}
		if len(rows) <= size {
			return result, nil
		}
		after = rows[len(rows)-1].ID
	}
}

// Visible returns the consumers with ids that the caller may see, by id. Errors: SCOPE_MISSING.
func (s *Consumers) Visible(ctx context.Context, ids []string) (map[string]Consumer, error) {
	who, clients, err := s.admit(ctx)
	if err != nil {
		return nil, err
	}
	seen := map[string]Consumer{}
	for _, id := range ids {
		_, found, err := tables.ConsumerOf(ctx, s.Store, id)
		if err != nil {
			return nil, env.StoreFault(err)
		}
		if len(found) > 0 && maySee(&who, &found[0], clients) {
			seen[id] = newConsumer(&found[0], clients)
		}
	}
	return seen, nil
}

// admit returns the caller, who may see consumers at all, and the clients.
func (s *Consumers) admit(ctx context.Context) (access.Caller, []tables.Client, error) {
	head, clients, err := tables.Clients(ctx, s.Store)
	if err != nil {
		return access.Caller{}, nil, env.StoreFault(err)
	}
	who, err := s.guard.Admit(ctx, &head)
	if err != nil {
		return access.Caller{}, nil, err
	}
	return who, clients, who.Need(access.ScopeClients, access.ScopeFeed)
}

// visible returns the consumer that was found, unless there is none for the caller. One of another department is as one that does not exist.
func visible(who *access.Caller, found []tables.Consumer, clients []tables.Client) (*tables.Consumer, error) {
	if len(found) == 0 || isReader(found[0].ID) || !maySee(who, &found[0], clients) {
		return nil, fault.Errorf(fault.ConsumerMissing, "id", "the consumer does not exist, or it is not the client's own")
	}
	return &found[0], nil
}

// maySee reports whether the caller may see a consumer: its own, and with the scope clients those of all clients that it manages.
func maySee(who *access.Caller, row *tables.Consumer, clients []tables.Client) bool {
	if row.Client == who.ID {
		return true
	}
	if !who.Has(access.ScopeClients) {
		return false
	}
	client := clientOf(clients, row.Client)
	return who.AllDepartments || client != nil && who.NeedDepartmentOf(client) == nil
}

// uniqueWords returns the words in order, each once.
func uniqueWords(words []string) []string { return slices.Compact(slices.Sorted(slices.Values(words))) }

func wordsOf[Word ~string](words []Word) string {
	var texts []string
	for _, w := range words {
		texts = append(texts, string(w))
	}
	return strings.Join(texts, ", ")
}
