package webhooks

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"slices"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/token"
	"github.com/assent-io/assent/internal/webhook"
)

// NewWebhook is a webhook to create.
type NewWebhook struct {
	consumers.NewConsumer

	URL  string
	Mode webhook.Mode // empty: structured
	// Disabled is whether nothing is sent until it is enabled.
	Disabled bool
}

// Created is a webhook that was created.
type Created struct {
	Webhook Webhook
	// Secret is that of its signatures. It is not given again but to a repetition of the request, and empty there once it is not in use any more.
	Secret string `json:"-"`
	Key    string `json:"-"` // of the form keyed, likewise
	// SecretDigest is what is remembered of the secret for a repetition, which is given it from the webhook itself.
	SecretDigest []byte
}

// CreateWebhook creates a webhook and its consumer. Errors: those of consumers.CreateConsumer, and INVALID_REQUEST for the URL or the mode.
func (s *Webhooks) CreateWebhook(ctx context.Context, n NewWebhook) (Created, error) {
	if err := access.Need(ctx, access.ScopeClients); err != nil {
		return Created{}, err
	}
	if n.Mode == "" {
		n.Mode = webhook.Structured
	}
	url, refused := webhook.ParseURL(n.URL, s.options.AllowPrivate)
	if refused == nil {
		refused = checkMode(n.Mode)
	}
	created, err := txn.Idempotent(ctx, s.engine, &txn.Write{}, n.Idempotency, refused, func(w *txn.Tx) (Created, bool, error) {
		made, err := s.consumers.Add(w, &n.NewConsumer)
		if err != nil {
			return Created{}, false, err
		}
		secret := webhook.NewSecret()
		row := tables.Webhook{ID: n.ID, Mode: string(n.Mode), Created: w.Recorded, CreatedBy: w.Caller.ID, Turn: newTurn(), NextNumber: 1}
		if row.URL, err = s.Keys.Seal(seal.PurposeWebhookURL, []byte(n.ID), []byte(url.Reveal())); err != nil {
			return Created{}, false, err
		}
		if row.Secret, err = s.sealSecret(n.ID, secret); err != nil {
			return Created{}, false, err
		}
		if n.Disabled {
			row.Disabled, row.DisabledReason = w.Recorded, ReasonRequested
		}
		put(w, &row, tables.AddWebhook(&row))
		shown, err := s.shown(&row, &made, nil)
		return Created{Webhook: shown, SecretDigest: secretDigest(secret)}, err == nil, err
	})
	if err != nil {
		return Created{}, err
	}
	if created.Secret, err = s.secretOf(ctx, n.ID, created.SecretDigest); err != nil || n.Form != consumers.FormKeyed {
		return created, err
	}
	created.Key, err = s.consumers.KeyText(ctx, n.ID)
	return created, err
}

func checkMode(mode webhook.Mode) error {
	if mode != webhook.Structured && mode != webhook.Binary {
		return fault.Errorf(fault.InvalidRequest, "mode", "the mode must be %s or %s", webhook.Structured, webhook.Binary)
	}
	return nil
}

func (s *Webhooks) sealSecret(id string, secret webhook.Secret) ([]byte, error) {
	return s.Keys.Seal(seal.PurposeWebhookSecret, []byte(id), []byte(secret.Reveal()))
}

func secretDigest(secret webhook.Secret) []byte {
	sum := sha256.Sum256([]byte(secret.Reveal()))
	return sum[:]
}

// secretOf returns the secret of a webhook that has a digest; empty if the webhook does not sign with it any more, or was deleted.
func (s *Webhooks) secretOf(ctx context.Context, id string, digest []byte) (string, error) {
	head, rows, err := tables.WebhookOf(ctx, s.Store, id)
	if err != nil || len(rows) == 0 {
		return "", env.StoreFault(err)
	}
	h, err := s.open(&head, &rows[0], s.Instant())
	if err != nil {
		return "", env.StoreFault(err)
	}
	for _, secret := range h.secrets {
		if bytes.Equal(secretDigest(secret), digest) {
			return secret.Reveal(), nil
		}
	}
	return "", nil
}

func newTurn() (turn [16]byte) {
	rand.Read(turn[:]) // It never fails.
	return turn
}

