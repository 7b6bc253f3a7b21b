package service

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
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
		if err != nil || !strings.HasPrefix(first.Key, "assent-list-key-1:") {
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
		if decoded, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(first.Key, "assent-list-key-1:")); err != nil ||
			!bytes.Contains(decoded, secret[:]) {
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

// hashesOf returns what is kept of the address's folded subject.
func hashesOf(t *testing.T, s *Service, address string) []consumers.ListHash {
	t.Helper()
	folded := subjectsOf(t, s, address)[consent.FormFolded]
	all, err := s.ListHashes(t.Context(), s.Store, []consent.SubjectID{folded})
	if err != nil {
		t.Fatal(err)
	}
	return all[folded]
}

// wantHashes wants the hashes of an address, of its folded form first, to be kept.
func wantHashes(t *testing.T, s *Service, typed, exact, folded string) {
	t.Helper()
	got := hashesOf(t, s, typed)
	var want []consumers.ListHash
	for form, text := range map[consent.Form]string{consent.FormFolded: folded, consent.FormExact: exact} {
		hash, err := s.Keys.ListHash(form, text)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, consumers.ListHash{Hash: hash})
	}
	if len(got) != 2 || got[0].Spelling != [16]byte{} || got[1].Spelling == [16]byte{} {
		t.Errorf("kept are %+v", got)
	}
	byHash := cmpopts.SortSlices(func(a, b consumers.ListHash) bool { return string(a.Hash[:]) < string(b.Hash[:]) })
	if diff := cmp.Diff(want, got, byHash, cmpopts.IgnoreFields(consumers.ListHash{}, "Spelling")); diff != "" {
		t.Errorf("kept hashes (-want +got):\n%s", diff)
	}
}

// removals returns the addresses that a consumer that has everything up to the mark is told to forget.
func removals(t *testing.T, s *Service, has storage.Mark) []string {
	t.Helper()
	head, err := s.Store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list, err := s.Removals(t.Context(), s.Store, has, storage.MarkOf(&head), nil, 10)
	if err != nil {
		t.Fatal(err)
	}
	var addresses []string
	for i := range list {
		addresses = append(addresses, list[i].Address)
	}
	return addresses
}

func TestErase_KeepsTheListHashes_AndTellsThoseWhoKnowTheAddress(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.syncClient(ctx, s, "tool", "")
		w.consumer(ctx, s, "keyed", "tool", consumers.FormKeyed)
		const first, second, third = "anna@example.com", "Be.rta+shop@gmail.com", "carl@example.com"
		for _, who := range []string{first, second, third} {
			w.mustRecord(ctx, s, consentOn("newsletter", who, start.AddDate(0, 0, -1)))
		}
		eraseNow(ctx, t, w, s, first)
		wantHashes(t, s, first, first, first)
		if got := removals(t, s, storage.Mark{}); got != nil {
			t.Errorf("only a keyed consumer is there, and %q are kept", got)
		}
		plain := w.consumer(ctx, s, "plain", "tool", consumers.FormPlain)
		eraseNow(ctx, t, w, s, second)
		wantHashes(t, s, second, "be.rta+shop@gmail.com", "berta@gmail.com")
		if got := removals(t, s, plain.Consumer.Acknowledged); !cmp.Equal(got, []string{"be.rta+shop@gmail.com"}) {
			t.Errorf("told are %q", got)
		}
		if _, err := s.RevokeConsumer(ctx, "plain", txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		eraseNow(ctx, t, w, s, third)
		if got := removals(t, s, plain.Consumer.Acknowledged); len(got) != 1 {
			t.Errorf("after the plain consumer was revoked, told are %q", got)
		}
		if err := s.ForgetRemovals(ctx); err != nil {
			t.Fatal(err)
		}
		if got := removals(t, s, storage.Mark{}); got != nil {
			t.Errorf("no consumer is left that knows addresses, and %q are kept", got)
		}
		searchTables(t, w, &needles{texts: []string{"anna@example", "berta", "be.rta", "carl@example"}})
	})
}

