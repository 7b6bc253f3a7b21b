package service

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/webhooks"
	"github.com/assent-io/assent/internal/webhook"
)

// readyHook makes a service with a webhook that has got its first message.
func (w *world) readyHook(options webhooks.Options) (s *Service, admin, client context.Context, r *receiver) {
	w.t.Helper()
	s, admin = w.hooked(options).acme()
	r = w.receiver()
	_, client = w.hook(admin, s, r, "crm", consumers.FormPlain)
	w.finish(admin, s)
	if got := r.all(); len(got) != 1 {
		w.t.Fatalf("the first messages: %q", lines(got))
	}
	return s, admin, client, r
}

// answers makes the receiver answer with a status and a header.
func (r *receiver) answers(status int, header ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = func(*message) int { return status }
	r.header = func(_ *message, h http.Header) {
		for i := 0; i+1 < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
	}
}

func (w *world) deliveries(ctx context.Context, s *Service, state string) []webhooks.Delivery {
	w.t.Helper()
	page, err := s.ListDeliveries(ctx, "crm", state, 100, "")
	if err != nil {
		w.t.Fatal(err)
	}
	return page.Deliveries
}

func TestWebhooks_AReceiverThatMisbehaves_IsTriedAgain(t *testing.T) {
	for _, c := range []struct {
		name    string
		status  int
		header  []string
		outcome webhook.Outcome
		again   time.Duration // when the second attempt is made
	}{
		{"redirects", 302, []string{"Location", "https://evil.example/"}, webhook.Redirected, 5 * time.Second},
		{"is throttled", 429, []string{"Retry-After", "90"}, webhook.Throttled, 90 * time.Second},
		{"is overloaded", 503, []string{"Retry-After", "7"}, webhook.Overloaded, 7 * time.Second},
		{"rejects", 404, nil, webhook.Rejected, 5 * time.Second},
		{"fails", 500, nil, webhook.ServerError, 5 * time.Second},
		{"resets", 0, nil, webhook.ConnectionLost, 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			eachStore(t, func(t *testing.T, w *world) {
				s, ctx, _, r := w.readyHook(webhooks.Options{})
				r.answers(c.status, c.header...)
				w.mustRecord(ctx, s, withdrawal("newsletter", "ben@example.com"))
				began := consent.InstantOf(w.clock.Now())
				w.finish(ctx, s)
				first := r.all()
				waiting := w.deliveries(ctx, s, "waiting")
				if len(first) != 1 || len(waiting) != 1 {
					t.Fatalf("came %q, waiting %+v", lines(first), waiting)
				}
				d := waiting[0]
				if d.Outcome != string(c.outcome) || d.Attempts != 1 || d.Due != began.Add(c.again) || d.Status != int64(c.status) {
					t.Errorf("the delivery: %+v; due should be %s", d, began.Add(c.again))
				}
				w.clock.Advance(c.again - time.Millisecond)
				w.finish(ctx, s)
				if got := r.all(); len(got) != 0 {
					t.Errorf("it came too early: %q", lines(got))
				}
				r.answers(200)
				w.clock.Advance(time.Millisecond)
				w.finish(ctx, s)
				second := r.all()
				if len(second) != 1 || second[0].ID != first[0].ID || second[0].Header.Get("webhook-timestamp") == "" {
					t.Errorf("the second attempt: %+v", second)
				}
				if diff := cmp.Diff(lines(first), lines(second)); diff != "" {
					t.Errorf("another content: %s", diff)
				}
			})
		})
	}
}

func TestWebhooks_AnAnswerThatIsLate_IsNone(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, _, r := w.readyHook(webhooks.Options{Timeout: 2 * time.Second})
		hold := make(chan struct{})
		r.mu.Lock()
		r.header = func(*message, http.Header) { <-hold }
		r.mu.Unlock()
		w.mustRecord(ctx, s, withdrawal("newsletter", "ben@example.com"))
		w.finish(ctx, s)
		close(hold)
		waiting := w.deliveries(ctx, s, "waiting")
		if len(waiting) != 1 || waiting[0].Outcome != string(webhook.TimedOut) {
			t.Fatalf("waiting: %+v", waiting)
		}
		w.clock.Advance(5 * time.Second)
		w.finish(ctx, s)
		got := r.all()
		if len(got) != 2 || got[0].ID != got[1].ID {
			t.Errorf("it came %d times", len(got))
		}
	})
}

