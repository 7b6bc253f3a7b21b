package service

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/suppressionfilter"
)

// syncClient creates a client that may read the feed, of a department or of all, and returns a context in which it calls.
func (w *world) syncClient(ctx context.Context, s *Service, id, department string) context.Context {
	w.t.Helper()
	return w.newClient(ctx, s, administration.NewClient{ID: id, Department: department, AllDepartments: department == "", Role: "sync"})
}

// newClient creates a client and returns a context in which it calls.
func (w *world) newClient(ctx context.Context, s *Service, n administration.NewClient) context.Context {
	w.t.Helper()
	_, key, err := s.CreateClient(ctx, n)
	if err != nil {
		w.t.Fatal(err)
	}
	caller, err := s.Authenticate(ctx, key)
	if err != nil {
		w.t.Fatal(err)
	}
	return access.WithCaller(ctx, caller)
}

// consumer creates a consumer of the form.
func (w *world) consumer(ctx context.Context, s *Service, id, client string, form consumers.Form) consumers.Created {
	w.t.Helper()
	created, err := s.CreateConsumer(ctx, consumers.NewConsumer{ID: id, Client: client, Form: form})
	if err != nil {
		w.t.Fatal(err)
	}
	return created
}

func TestConsumers_AreCreatedShownListedAndRevoked(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.syncClient(ctx, s, "tool", "")
		in := consumers.NewConsumer{
			ID: "b", Client: "tool", Channels: []string{"product-marketing", "newsletter", "newsletter"}, Kinds: []string{"suppression", "refusal"},
			Form: consumers.FormSHA256,
		}
		created, err := s.CreateConsumer(ctx, in)
		if err != nil || created.Key != "" {
			t.Fatalf("%+v, %v", created, err)
		}
		head, err := s.Store.Head(ctx)
		if err != nil {
			t.Fatal(err)
		}
		want := consumers.Consumer{
			ID: "b", Client: "tool", Channels: []string{"newsletter", "product-marketing"}, Kinds: []string{"refusal", "suppression"},
			Form: consumers.FormSHA256, Created: created.Consumer.Created, CreatedBy: "test", Acknowledged: storage.MarkOf(&head),
		}
		shown := func(id string, want consumers.Consumer) {
			t.Helper()
			got, err := s.GetConsumer(ctx, id)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		}
		shown("b", want)
		w.consumer(ctx, s, "a", "tool", consumers.FormPlain)
		w.consumer(ctx, s, "c", "tool", consumers.FormKeyed)
		if _, err := s.Active(w.syncClient(ctx, s, "bare", ""), ""); err != nil { // A client that reads without a consumer is none.
			t.Fatal(err)
		}
		w.clock.Advance(time.Minute)
		revoked, err := s.RevokeConsumer(ctx, "b", txn.Idempotency{})
		want.Revoked = revoked.Revoked
		if err != nil || revoked.Revoked == 0 || cmp.Diff(want, revoked) != "" {
			t.Errorf("%+v, %v", revoked, err)
		}
		w.clock.Advance(time.Minute)
		if again, err := s.RevokeConsumer(ctx, "b", txn.Idempotency{}); err != nil || again.Revoked != revoked.Revoked {
			t.Errorf("again: %+v, %v", again, err)
		}
		shown("b", want)
		var ids []string
		for token := ""; ; {
			page, err := s.ListConsumers(ctx, 2, token)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range page.Consumers {
				ids = append(ids, c.ID)
			}
			if token = page.Next; token == "" {
				break
			}
			ids = append(ids, "|")
		}
		if got := strings.Join(ids, " "); got != "a b | c" {
			t.Errorf("pages of %s", got)
		}
		_, err = s.ListConsumers(ctx, 2, "x")
		wantFault(t, err, fault.InvalidPageToken)
		for _, id := range []string{"none", "client/bare", ""} {
			_, err = s.GetConsumer(ctx, id)
			wantFault(t, err, fault.ConsumerMissing)
			_, err = s.RevokeConsumer(ctx, id, txn.Idempotency{})
			wantFault(t, err, fault.ConsumerMissing)
		}
	})
}

