package service

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/event"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/webhooks"
)

// receiver is a program that takes the messages of a webhook.
type receiver struct {
	t      testing.TB
	server *httptest.Server

	mu      sync.Mutex
	secrets []string // that it knows; a message must be signed with one of them
	answer  func(m *message) int
	header  func(m *message, h http.Header)
	took    func(m *message) // is called with each message that is taken for the first time
	got     []message        // in the order in which they came, whatever was answered
	taken   []message        // that were answered with 200 for the first time
}

// message is one that came.
type message struct {
	ID      string
	Type    string
	Changes []told `json:"changes"`
	At      int    // how often it came, this time included
	Header  http.Header
}

// told is an entry of a message.
type told struct {
	Change        string        `json:"change"`
	Match         string        `json:"match"`
	Address       string        `json:"address"`
	Hash          string        `json:"hash"`
	Channel       string        `json:"channel"`
	Scope         consent.Scope `json:"scope"`
	Kind          string        `json:"kind"`
	Reason        consent.Code  `json:"reason"`
	Since         string        `json:"since"`
	Until         string        `json:"until"`
	CountsFrom    string        `json:"countsFrom"`
	Order         string        `json:"order"`
	Stops         string        `json:"stops"`
	EndedBy       string        `json:"endedBy"`
	EndsRefusal   bool          `json:"endsRefusal"`
	EndsHonoured  bool          `json:"endsHonoured"`
	EndsObjection bool          `json:"endsObjection"`
	Imported      bool          `json:"imported"`
	Position      int64         `json:"position"`
}

func (w *world) receiver() *receiver {
	w.t.Helper()
	r := &receiver{t: w.t}
	r.server = httptest.NewServer(http.HandlerFunc(r.take))
	w.t.Cleanup(r.server.Close)
	return r
}

// take takes a message as the library of Standard Webhooks and that of CloudEvents read it.
func (r *receiver) take(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	r.mu.Lock()
	m := message{ID: request.Header.Get("webhook-id"), Header: request.Header, At: 1}
	if !r.genuine(body, request.Header) {
		r.t.Errorf("the message %s is not signed with a secret that the receiver knows", m.ID)
	}
	var event cloudevents.Event
	if err := json.Unmarshal(body, &event); err != nil {
		r.t.Errorf("not a CloudEvent: %v", err)
	}
	if event.ID() != m.ID {
		r.t.Errorf("the event has the id %s, the message %s", event.ID(), m.ID)
	}
	m.Type = event.Type()
	if err := json.Unmarshal(event.Data(), &m); err != nil {
		r.t.Errorf("data: %v", err)
	}
	for i := range r.got {
		if r.got[i].ID == m.ID {
			m.At++
		}
	}
	r.got = append(r.got, m)
	status, header := http.StatusOK, r.header
	if r.answer != nil {
		status = r.answer(&m)
	}
	if status == http.StatusOK && !slices.ContainsFunc(r.taken, func(t message) bool { return t.ID == m.ID }) {
		r.taken = append(r.taken, m)
		if r.took != nil {
			r.took(&m)
		}
	}
	r.mu.Unlock()
	if header != nil {
		header(&m, w.Header())
	}
	if status == 0 { // Resets the connection.
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(status)
}

func (r *receiver) genuine(body []byte, header http.Header) bool {
	for _, secret := range r.secrets {
		verifier, err := standardwebhooks.NewWebhook(secret)
		if err != nil {
			r.t.Fatal(err)
		}
		if verifier.VerifyIgnoringTimestamp(body, header) == nil {
			return true
		}
	}
	return false
}

// all returns what came, and forgets it.
func (r *receiver) all() []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	return got
}

// lines says what messages tell, an entry a line.
func lines(messages []message) []string {
	var list []string
	for _, m := range messages {
		var parts []string
		for _, e := range m.Changes {
			parts = append(parts, strings.Join(strings.Fields(strings.Join([]string{e.Change, e.Match, e.Address, e.Kind, e.Channel, string(e.Scope), string(e.Reason)}, " ")), " "))
		}
		list = append(list, strings.Join(parts, "; "))
	}
	return list
}

// hooked makes the services that are made next send webhooks to the receivers of tests.
func (w *world) hooked(options webhooks.Options) *world {
	options.AllowPrivate = true
	if options.Random == nil {
		options.Random = func() float64 { return 0 }
	}
	w.hooks = options
	return w
}

// hook creates a client and a webhook of it that tells the receiver, and returns a context in which the client calls.
func (w *world) hook(ctx context.Context, s *Service, r *receiver, id string, form consumers.Form) (webhooks.Created, context.Context) {
	w.t.Helper()
	as := w.syncClient(ctx, s, id+"-client", "")
	created, err := s.CreateWebhook(ctx, webhooks.NewWebhook{
		NewConsumer: consumers.NewConsumer{ID: id, Client: id + "-client", Form: form}, URL: r.server.URL + "/hook?token=secret",
	})
	if err != nil {
		w.t.Fatal(err)
	}
	r.secrets = append(r.secrets, created.Secret)
	return created, as
}

func (w *world) finish(ctx context.Context, s *Service) {
	w.t.Helper()
	if err := s.FinishWebhooks(ctx); err != nil {
		w.t.Fatal(err)
	}
}

func TestWebhooks_TellWhatChanges_AfterASnapshotIsAskedFor(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.hooked(webhooks.Options{}).acme()
		r := w.receiver()
		w.hook(ctx, s, r, "crm", consumers.FormPlain)
		w.finish(ctx, s)
		first := r.all()
		if len(first) != 1 || len(first[0].Changes) == 0 || slices.ContainsFunc(first[0].Changes, func(e told) bool { return e.Change != "RESET" || e.Channel == "" }) {
			t.Fatalf("the first message: %+v", first)
		}
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.com", w.clock.Now()))
		w.mustRecord(ctx, s, withdrawal("newsletter", "ben@example.com"))
		w.finish(ctx, s)
		got := lines(r.all())
		slices.Sort(got)
		if len(got) != 2 {
			t.Fatalf("messages: %q", got)
		}
		page, err := s.ListDeliveries(ctx, "crm", "", 10, "")
		if err != nil || len(page.Deliveries) != 3 {
			t.Fatalf("deliveries: %+v, %v", page, err)
		}
		for _, d := range page.Deliveries {
			if d.State != "delivered" || d.Attempts != 1 || d.Outcome != "DELIVERED" || d.Status != 200 {
				t.Errorf("a delivery: %+v", d)
			}
		}
		w.clock.Advance(time.Minute)
		w.finish(ctx, s)
		if more := r.all(); len(more) != 0 {
			t.Errorf("more came: %q", lines(more))
		}
	})
}