// GetWebhook returns a webhook. A client that may not manage clients sees its own. Errors: WEBHOOK_NOT_FOUND, SCOPE_MISSING,
// OTHER_DEPARTMENT.
func (s *Webhooks) GetWebhook(ctx context.Context, id string) (Webhook, error) {
	row, consumer, err := s.find(ctx, id)
	if err != nil {
		return Webhook{}, err
	}
	backlogs, err := tables.Backlogs(ctx, s.Store)
	if err != nil {
		return Webhook{}, env.StoreFault(err)
	}
	return s.shown(row, consumer, backlogs)
}

// find returns a webhook that the caller may see, and its consumer.
func (s *Webhooks) find(ctx context.Context, id string) (*tables.Webhook, *consumers.Consumer, error) {
	consumer, err := s.consumers.GetConsumer(ctx, id)
	if err != nil {
		return nil, nil, notFound(err)
	}
	_, rows, err := tables.WebhookOf(ctx, s.Store, id)
	if err != nil {
		return nil, nil, env.StoreFault(err)
	}
	if len(rows) == 0 {
		return nil, nil, missing()
	}
	return &rows[0], &consumer, nil
}

// notFound turns the refusal of a consumer into that of its webhook.
func notFound(err error) error {
	var told *fault.Error
	if errors.As(err, &told) && told.Code == fault.ConsumerMissing {
		return missing()
	}
	return err
}

// Page is a page of webhooks.
type Page struct {
	Webhooks []Webhook
	Next     string
}

// ListWebhooks returns a page of the webhooks by id: to a client of one department those of its clients, and to one that may not manage
// clients its own. Errors: INVALID_PAGE_TOKEN, SCOPE_MISSING.
func (s *Webhooks) ListWebhooks(ctx context.Context, size int, pageToken string) (Page, error) {
	const method = "webhooks"
	from, err := token.ReadPage(s.Keys, method, pageToken)
	if err != nil {
		return Page{}, env.InvalidPage()
	}
	_, rows, err := tables.Webhooks(ctx, s.Store)
	if err != nil {
		return Page{}, env.StoreFault(err)
	}
	rows = slices.DeleteFunc(rows, func(row tables.Webhook) bool { return row.ID <= from.AfterKey })
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	seen, err := s.consumers.Visible(ctx, ids)
	if err != nil {
		return Page{}, err
	}
	backlogs, err := tables.Backlogs(ctx, s.Store)
	if err != nil {
		return Page{}, env.StoreFault(err)
	}
	var page Page
	for i := range rows {
		consumer, ok := seen[rows[i].ID]
		if !ok {
			continue
		}
		if len(page.Webhooks) == size {
			page.Next, err = token.NewPage(s.Keys, method, token.Page{AfterKey: page.Webhooks[size-1].ID})
			return page, err
		}
		shown, err := s.shown(&rows[i], &consumer, backlogs)
		if err != nil {
			return Page{}, err
		}
		page.Webhooks = append(page.Webhooks, shown)
	}
	return page, nil
}

// Update is what to change of a webhook.
type Update struct {
	ID       string
	URL      string       // empty: the same
	Mode     webhook.Mode // empty: the same
	Channels []string     // none: the same
	Disabled *bool        // nil: as it is
	txn.Idempotency
}

// UpdateWebhook changes a webhook. One that is enabled goes on where it was. Errors: WEBHOOK_NOT_FOUND, INVALID_REQUEST, UNKNOWN_CHANNEL,
// CONSUMER_REVOKED, SCOPE_MISSING, OTHER_DEPARTMENT.
func (s *Webhooks) UpdateWebhook(ctx context.Context, in Update) (Webhook, error) {
	var url webhook.URL
	var refused error
	if in.URL != "" {
		url, refused = webhook.ParseURL(in.URL, s.options.AllowPrivate)
	}
	if in.Mode != "" && refused == nil {
		refused = checkMode(in.Mode)
	}
	return manage(ctx, s, in.ID, in.Idempotency, refused, func(w *txn.Tx, row *tables.Webhook, c *consumers.Consumer) (Webhook, error) {
		var err error
		if c.Revoked != 0 {
			return Webhook{}, fault.Errorf(fault.ConsumerRevoked, "id", "the consumer of the webhook was revoked, and this cannot be undone; delete "+
				"the webhook and create another one")
		}
		if in.URL != "" {
			if row.URL, err = s.Keys.Seal(seal.PurposeWebhookURL, []byte(row.ID), []byte(url.Reveal())); err != nil {
				return Webhook{}, err
			}
		}
		if in.Mode != "" {
			row.Mode = string(in.Mode)
		}
		if len(in.Channels) > 0 {
			if *c, err = s.consumers.SetChannels(w, row.ID, in.Channels); err != nil {
				return Webhook{}, err
			}
		}
		switch {
		case in.Disabled == nil:
		case !*in.Disabled:
			row.Disabled, row.DisabledReason = 0, ""
		case row.Disabled == 0:
			row.Disabled, row.DisabledReason = w.Recorded, ReasonRequested
		}
		put(w, row, tables.ChangeWebhook(row))
		return s.shown(row, c, nil)
	})
}