func TestCreateConsumer_ThatCouldNotRead_IsRefused(t *testing.T) {
	w := newWorld(t, "sqlite")
	s, ctx := w.acme()
	w.syncClient(ctx, s, "tool", "newsletter-desk")
	w.syncClient(ctx, s, "ended", "")
	if _, err := s.RevokeClient(ctx, "ended"); err != nil {
		t.Fatal(err)
	}
	w.newClient(ctx, s, administration.NewClient{ID: "shop", AllDepartments: true, Role: "sender"})
	w.consumer(ctx, s, "taken", "tool", consumers.FormPlain)
	if _, err := s.RevokeConsumer(ctx, "taken", txn.Idempotency{}); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("a", 65)
	for _, c := range []struct {
		change func(*consumers.NewConsumer)
		code   fault.Code
		field  string
	}{
		{func(n *consumers.NewConsumer) { n.ID = "" }, fault.InvalidConsumer, "id"},
		{func(n *consumers.NewConsumer) { n.ID = "client/tool" }, fault.InvalidConsumer, "id"},
		{func(n *consumers.NewConsumer) { n.ID = "Ärger" }, fault.InvalidConsumer, "id"},
		{func(n *consumers.NewConsumer) { n.ID = long }, fault.InvalidConsumer, "id"},
		{func(n *consumers.NewConsumer) { n.ID = "taken" }, fault.ConsumerExists, "id"},
		{func(n *consumers.NewConsumer) { n.Form = "" }, fault.InvalidConsumer, "form"},
		{func(n *consumers.NewConsumer) { n.Form = "crc32" }, fault.InvalidConsumer, "form"},
		{func(n *consumers.NewConsumer) { n.Kinds = []string{"grant", "bounce"} }, fault.InvalidConsumer, "kinds"},
		{func(n *consumers.NewConsumer) { n.Client = "none" }, fault.ClientMissing, "client"},
		{func(n *consumers.NewConsumer) { n.Client = "ended" }, fault.InvalidConsumer, "client"},
		{func(n *consumers.NewConsumer) { n.Client = "shop" }, fault.InvalidConsumer, "client"},
		{func(n *consumers.NewConsumer) { n.Channels = []string{"newsletter", "none"} }, fault.UnknownChannel, "channels"},
		{func(n *consumers.NewConsumer) { n.Channels = []string{"newsletter", "two words"} }, fault.UnknownChannel, "channels"},
		{func(n *consumers.NewConsumer) { n.Channels = []string{"product-marketing"} }, fault.OtherDepartment, "channel"},
	} {
		n := consumers.NewConsumer{ID: "new", Client: "tool", Form: consumers.FormPlain}
		c.change(&n)
		_, err := s.CreateConsumer(ctx, n)
		var got *fault.Error
		if errors.As(err, &got); got == nil || got.Code != c.code || got.Field != c.field || got.Message == "" {
			t.Errorf("%+v: got %v of %q, want %s of %q", n, err, fieldOf(got), c.code, c.field)
		}
	}
	if page, err := s.ListConsumers(ctx, 10, ""); err != nil || len(page.Consumers) != 1 {
		t.Errorf("%+v, %v", page, err)
	}
}

func fieldOf(err *fault.Error) string {
	if err == nil {
		return ""
	}
	return err.Field
}

