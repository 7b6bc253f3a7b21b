package service

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/service/webhooks"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/webhook"
)

func TestWebhooks_Rotation_SignsWithBothSecretsUntilOneIsEnded(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, _, r := w.readyHook(webhooks.Options{})
		first := r.secrets[0]
		rotated, err := s.RotateWebhookSecret(ctx, "crm", false, txn.Idempotency{})
		if err != nil || rotated.Secret == "" || rotated.Secret == first {
			t.Fatalf("rotate: %v", err)
		}
		if _, err := s.RotateWebhookSecret(ctx, "crm", false, txn.Idempotency{}); !isFault(err, fault.RotationUnderWay) {
			t.Errorf("a second rotation: %v", err)
		}
		send := func(known ...string) {
			t.Helper()
			r.mu.Lock()
			r.secrets = known
			r.mu.Unlock()
			w.mustRecord(ctx, s, withdrawal("newsletter", known[0][6:12]+"@example.com"))
			w.finish(ctx, s)
			if got := r.all(); len(got) != 1 {
				t.Errorf("came: %q", lines(got))
			}
		}
		send(first)
		send(rotated.Secret)
		if _, err := s.RotateWebhookSecret(ctx, "crm", true, txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		w.mustRecord(ctx, s, withdrawal("newsletter", "last@example.com"))
		w.finish(ctx, s)
		if got := r.all(); len(got) != 1 || strings.Contains(got[0].Header.Get("webhook-signature"), " ") {
			t.Errorf("it is still signed twice: %v", got)
		}
		third, err := s.RotateWebhookSecret(ctx, "crm", false, txn.Idempotency{})
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(25 * time.Hour)
		send(third.Secret)
	})
}

// forgetful is a store that loses what is noted of attempts.
type forgetful struct {
	storage.Store
	lose *bool
}

func (s forgetful) WriteTables(ctx context.Context, statements ...storage.Statement) error {
	if *s.lose && len(statements) > 0 && statements[0].Doing == "note an attempt" {
		return storage.ErrUnavailable
	}
	return s.Store.WriteTables(ctx, statements...)
}

func TestWebhooks_CrashBetweenSendAndNote_SendsTheSameMessageAgain(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.hooked(webhooks.Options{})
		lose := false
		s := w.service(forgetful{w.store(), &lose}, 0)
		ctx := access.WithCaller(w.t.Context(), access.Process("test"))
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(w.t)}); err != nil {
			t.Fatal(err)
		}
		r := w.receiver()
		w.hook(ctx, s, r, "crm", consumers.FormPlain)
		w.finish(ctx, s)
		r.all()
		w.mustRecord(ctx, s, withdrawal("newsletter", "ann@example.com"))
		lose = true
		if err := s.FinishWebhooks(ctx); err == nil {
			t.Fatal("the loss went unnoticed")
		}
		lose = false
		w.clock.Advance(time.Minute)
		w.finish(ctx, s)
		got := r.all()
		if len(got) != 2 || got[0].ID != got[1].ID {
			t.Errorf("came: %+v", got)
		}
	})
}

func TestWebhooks_WhoseClientMayNotReadAnyMore_AreDisabled(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, _, r := w.readyHook(webhooks.Options{})
		r.answers(500)
		w.mustRecord(ctx, s, withdrawal("newsletter", "ann@example.com"))
		w.finish(ctx, s)
		r.all()
		if _, err := s.RevokeClient(ctx, "crm-client"); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Hour)
		w.finish(ctx, s)
		one, err := s.GetWebhook(ctx, "crm")
		if err != nil || one.DisabledReason != "UNAUTHENTICATED" {
			t.Errorf("the webhook: %+v, %v", one, err)
		}
		if got := r.all(); len(got) != 0 {
			t.Errorf("came: %q", lines(got))
		}
	})
}

func TestWebhooks_BehindForTooLong_AskForASnapshot(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, _, r := w.readyHook(webhooks.Options{})
		on := true
		off := false
		if _, err := s.UpdateWebhook(ctx, webhooks.Update{ID: "crm", Disabled: &on}); err != nil {
			t.Fatal(err)
		}
		w.mustRecord(ctx, s, withdrawal("newsletter", "ann@example.com"))
		w.clock.Advance(31 * 24 * time.Hour)
		if _, err := s.UpdateWebhook(ctx, webhooks.Update{ID: "crm", Disabled: &off}); err != nil {
			t.Fatal(err)
		}
		w.finish(ctx, s)
		w.clock.Advance(time.Minute)
		w.finish(ctx, s)
		if got := lines(r.all()); len(got) != 1 || !strings.HasPrefix(got[0], "RESET newsletter") {
			t.Errorf("came: %q", got)
		}
		if _, err := s.UpdateWebhook(ctx, webhooks.Update{ID: "crm", Channels: []string{"newsletter"}}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Minute)
		w.finish(ctx, s)
		w.clock.Advance(time.Minute)
		w.finish(ctx, s)
		if got := lines(r.all()); !cmp.Equal(got, []string{"RESET newsletter"}) {
			t.Errorf("after other channels: %q", got)
		}
	})
}