// manage runs a write on a webhook that the caller may manage.
func manage[T any](
	ctx context.Context, s *Webhooks, id string, once txn.Idempotency, refused error,
	run func(*txn.Tx, *tables.Webhook, *consumers.Consumer) (T, error),
) (T, error) {
	var none T
	if err := access.Need(ctx, access.ScopeClients); err != nil {
		return none, err
	}
	return txn.Idempotent(ctx, s.engine, &txn.Write{}, once, refused, func(w *txn.Tx) (T, bool, error) {
		consumer, err := s.consumers.Managed(w, id)
		if err != nil {
			return none, false, notFound(err)
		}
		rows, err := txn.RowsOf(w, id, webhookOf)
		if err != nil {
			return none, false, err
		}
		if len(rows) == 0 {
			return none, false, missing()
		}
		answer, err := run(w, &rows[0], &consumer)
		return answer, err == nil, err
	})
}

func webhookOf(ctx context.Context, from storage.TableReader, id string) ([]tables.Webhook, error) {
	_, rows, err := tables.WebhookOf(ctx, from, id)
	return rows, err
}

// put has a statement run that leaves a webhook like this.
func put(w *txn.Tx, row *tables.Webhook, statement storage.Statement) {
	txn.PutRows(w, row.ID, []tables.Webhook{*row}, statement)
}

// DeleteWebhook deletes a webhook with its deliveries, and revokes its consumer. Errors: WEBHOOK_NOT_FOUND, SCOPE_MISSING, OTHER_DEPARTMENT.
func (s *Webhooks) DeleteWebhook(ctx context.Context, id string, once txn.Idempotency) error {
	_, err := manage(ctx, s, id, once, nil, func(w *txn.Tx, row *tables.Webhook, _ *consumers.Consumer) (struct{}, error) {
		txn.PutRows[string, tables.Webhook](w, row.ID, nil, tables.DropWebhook(row.ID)...)
		_, err := s.consumers.Revoke(w, row.ID)
		return struct{}{}, err
	})
	return err
}

// Rotated is a webhook with a new secret.
type Rotated struct {
	Webhook      Webhook
	Secret       string `json:"-"` // empty: the old one was ended, or this is a repetition and the new one is not in use any more
	SecretDigest []byte // as in Created
}

// RotateWebhookSecret makes a new secret, or ends the old one if confirm is set. Errors: ROTATION_UNDER_WAY, WEBHOOK_NOT_FOUND,
// SCOPE_MISSING, OTHER_DEPARTMENT.
func (s *Webhooks) RotateWebhookSecret(ctx context.Context, id string, confirm bool, once txn.Idempotency) (Rotated, error) {
	rotated, err := manage(ctx, s, id, once, nil, func(w *txn.Tx, row *tables.Webhook, c *consumers.Consumer) (Rotated, error) {
		var answer Rotated
		if confirm {
			row.PriorSecret, row.PriorUntil = nil, 0
		} else {
			if row.PriorSecret != nil && w.Recorded < row.PriorUntil {
				return answer, fault.Errorf(fault.RotationUnderWay, "id", "messages are still signed with an old secret, until %s; confirm that the "+
					"receiver knows the new one before you make another", row.PriorUntil)
			}
			secret := webhook.NewSecret()
			row.PriorSecret, row.PriorUntil = row.Secret, w.Recorded.Add(rotationLasts)
			var err error
			if row.Secret, err = s.sealSecret(row.ID, secret); err != nil {
				return answer, err
			}
			answer.SecretDigest = secretDigest(secret)
		}
		put(w, row, tables.ChangeWebhook(row))
		var err error
		answer.Webhook, err = s.shown(row, c, nil)
		return answer, err
	})
	if err != nil || rotated.SecretDigest == nil {
		return rotated, err
	}
	rotated.Secret, err = s.secretOf(ctx, id, rotated.SecretDigest)
	return rotated, err
}