func TestWebhooks_AnAddressThatMayNotBeReached_GetsNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, _, r := w.readyHook(webhooks.Options{})
		w.hooks.AllowPrivate = false
		strict := w.service(s.Store, 0)
		w.mustRecord(ctx, s, withdrawal("newsletter", "ben@example.com"))
		w.finish(ctx, strict)
		if got := r.all(); len(got) != 0 {
			t.Errorf("it came: %q", lines(got))
		}
		waiting := w.deliveries(ctx, s, "waiting")
		if len(waiting) != 1 || waiting[0].Outcome != string(webhook.AddressRefused) {
			t.Errorf("waiting: %+v", waiting)
		}
		_, err := strict.CreateWebhook(ctx, webhooks.NewWebhook{
			NewConsumer: consumers.NewConsumer{ID: "other", Client: "crm-client", Form: consumers.FormPlain}, URL: r.server.URL,
		})
		if told, ok := errors.AsType[*fault.Error](err); !ok || told.Code != fault.InvalidRequest || told.Field != "url" {
			t.Errorf("a private URL: %v", err)
		}
	})
}

func TestWebhooks_Gone_DisablesUntilItIsEnabled_AndNothingIsLost(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, _, r := w.readyHook(webhooks.Options{AtOnce: 1})
		w.mustRecord(ctx, s, withdrawal("newsletter", "ann@example.com"))
		w.mustRecord(ctx, s, withdrawal("newsletter", "ben@example.com"))
		r.answers(http.StatusGone)
		w.finish(ctx, s)
		if got := r.all(); len(got) != 1 {
			t.Errorf("it came %d times", len(got))
		}
		one, err := s.GetWebhook(ctx, "crm")
		if err != nil || one.Disabled == 0 || one.DisabledReason != "GONE" || one.Waiting != 2 {
			t.Fatalf("the webhook: %+v, %v", one, err)
		}
		w.mustRecord(ctx, s, withdrawal("newsletter", "cora@example.com"))
		r.answers(200)
		w.finish(ctx, s)
		if got := r.all(); len(got) != 0 {
			t.Errorf("it is disabled, and got %q", lines(got))
		}
		off := false
		if _, err := s.UpdateWebhook(ctx, webhooks.Update{ID: "crm", Disabled: &off}); err != nil {
			t.Fatal(err)
		}
		w.finish(ctx, s)
		text := strings.Join(lines(r.all()), "\n")
		for _, name := range []string{"ann@", "ben@", "cora@"} {
			if !strings.Contains(text, "ADDED folded "+name) {
				t.Errorf("%s did not come: %s", name, text)
			}
		}
	})
}

func TestWebhooks_ARetryHoldsBackItsPersonOnly(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, _, r := w.readyHook(webhooks.Options{})
		r.mu.Lock()
		r.answer = func(m *message) int {
			if m.Changes[0].Address == "ann@example.com" {
				return 500
			}
			return 200
		}
		r.mu.Unlock()
		w.mustRecord(ctx, s, withdrawal("newsletter", "ann@example.com"))
		w.finish(ctx, s)
		w.mustRecord(ctx, s, withdrawal("product-marketing", "ann@example.com"))
		w.mustRecord(ctx, s, withdrawal("newsletter", "ben@example.com"))
		r.all()
		w.finish(ctx, s)
		if got := lines(r.all()); len(got) != 1 || !strings.Contains(got[0], "ben@example.com") {
			t.Errorf("came: %q", got)
		}
		r.answers(200)
		w.clock.Advance(time.Minute)
		w.finish(ctx, s)
		got := lines(r.all())
		if len(got) != 2 || strings.Contains(got[0], "product-marketing") || !strings.Contains(got[1], "product-marketing") {
			t.Errorf("came: %q", got)
		}
	})
}

func TestWebhooks_WhatAClientRecordedItself_IsNotToldToIt(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, as, r := w.readyHook(webhooks.Options{})
		w.mustRecord(as, s, withdrawal("newsletter", "ann@example.com"))
		w.mustRecord(ctx, s, withdrawal("newsletter", "ben@example.com"))
		w.mustRecord(as, s, withdrawal("newsletter", "cora@example.com"))
		w.mustRecord(ctx, s, withdrawal("product-marketing", "cora@example.com"))
		w.finish(ctx, s)
		got := lines(r.all())
		slices.Sort(got)
		want := []string{
			"RESET folded ben@example.com; ADDED folded ben@example.com refusal newsletter WITHDRAWN",
			"RESET folded cora@example.com; ADDED folded cora@example.com refusal newsletter WITHDRAWN; " +
				"ADDED folded cora@example.com refusal product-marketing WITHDRAWN",
		}
		if diff := cmp.Diff(want, withReason(got, "REFUSED", "WITHDRAWN")); diff != "" {
			t.Errorf("came (-want +got):\n%s", diff)
		}
	})
}

