package service

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/intake/provider"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/intake"
	"github.com/assent-io/assent/internal/service/sources"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/service/webhooks"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
	"github.com/assent-io/assent/internal/web/hooks"
)

// provided is a service with a client that sends mail, and what its providers sign with.
type provided struct {
	*world

	s      *Service
	ctx    context.Context
	sign   *signer
	counts *counts
}

// counts are the figures of sources.
type counts struct {
	mu sync.Mutex
	of map[string]int
}

func (c *counts) add(words ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.of[strings.Join(words, " ")]++
}

func (c *counts) get(words string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.of[words]
}

func (w *world) provided(t *testing.T) *provided {
	t.Helper()
	h := &provided{world: w, sign: newSigner(t), counts: &counts{of: map[string]int{}}}
	w.sources = sources.Options{
		Client:  &http.Client{Transport: h.sign},
		Counted: func(kind, event, outcome string) { h.counts.add(kind, event, outcome) },
		Refused: func(kind, reason string) { h.counts.add(kind, reason) },
	}
	h.s, h.ctx = w.linked()
	w.syncClient(h.ctx, h.s, "mailer", "")
	return h
}

func (h *provided) create(kind provider.Kind) *sources.Created {
	h.t.Helper()
	made, err := h.s.CreateSource(h.ctx, h.sign.source(kind))
	if err != nil {
		h.t.Fatalf("%s: %v", kind, err)
	}
	return &made
}

// post hands a request to the door of a service, and returns the answer.
func post(s *Service, r *http.Request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	hooks.New(s, slog.New(slog.DiscardHandler)).ServeHTTP(answer, r)
	return answer
}

// want posts a request and wants a status; the answer says nothing.
func (h *provided) want(r *http.Request, status int) *httptest.ResponseRecorder {
	h.t.Helper()
	answer := post(h.s, r)
	if answer.Code != status || answer.Body.Len() != 0 {
		h.t.Errorf("%s %s: %d %q, want %d and nothing", r.Method, r.URL.Path, answer.Code, answer.Body, status)
	}
	return answer
}

// addressed returns an address with a consent, and the token of a message to it.
func (h *provided) addressed(name string) (address, token string) {
	h.t.Helper()
	address = name + "@example.at"
	h.mustRecord(h.ctx, h.s, consentOn("newsletter", address, start))
	return address, h.tokenFor(h.ctx, h.s, "newsletter", address)
}

// recorded wants so many events since a position.
func (h *provided) recorded(since int64, want int64) {
	h.t.Helper()
	if got := positions(h.t, h.s.Store) - since; got != want {
		h.t.Errorf("%d events were recorded, want %d", got, want)
	}
}

func TestHooks_EachProvider_SignedComplaintWithAToken_IsRecordedOnceAsByItsClient(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		h := w.provided(t)
		for _, kind := range provider.Kinds() {
			made := h.create(kind)
			address, token := h.addressed(string(kind))
			at := w.clock.Advance(time.Minute)
			head := positions(t, h.s.Store)
			body := complaintOf(kind, "event-1", address, token, at)
			h.want(h.sign.request(made, body, at), http.StatusOK)
			h.recorded(head, 1)
			w.wantCheck(h.ctx, h.s, "newsletter", address, consent.CodeComplaint)
			_, records, err := h.s.Store.Ledger(h.ctx, head, 1)
			if err != nil || records[0].Event.Actor != "mailer" {
				t.Errorf("%s: recorded %+v, %v; want it as by the client", kind, records, err)
			}
			w.clock.Advance(time.Minute)
			h.want(h.sign.request(made, body, at), http.StatusOK)
			h.recorded(head, 1)
		}
	})
}

func TestHooks_EachProvider_WithoutAToken_IsAHint(t *testing.T) {
	w := newWorld(t, "sqlite")
	h := w.provided(t)
	head := positions(t, h.s.Store)
	for _, kind := range provider.Kinds() {
		made := h.create(kind)
		at := w.clock.Advance(time.Minute)
		h.want(h.sign.request(made, complaintOf(kind, "event-1", string(kind)+"@example.at", "", at), at), http.StatusOK)
	}
	h.recorded(head, 0)
	hints := w.hints(h.ctx, h.s)
	if len(hints) != len(provider.Kinds()) || hints[0].Cause != intake.CauseNoToken || hints[0].Source != hints[0].Address[:len(hints[0].Source)] {
		t.Errorf("hints %+v", hints)
	}
}