func TestCreateConsumer_ByTheSameRequest_GivesTheSameKey(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		tool := w.syncClient(ctx, s, "tool", "")
		once := txn.Idempotency{Method: "CreateConsumer", ID: requestID(1), Body: []byte("a")}
		in := consumers.NewConsumer{ID: "a", Client: "tool", Form: consumers.FormKeyed, Idempotency: once}
		first, err := s.CreateConsumer(ctx, in)
		if err != nil || !strings.HasPrefix(first.Key, "assent-consumer-key-1:") {
			t.Fatalf("%+v, %v", first, err)
		}
		again, err := s.CreateConsumer(ctx, in)
		if diff := cmp.Diff(first, again); err != nil || diff != "" {
			t.Errorf("%v, %s", err, diff)
		}
		in.Body = []byte("b")
		_, err = s.CreateConsumer(ctx, in)
		wantFault(t, err, fault.RequestIDReused)
		in.Idempotency = txn.Idempotency{}
		_, err = s.CreateConsumer(ctx, in)
		wantFault(t, err, fault.ConsumerExists)
		r, err := s.Active(tool, "a")
		if err != nil {
			t.Fatal(err)
		}
		secret := r.Key.Reveal()
		given, err := suppressionfilter.ParseKey(first.Key)
		used, madeErr := suppressionfilter.NewKey(0, s.Keys.ListKey(), secret)
		if err := errors.Join(err, madeErr); err != nil || !given.Equal(used) {
			t.Errorf("the key that is given is not the one that is used (%v)", err)
		}
		other, err := s.Active(tool, w.consumer(ctx, s, "b", "tool", consumers.FormKeyed).Consumer.ID)
		if err != nil || r.Key.Reveal() == other.Key.Reveal() {
			t.Errorf("two consumers have one key (%v)", err)
		}
		// The key is destroyed with the consumer: no answer that is remembered brings it back.
		in.Idempotency = once
		if _, err := s.RevokeConsumer(ctx, "a", txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		got, err := s.CreateConsumer(ctx, in)
		if wantFault(t, err, fault.ConsumerRevoked); got.Key != "" {
			t.Errorf("after it was revoked, it is given %q", got.Key)
		}
		if sealedHolds(t, w, first.Key) || sealedHolds(t, w, string(secret[:])) {
			t.Error("the key of a revoked consumer is still stored")
		}
	})
}

func TestConsumer_KeyIsShownByNothingButReveal(t *testing.T) {
	w := newWorld(t, "sqlite")
	s, ctx := w.acme()
	tool := w.syncClient(ctx, s, "tool", "")
	w.consumer(ctx, s, "a", "tool", consumers.FormKeyed)
	r, err := s.Active(tool, "a")
	if err != nil {
		t.Fatal(err)
	}
	secret := r.Key.Reveal()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		shown := fmt.Sprintf(verb, r) + fmt.Sprintf(verb, &r) + fmt.Sprintf(verb, r.Key)
		if strings.Contains(shown, fmt.Sprintf("%x", secret[:4])) || strings.Contains(shown, fmt.Sprintf("%d %d %d", secret[0], secret[1], secret[2])) ||
			!strings.Contains(shown, "[key]") {
			t.Errorf("%s shows %s", verb, shown)
		}
	}
	for _, c := range w.raw().cells() {
		if strings.Contains(string(c.value), string(secret[:])) {
			t.Errorf("%s.%s holds the key in clear", c.table, c.column)
		}
	}
}

func TestConsumers_OfOneDepartment_AreForItsClients(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		tool := w.syncClient(ctx, s, "tool", "newsletter-desk")
		w.syncClient(ctx, s, "beside", "newsletter-desk")
		w.syncClient(ctx, s, "other", "marketing")
		w.syncClient(ctx, s, "whole", "")
		desk := w.newClient(ctx, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"clients"}})
		for id, client := range map[string]string{"a": "tool", "b": "beside", "c": "other", "d": "whole"} {
			w.consumer(ctx, s, id, client, consumers.FormPlain)
		}
		for _, c := range []struct {
			name string
			ctx  context.Context
			sees string
			get  map[string]fault.Code
		}{
			{"admin", ctx, "a b c d", map[string]fault.Code{"a": "", "d": ""}},
			{"the department's administrator", desk, "a b", map[string]fault.Code{
				"a": "", "b": "", "c": fault.ConsumerMissing, "d": fault.ConsumerMissing,
			}},
			{"a reader", tool, "a", map[string]fault.Code{
				"a": "", "b": fault.ConsumerMissing, "c": fault.ConsumerMissing, "d": fault.ConsumerMissing,
			}},
		} {
			page, err := s.ListConsumers(c.ctx, 10, "")
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for i := range page.Consumers {
				ids = append(ids, page.Consumers[i].ID)
			}
			if got := strings.Join(ids, " "); got != c.sees {
				t.Errorf("%s sees %s, want %s", c.name, got, c.sees)
			}
			for id, code := range c.get {
				if _, err := s.GetConsumer(c.ctx, id); code != "" || err != nil {
					wantFault(t, err, code)
				}
			}
		}
		for _, client := range []string{"other", "whole"} {
			_, err := s.CreateConsumer(desk, consumers.NewConsumer{ID: "e", Client: client, Form: consumers.FormPlain})
			wantFault(t, err, fault.OtherDepartment)
		}
		for _, id := range []string{"c", "d"} {
			_, err := s.RevokeConsumer(desk, id, txn.Idempotency{})
			wantFault(t, err, fault.ConsumerMissing)
		}
		_, err := s.CreateConsumer(tool, consumers.NewConsumer{ID: "e", Client: "tool", Form: consumers.FormPlain})
		wantFault(t, err, fault.ScopeMissing)
		_, err = s.RevokeConsumer(tool, "a", txn.Idempotency{})
		wantFault(t, err, fault.ScopeMissing)
		if _, err := s.RevokeConsumer(desk, "b", txn.Idempotency{}); err != nil {
			t.Error(err)
		}
	})
}