// withReason returns lines with one reason in the place of another.
func withReason(list []string, from, to string) []string {
	for i := range list {
		list[i] = strings.ReplaceAll(list[i], from, to)
	}
	return list
}

func TestWebhooks_DeadMessages_AreReplayedWithWhatHoldsNow(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, _, r := w.readyHook(webhooks.Options{})
		r.answers(500)
		w.mustRecord(ctx, s, withdrawal("newsletter", "ann@example.com"))
		for range 10 {
			w.finish(ctx, s)
			w.clock.Advance(25 * time.Hour)
		}
		dead := w.deliveries(ctx, s, "dead")
		if got := r.all(); len(dead) != 1 || dead[0].Attempts != 10 || len(got) != 10 {
			t.Fatalf("dead %+v, attempts %d", dead, len(got))
		}
		r.answers(200)
		w.mustRecord(ctx, s, withdrawal("product-marketing", "ann@example.com"))
		w.finish(ctx, s)
		r.all()
		if _, err := s.ReplayDeliveries(ctx, "crm", []string{"msg_none"}, false); !isFault(err, fault.DeliveryMissing) {
			t.Errorf("a message that is not there: %v", err)
		}
		if _, err := s.ReplayDeliveries(ctx, "crm", []string{w.deliveries(ctx, s, "delivered")[0].ID}, false); !isFault(err, fault.DeliveryNotDead) {
			t.Errorf("a message that is not dead: %v", err)
		}
		if got, err := s.ReplayDeliveries(ctx, "crm", []string{dead[0].ID}, false); err != nil || got.Count != 1 || got.Snapshot {
			t.Fatalf("replay: %+v, %v", got, err)
		}
		w.finish(ctx, s)
		got := r.all()
		if len(got) != 1 || got[0].ID == dead[0].ID || !strings.Contains(lines(got)[0], "product-marketing") {
			t.Errorf("came: %+v", lines(got))
		}
		if left := w.deliveries(ctx, s, "dead"); len(left) != 0 {
			t.Errorf("still dead: %+v", left)
		}
	})
}

// erase erases an address.
func (w *world) erase(ctx context.Context, s *Service, address string) {
	w.t.Helper()
	if _, err := s.Erase(ctx, record.Erasure{Address: address}); err != nil {
		w.t.Fatal(err)
	}
	w.clock.Advance(time.Second)
}

func isFault(err error, code fault.Code) bool {
	told, ok := errors.AsType[*fault.Error](err)
	return ok && told.Code == code
}

func TestWebhooks_Erasure_TakesWhatWaits_AndTellsToForget(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx, _, r := w.readyHook(webhooks.Options{})
		r.answers(500)
		w.mustRecord(ctx, s, consentOn("newsletter", "ann@example.com", w.clock.Now()))
		w.mustRecord(ctx, s, withdrawal("newsletter", "ann@example.com"))
		w.mustRecord(ctx, s, withdrawal("newsletter", "ben@example.com"))
		w.finish(ctx, s)
		before := len(w.deliveries(ctx, s, "waiting"))
		if !sealedHolds(t, w, `"address":"ann@example.com"`) {
			t.Error("no message about ann can be found: the search below would show nothing")
		}
		w.erase(ctx, s, "ann@example.com")
		if sealedHolds(t, w, `"address":"ann@example.com"`) {
			t.Error("a message about ann is left")
		}
		if left := w.deliveries(ctx, s, "waiting"); len(left) != 1 || before < 3 {
			t.Errorf("of %d there wait %+v", before, left)
		}
		r.all()
		r.answers(200)
		w.clock.Advance(time.Hour)
		w.finish(ctx, s)
		text := strings.Join(lines(r.all()), "\n")
		for _, want := range []string{"REMOVED exact ann@example.com address", "REMOVED folded ann@example.com address", "ADDED folded ben@example.com"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s did not come:\n%s", want, text)
			}
		}
		if strings.Contains(text, "ADDED exact ann@") || strings.Contains(text, "ADDED folded ann@") {
			t.Errorf("the erased person came:\n%s", text)
		}
		w.clock.Advance(8 * 24 * time.Hour) // It is kept for a week, whatever was acknowledged.
		if err := s.ForgetRemovals(ctx); err != nil {
			t.Fatal(err)
		}
		if sealedHolds(t, w, "ann@example.com") {
			t.Error("the address is left after all were told")
		}
	})
}