func TestHooks_EachProvider_Forged_IsRefusedAndRecordsNothing(t *testing.T) {
	w := newWorld(t, "sqlite")
	h := w.provided(t)
	others := newSigner(t)
	for _, kind := range provider.Kinds() {
		made := h.create(kind)
		address, token := h.addressed(string(kind))
		at := w.clock.Advance(time.Minute)
		head := positions(t, h.s.Store)
		body := complaintOf(kind, "event-1", address, token, at)
		forged := *made
		forged.Secret += "x"
		by := others
		if kind == provider.Mailgun || kind == provider.Mandrill || kind == provider.Resend {
			by = h.sign
		}
		r := by.request(&forged, body, at)
		for _, name := range []string{"X-Mandrill-Signature", "Svix-Signature"} {
			if signature := r.Header.Get(name); signature != "" {
				r.Header.Set(name, "v1,"+strings.Repeat("A", 43)+"=")
			}
		}
		want := http.StatusUnauthorized
		if kind == provider.Mailgun {
			r = httptest.NewRequestWithContext(t.Context(), http.MethodPost, made.Source.Path, strings.NewReader(strings.Replace(mailgunBody("1", "t", body), `"token":"t"`, `"token":"u"`, 1)))
			want = http.StatusNotAcceptable
		}
		answer := h.want(r, want)
		if challenged := answer.Header().Get("WWW-Authenticate") != ""; challenged != (made.Secret != "") {
			t.Errorf("%s: challenged: %t", kind, challenged)
		}
		h.recorded(head, 0)
		unsigned := httptest.NewRequestWithContext(t.Context(), http.MethodPost, made.Source.Path, strings.NewReader(body))
		h.want(unsigned, want)
		h.want(httptest.NewRequestWithContext(t.Context(), http.MethodGet, made.Source.Path, http.NoBody), http.StatusMethodNotAllowed)
		h.recorded(head, 0)
	}
	if len(w.hints(h.ctx, h.s)) != 0 {
		t.Error("a forged request became a hint")
	}
	if h.counts.get("sendgrid no_signature") != 1 || h.counts.get("postmark bad_signature") != 1 {
		t.Errorf("counts %v", h.counts.of)
	}
}

func TestHooks_WhatASourceReported_IsSentToAllClientsButItsOwn(t *testing.T) {
	w := newWorld(t, "sqlite").hooked(webhooks.Options{})
	h := w.provided(t)
	others, own := w.receiver(), w.receiver()
	w.hook(h.ctx, h.s, others, "crm", consumers.FormPlain)
	w.hook(h.ctx, h.s, own, "own", consumers.FormPlain)
	n := h.sign.source(provider.Mailgun)
	n.Client = "own-client"
	made, err := h.s.CreateSource(h.ctx, n)
	if err != nil {
		t.Fatal(err)
	}
	address, token := h.addressed("anna")
	w.finish(h.ctx, h.s)
	others.all()
	own.all()
	at := w.clock.Advance(time.Minute)
	h.want(h.sign.request(&made, complaintOf(provider.Mailgun, "1", address, token, at), at), http.StatusOK)
	w.finish(h.ctx, h.s)
	if told := lines(others.all()); len(told) != 1 || !strings.Contains(told[0], address) || !strings.Contains(told[0], "COMPLAINT") {
		t.Errorf("another client is told %q", told)
	}
	if told := lines(own.all()); len(told) != 0 {
		t.Errorf("the client whose source reported it is told %q", told)
	}
}

func TestHooks_UnsignedProvider_HasAPathThatCannotBeGuessed(t *testing.T) {
	w := newWorld(t, "sqlite")
	h := w.provided(t)
	made := h.create(provider.Postmark)
	if secret, ok := strings.CutPrefix(made.Source.Path, "/hooks/postmark."); !ok || len(secret) != 26 {
		t.Errorf("the path is %s", made.Source.Path)
	}
	for _, path := range []string{"/hooks/postmark", "/hooks/nothing", "/hooks/", "/hooks/a/b"} {
		r := h.sign.request(made, "{}", w.clock.Now())
		r.URL.Path = path
		if got := post(h.s, r).Code; got != http.StatusNotFound {
			t.Errorf("%s: %d", path, got)
		}
	}
	officer := access.WithCaller(t.Context(), access.Caller{Client: access.Client{ID: "o", AllDepartments: true, Scopes: access.RoleScopes("officer")}})
	if seen, err := h.s.GetSource(officer, "postmark"); err != nil || seen.Path != "" {
		t.Errorf("an officer sees the path %q, %v", seen.Path, err)
	}
}

func TestHooks_BodyThatIsTooLong_IsRefusedBeforeItIsProved(t *testing.T) {
	w := newWorld(t, "sqlite")
	h := w.provided(t)
	mailgun, brevo := h.create(provider.Mailgun), h.create(provider.Brevo)
	long := strings.Repeat(" ", 1<<20+1)
	h.want(httptest.NewRequestWithContext(t.Context(), http.MethodPost, mailgun.Source.Path, strings.NewReader(long)), http.StatusRequestEntityTooLarge)
	h.want(h.sign.request(brevo, long+complaintOf(provider.Brevo, "1", "a@example.at", "", w.clock.Now()), w.clock.Now()), http.StatusOK)
	if h.counts.get("mailgun too_large") != 1 {
		t.Errorf("counts %v", h.counts.of)
	}
}