func TestWebhooks_Bound_LeavesTheRestInTheFeed(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, _, r := w.readyHook(webhooks.Options{Window: 1, MaxWaiting: 2})
		r.answers(500)
		for _, name := range []string{"ann", "ben", "cora", "dora"} {
			w.mustRecord(ctx, s, withdrawal("newsletter", name+"@example.com"))
		}
		w.finish(ctx, s)
		if waiting := w.deliveries(ctx, s, "waiting"); len(waiting) != 2 {
			t.Errorf("%d wait", len(waiting))
		}
		r.answers(200)
		r.all()
		for range 3 {
			w.clock.Advance(time.Hour)
			w.finish(ctx, s)
		}
		if got := r.all(); len(got) != 4 {
			t.Errorf("came: %q", lines(got))
		}
	})
}

func TestWebhooks_ManagedByThoseWhoManageClients_SeenByTheirOwn(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, own, r := w.readyHook(webhooks.Options{})
		stranger := w.syncClient(ctx, s, "stranger", "")
		if page, err := s.ListWebhooks(own, 10, ""); err != nil || len(page.Webhooks) != 1 || page.Webhooks[0].Endpoint != r.server.URL {
			t.Errorf("its own: %+v, %v", page, err)
		}
		if page, err := s.ListWebhooks(stranger, 10, ""); err != nil || len(page.Webhooks) != 0 {
			t.Errorf("of a stranger: %+v, %v", page, err)
		}
		if _, err := s.GetWebhook(stranger, "crm"); !isFault(err, fault.WebhookMissing) {
			t.Errorf("a stranger: %v", err)
		}
		if _, err := s.ListDeliveries(stranger, "crm", "", 10, ""); !isFault(err, fault.WebhookMissing) {
			t.Errorf("a stranger: %v", err)
		}
		for name, err := range map[string]error{
			"update": second(s.UpdateWebhook(own, webhooks.Update{ID: "crm"})), "delete": s.DeleteWebhook(own, "crm", txn.Idempotency{}),
			"rotate": second(s.RotateWebhookSecret(own, "crm", false, txn.Idempotency{})), "test": second(s.TestWebhook(own, "crm")),
			"replay": second(s.ReplayDeliveries(own, "crm", nil, true)),
		} {
			if !isFault(err, fault.ScopeMissing) {
				t.Errorf("%s by a client that may not manage: %v", name, err)
			}
		}
		if got, err := s.UpdateWebhook(ctx, webhooks.Update{ID: "crm", Mode: webhook.Binary}); err != nil || got.Mode != webhook.Binary {
			t.Errorf("in binary mode: %+v, %v", got, err)
		}
		if got, err := s.UpdateWebhook(ctx, webhooks.Update{ID: "crm", Mode: webhook.Structured}); err != nil || got.Mode != webhook.Structured {
			t.Errorf("in structured mode: %+v, %v", got, err)
		}
		trial, err := s.TestWebhook(ctx, "crm")
		if err != nil || trial.Answer.Outcome != webhook.Delivered {
			t.Errorf("a trial: %+v, %v", trial, err)
		}
		if got := r.all(); len(got) != 1 || got[0].Type != webhook.TypeTest || got[0].ID != trial.ID {
			t.Errorf("came: %+v", got)
		}
		if err := s.DeleteWebhook(ctx, "crm", txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.GetWebhook(ctx, "crm"); !isFault(err, fault.WebhookMissing) {
			t.Errorf("a deleted one: %v", err)
		}
		if c, err := s.GetConsumer(ctx, "crm"); err != nil || c.Revoked == 0 {
			t.Errorf("its consumer: %+v, %v", c, err)
		}
		w.mustRecord(ctx, s, withdrawal("newsletter", "ann@example.com"))
		w.finish(ctx, s)
		if got := r.all(); len(got) != 0 {
			t.Errorf("came: %+v", got)
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestWebhooks_ReadingWithTheirConsumer_MovesNothingOn(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, as, r := w.readyHook(webhooks.Options{})
		r.answers(500)
		w.mustRecord(ctx, s, consentOn("newsletter", "ann@example.com", w.clock.Now()))
		w.erase(ctx, s, "ann@example.com")
		page, err := s.ListChanges(as, changes.Request{Consumer: "crm"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.ListChanges(as, changes.Request{Consumer: "crm", From: page.Token}); err != nil {
			t.Fatal(err)
		}
		if err := s.ForgetRemovals(ctx); err != nil {
			t.Fatal(err)
		}
		r.answers(200)
		w.finish(ctx, s)
		if text := strings.Join(lines(r.all()), "\n"); !strings.Contains(text, "REMOVED exact ann@example.com address") {
			t.Errorf("the erasure was not told: %s", text)
		}
	})
}

func TestWebhooks_TwoServers_OneOfThemSends(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, _, r := w.readyHook(webhooks.Options{})
		other := w.second(s)
		came, hold := make(chan struct{}, 10), make(chan struct{})
		r.mu.Lock()
		r.header = func(*message, http.Header) {
			came <- struct{}{}
			<-hold
		}
		r.mu.Unlock()
		w.mustRecord(ctx, s, withdrawal("newsletter", "ann@example.com"))
		ended := make(chan error)
		go func() { ended <- s.FinishWebhooks(ctx) }()
		<-came
		w.finish(ctx, other)
		close(hold)
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		w.finish(ctx, other)
		if got := r.all(); len(got) != 1 {
			t.Errorf("it came %d times", len(got))
		}
	})
}

func TestWebhooks_ARepetition_GetsTheSecretOnlyWhileItIsInUse(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.hooked(webhooks.Options{}).acme()
		w.syncClient(ctx, s, "crm-client", "")
		create := func() string {
			t.Helper()
			created, err := s.CreateWebhook(ctx, webhooks.NewWebhook{
				NewConsumer: consumers.NewConsumer{
					ID: "crm", Client: "crm-client", Form: consumers.FormPlain, Idempotency: txn.Idempotency{ID: uuid.UUID{1}, Method: "CreateWebhook"},
				},
				URL: "https://crm.example.com/",
			})
			if err != nil || created.Webhook.ID != "crm" {
				t.Fatalf("create: %+v, %v", created.Webhook, err)
			}
			return created.Secret
		}
		rotate := func(confirm bool, id byte) string {
			t.Helper()
			rotated, err := s.RotateWebhookSecret(ctx, "crm", confirm, txn.Idempotency{ID: uuid.UUID{id}, Method: "RotateWebhookSecret"})
			if err != nil {
				t.Fatal(err)
			}
			return rotated.Secret
		}
		first := create()
		if again := create(); first == "" || again != first {
			t.Error("a repetition got another secret")
		}
		second := rotate(false, 2)
		if again := rotate(false, 2); second == "" || second == first || again != second {
			t.Error("a repetition of the rotation got another secret")
		}
		if create() != first {
			t.Error("the first secret is in use still")
		}
		if rotate(true, 3) != "" || create() != "" || rotate(false, 2) != second {
			t.Error("only the second secret is in use")
		}
		if err := s.DeleteWebhook(ctx, "crm", txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		if create() != "" {
			t.Error("the secret of a deleted webhook was given")
		}
	})
}

// What is changed of a webhook by several writes of one transaction is all there after it.
func TestWebhooks_RotatedAmongOtherChanges_NoneIsLost(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, _, r := w.readyHook(webhooks.Options{})
		var rotated webhooks.Rotated
		errs := inOneTransaction(ctx, t, s, []func() error{
			func() (err error) {
				rotated, err = s.RotateWebhookSecret(ctx, "crm", false, txn.Idempotency{})
				return err
			},
			func() error {
				_, err := s.UpdateWebhook(ctx, webhooks.Update{ID: "crm", Mode: webhook.Binary})
				return err
			},
			func() error {
				_, err := s.RotateWebhookSecret(ctx, "crm", false, txn.Idempotency{})
				return err
			},
		})
		if err := errors.Join(errs[:2]...); err != nil {
			t.Fatal(err)
		}
		wantFault(t, errs[2], fault.RotationUnderWay)
		if rotated.Secret == "" || rotated.Secret == r.secrets[0] {
			t.Error("the new secret was lost")
		}
		if got, err := s.GetWebhook(ctx, "crm"); err != nil || got.Mode != webhook.Binary {
			t.Errorf("the mode is %s, %v", got.Mode, err)
		}
	})
}