func TestActive_IsForTheClientOfTheConsumer_UntilRevoked(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		tool, other := w.syncClient(ctx, s, "tool", "newsletter-desk"), w.syncClient(ctx, s, "other", "")
		sender := w.newClient(ctx, s, administration.NewClient{ID: "shop", AllDepartments: true, Role: "sender"})
		w.consumer(ctx, s, "a", "tool", consumers.FormKeyed)
		r, err := s.Active(tool, "a")
		if err != nil || r.Department != "newsletter-desk" || r.Form != consumers.FormKeyed || r.Key.IsZero() {
			t.Errorf("%+v, %v", r, err)
		}
		for _, id := range []string{"b", "client/tool"} {
			_, err = s.Active(tool, id)
			wantFault(t, err, fault.ConsumerMissing)
		}
		_, err = s.Active(other, "a")
		wantFault(t, err, fault.ConsumerMissing)
		_, err = s.Active(sender, "")
		wantFault(t, err, fault.ScopeMissing)
		plain, err := s.Active(other, "")
		if err != nil || plain.Form != consumers.FormPlain || !plain.Key.IsZero() {
			t.Errorf("%+v, %v", plain, err)
		}
		if _, err := s.RevokeConsumer(ctx, "a", txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		_, err = s.Active(tool, "a")
		wantFault(t, err, fault.ConsumerRevoked)
		if _, err := s.RevokeClient(ctx, "other"); err != nil {
			t.Fatal(err)
		}
		_, err = s.Active(other, "")
		wantFault(t, err, fault.Unauthenticated)
	})
}

func TestAcknowledge_IsWrittenNowAndThen(t *testing.T) {
	w := newWorld(t, "sqlite")
	s, ctx := w.acme()
	tool := w.syncClient(ctx, s, "tool", "")
	w.consumer(ctx, s, "a", "tool", consumers.FormPlain)
	r, err := s.Active(tool, "a")
	if err != nil {
		t.Fatal(err)
	}
	stored := r.Acknowledged
	for _, step := range []struct {
		wait   time.Duration
		upTo   storage.Mark
		writes bool
	}{
		{0, storage.Mark{Position: 7, Revision: 1}, true}, // The first.
		{time.Second, storage.Mark{Position: 8, Revision: 1}, false},
		{time.Second, storage.Mark{Position: 10_007, Revision: 1}, true},
		{9 * time.Second, storage.Mark{Position: 10_008, Revision: 2}, false},
		{time.Second, storage.Mark{Position: 10_008, Revision: 2}, true},
		{time.Second, storage.Mark{Position: 10_008, Revision: 1}, true}, // It lost some.
		{time.Minute, storage.Mark{Position: 10_008, Revision: 1}, false},
		{5 * time.Minute, storage.Mark{Position: 10_008, Revision: 1}, true},
	} {
		w.clock.Advance(step.wait)
		if err := s.Acknowledge(tool, &r, step.upTo); err != nil {
			t.Fatal(err)
		}
		got, err := s.GetConsumer(ctx, "a")
		if step.writes {
			stored = step.upTo
		}
		if wrote := got.Seen == consent.InstantOf(w.clock.Now()); err != nil || got.Acknowledged != stored || wrote != step.writes {
			t.Errorf("%+v after %s: %+v at %s, %v", step.upTo, step.wait, got.Acknowledged, got.Seen, err)
		}
	}
}