func TestHooks_MailgunTokenUnderAnotherBody_DoesNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		h := w.provided(t)
		made := h.create(provider.Mailgun)
		anna, annas := h.addressed("anna")
		bert, berts := h.addressed("bert")
		at := w.clock.Advance(time.Minute)
		seconds := fmt.Sprint(at.Unix())
		head := positions(t, h.s.Store)
		send := func(address, token string) {
			t.Helper()
			body := mailgunBody(seconds, "once", complaintOf(provider.Mailgun, "e-"+address, address, token, at))
			h.want(httptest.NewRequestWithContext(t.Context(), http.MethodPost, made.Source.Path, strings.NewReader(body)), http.StatusOK)
		}
		send(anna, annas)
		h.recorded(head, 1)
		send(bert, berts) // An attacker who saw the first request.
		send(anna, annas)
		h.recorded(head, 1)
		w.wantCheck(h.ctx, h.s, "newsletter", bert, consent.CodeAllowConsent)
		if h.counts.get("mailgun replayed") != 1 {
			t.Errorf("counts %v", h.counts.of)
		}
		w.clock.Advance(24 * time.Hour)
		if err := h.s.ForgetSources(h.ctx); err != nil {
			t.Fatal(err)
		}
		left, err := tables.SourceTokenOf(h.ctx, h.s.Store, "mailgun", [32]byte(digestOf("once")))
		if err != nil || len(left) != 0 {
			t.Errorf("the token is still there after its time: %v, %v", left, err)
		}
	})
}