// A client that reads without a consumer is told as a plain one is, until it stays away.
func TestErase_ClientThatReadsWithoutAConsumer_IsTold(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		tool := w.syncClient(ctx, s, "tool", "")
		for _, who := range []string{"anna@example.com", "berta@example.com"} {
			w.mustRecord(ctx, s, consentOn("newsletter", who, start.AddDate(0, 0, -1)))
		}
		r, err := s.Active(tool, "")
		if err != nil {
			t.Fatal(err)
		}
		eraseNow(ctx, t, w, s, "anna@example.com")
		forget := func(want ...string) {
			t.Helper()
			if err := s.ForgetRemovals(ctx); err != nil {
				t.Fatal(err)
			}
			if got := removals(t, s, r.Acknowledged); !cmp.Equal(got, want, cmpopts.EquateEmpty()) {
				t.Errorf("kept are %q, want %q", got, want)
			}
		}
		forget("anna@example.com")
		if !sealedHolds(t, w, "anna@example.com") {
			t.Error("the search of the tests does not find what is kept")
		}
		head, err := s.Store.Head(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Acknowledge(tool, &r, storage.MarkOf(&head)); err != nil {
			t.Fatal(err)
		}
		forget("anna@example.com") // The tool may come back with an older token.
		w.clock.Advance(8 * 24 * time.Hour)
		forget()
		searchTables(t, w, &needles{texts: []string{"anna@example"}})
		w.clock.Advance(consumers.RemovalsKept - 8*24*time.Hour + time.Hour)
		eraseNow(ctx, t, w, s, "berta@example.com")
		forget() // It was not seen for 30 days.
		if _, found, err := tables.ConsumerOf(ctx, s.Store, r.ID); err != nil || len(found) != 0 {
			t.Errorf("it is still noted: %v, %v", found, err)
		}
		if _, err := s.Active(tool, ""); err != nil {
			t.Error(err)
		}
	})
}

func TestForgetRemovals_DeletesAfter30Days_WhateverConsumersHave(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.syncClient(ctx, s, "tool", "")
		w.consumer(ctx, s, "legacy", "tool", consumers.FormMD5)
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.com", start.AddDate(0, 0, -1)))
		eraseNow(ctx, t, w, s, "anna@example.com")
		for _, step := range []struct {
			wait time.Duration
			want int
		}{{0, 1}, {consumers.RemovalsKept - time.Minute, 1}, {time.Minute, 0}} {
			w.clock.Advance(step.wait)
			if err := s.ForgetRemovals(ctx); err != nil {
				t.Fatal(err)
			}
			if got := removals(t, s, storage.Mark{}); len(got) != step.want {
				t.Errorf("after %s %q are kept", step.wait, got)
			}
		}
		searchTables(t, w, &needles{texts: []string{"anna@example"}})
	})
}

// An imported erasure is carried out later, when nothing of it has a position that a consumer does not have yet.
func TestErasePending_TellsConsumersThatHaveTheEventAlready(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.syncClient(ctx, s, "tool", "")
		w.consumer(ctx, s, "plain", "tool", consumers.FormPlain)
		const who = "anna@example.com"
		w.mustRecord(ctx, s, consentOn("newsletter", who, start.AddDate(0, 0, -2)))
		late := []record.BatchItem{{Statement: erasure(who, start.AddDate(0, 0, -1))}}
		if _, err := s.BatchRecord(ctx, record.Batch{Items: late}); err != nil {
			t.Fatal(err)
		}
		head, err := s.Store.Head(ctx)
		if err != nil {
			t.Fatal(err)
		}
		has := storage.MarkOf(&head)
		if got := hashesOf(t, s, who); got != nil || removals(t, s, storage.Mark{}) != nil {
			t.Error("it was carried out already")
		}
		if done, err := s.ErasePending(ctx, false); err != nil || len(done.Erased) != 1 {
			t.Fatalf("%+v, %v", done, err)
		}
		wantHashes(t, s, who, who, who)
		if got := removals(t, s, has); !cmp.Equal(got, []string{who}) {
			t.Errorf("told are %q", got)
		}
		if head, err = s.Store.Head(ctx); err != nil {
			t.Fatal(err)
		}
		if got := removals(t, s, storage.MarkOf(&head)); got != nil {
			t.Errorf("told again are %q", got)
		}
	})
}