func TestHooks_MailgunFormThatComesAgain_IsTakenWhateverItsBoundary(t *testing.T) {
	w := newWorld(t, "sqlite")
	h := w.provided(t)
	made := h.create(provider.Mailgun)
	address, token := h.addressed("anna")
	seconds := fmt.Sprint(w.clock.Advance(time.Minute).Unix())
	send := func(boundary string) {
		t.Helper()
		body := ""
		for _, field := range [][2]string{
			{"timestamp", seconds},
			{"token", "once"},
			{"signature", hex.EncodeToString(hmac256(ownSecret, seconds+"once"))},
			{"event", "complained"},
			{"recipient", address},
			{"assent_token", token},
		} {
			body += "--" + boundary + "\r\nContent-Disposition: form-data; name=" + field[0] + "\r\n\r\n" + field[1] + "\r\n"
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, made.Source.Path, strings.NewReader(body+"--"+boundary+"--\r\n"))
		r.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
		h.want(r, http.StatusOK)
	}
	send("first")
	send("second")
	want := map[string]int{"mailgun complained recorded": 1, "mailgun complained known": 1}
	if diff := cmp.Diff(want, h.counts.of); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

func TestHooks_BatchWithABadEvent_TheOthersAreTaken(t *testing.T) {
	w := newWorld(t, "sqlite")
	h := w.provided(t)
	made := h.create(provider.SendGrid)
	anna, annas := h.addressed("anna")
	bert, berts := h.addressed("bert")
	at := w.clock.Advance(time.Minute)
	head := positions(t, h.s.Store)
	first, last := complaintOf(provider.SendGrid, "1", anna, annas, at), complaintOf(provider.SendGrid, "2", bert, berts, at)
	body := "[" + first[1:len(first)-1] + `,{"event":"bounce","email":"` + strings.Repeat("x", 2_000) + `@example.at"},{"event":"open","email":"a@example.at"},{"event":"brand new"},` + last[1:]
	h.want(h.sign.request(made, body, at), http.StatusOK)
	h.recorded(head, 2)
	want := map[string]int{
		"sendgrid spamreport recorded": 2, "sendgrid bounce unreadable": 1, "sendgrid open ignored": 1, "sendgrid unknown ignored": 1,
	}
	if diff := cmp.Diff(want, h.counts.of); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	h.want(h.sign.request(made, "no events", at), http.StatusOK)
	if h.counts.get("sendgrid unreadable") != 1 {
		t.Errorf("counts %v", h.counts.of)
	}
}

func TestHooks_ConfirmationOfATopic_IsFetchedOnce_AndAFailureIsTriedAgain(t *testing.T) {
	w := newWorld(t, "sqlite")
	h := w.provided(t)
	made := h.create(provider.SES)
	confirmation := func() *http.Request {
		return h.sign.snsRequest(made, map[string]any{
			"Type": "SubscriptionConfirmation", "Message": "You have chosen", "Token": "token",
			"SubscribeURL": "https://" + snsHost + "/?Action=ConfirmSubscription&TopicArn=" + snsTopic + "&Token=token",
		}, w.clock.Now())
	}
	h.sign.status = http.StatusFound
	h.want(confirmation(), http.StatusServiceUnavailable)
	h.sign.status = http.StatusOK
	h.want(confirmation(), http.StatusOK)
	h.sign.mu.Lock()
	defer h.sign.mu.Unlock()
	if len(h.sign.fetched) != 3 || !strings.Contains(h.sign.fetched[2], "ConfirmSubscription") { // The certificate, and each try.
		t.Errorf("fetched %q", h.sign.fetched)
	}
}

func TestHooks_MandrillProbe_IsAnsweredBeforeThereIsAKey(t *testing.T) {
	w := newWorld(t, "sqlite")
	h := w.provided(t)
	n := h.sign.source(provider.Mandrill)
	n.Secret = ""
	made, err := h.s.CreateSource(h.ctx, n)
	if err != nil || made.Source.HasSecret {
		t.Fatalf("created %+v, %v", made, err)
	}
	h.want(httptest.NewRequestWithContext(t.Context(), http.MethodHead, made.Source.Path, http.NoBody), http.StatusOK)
	address, token := h.addressed("anna")
	at, head := w.clock.Advance(time.Minute), positions(t, h.s.Store)
	r := func() *http.Request {
		return h.sign.request(&made, complaintOf(provider.Mandrill, "1", address, token, at), at)
	}
	h.want(r(), http.StatusUnauthorized)
	h.recorded(head, 0)
	if _, err := h.s.RotateSourceSecret(h.ctx, "mandrill", ownSecret, false, txn.Idempotency{}); err != nil {
		t.Fatal(err)
	}
	h.want(r(), http.StatusOK)
	h.recorded(head, 1)
}

// cutOff is a store that is away as long as a test says.
type cutOff struct {
	storage.Store

	write, tables, read bool
}

func (c *cutOff) Write(ctx context.Context, load storage.Load, decide func(context.Context, storage.Tx) (*storage.Changes, error)) error {
	if c.write {
		return storage.ErrUnavailable
	}
	return c.Store.Write(ctx, load, decide)
}

func (c *cutOff) WriteTables(ctx context.Context, statements ...storage.Statement) error {
	if c.tables {
		return storage.ErrUnavailable
	}
	return c.Store.WriteTables(ctx, statements...)
}

func (c *cutOff) QueryTable(ctx context.Context, statement storage.Statement, each func(storage.Scan) error) (storage.Head, error) {
	if c.read {
		return storage.Head{}, storage.ErrUnavailable
	}
	return c.Store.QueryTable(ctx, statement, each)
}

func TestHooks_DatabaseAway_AcknowledgesNothing_AndTheNextTryIsTaken(t *testing.T) {
	w := newWorld(t, "sqlite")
	h := w.provided(t)
	made := h.create(provider.Mailgun)
	address, token := h.addressed("anna")
	at := w.clock.Advance(time.Minute)
	head := positions(t, h.s.Store)
	body := complaintOf(provider.Mailgun, "1", address, token, at)
	store := &cutOff{Store: h.s.Store}
	away := w.service(store, 0)
	for _, cut := range []*bool{&store.read, &store.tables, &store.write} {
		*cut = true
		if got := post(away, h.sign.request(made, body, at)); got.Code != http.StatusServiceUnavailable || got.Header().Get("Retry-After") == "" {
			t.Errorf("answered %d without the database", got.Code)
		}
		*cut = false
		h.recorded(head, 0)
	}
	if got := post(away, h.sign.request(made, body, at)); got.Code != http.StatusOK {
		t.Errorf("the next try: %d", got.Code)
	}
	h.recorded(head, 1)
}

func TestHooks_TwoServersAtOnce_RecordAnEventOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		h := w.provided(t)
		made := h.create(provider.Mailgun)
		address, token := h.addressed("anna")
		at := w.clock.Advance(time.Minute)
		head := positions(t, h.s.Store)
		store := h.s.Store
		if w.url != "" { // A SQLite file has one process.
			store = w.store()
		}
		servers := []*Service{h.s, w.service(store, 0)}
		var all sync.WaitGroup
		for i := range 8 {
			r := h.sign.request(made, complaintOf(provider.Mailgun, "1", address, token, at), at)
			all.Go(func() {
				if got := post(servers[i%2], r); got.Code != http.StatusOK {
					t.Errorf("answered %d", got.Code)
				}
			})
		}
		all.Wait()
		h.recorded(head, 1)
	})
}
