package recipient

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/web/translation"
)

// fake is links of one person. It notes what is called.
type fake struct {
	mu     sync.Mutex
	calls  []string
	by     recipient.By
	fault  error
	act    error // of acts alone; nil: none
	click  recipient.Outcome
	hold   chan struct{} // a click waits for it; nil: none does
	view   *recipient.View
	asking *recipient.Asking
	known  bool

	acted recipient.Act // the last one

	bounded bool // the last act had a context that goes on, and ends
}

func (f *fake) note(call string, by recipient.By) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, call)
	f.by = by
	return f.fault
}

func (f *fake) called() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.calls...)
}

func (f *fake) OneClick(_ context.Context, _ string, by recipient.By) (recipient.Outcome, error) {
	err := f.note("one_click", by)
	if f.hold != nil {
		<-f.hold
	}
	return f.click, err
}

func (f *fake) View(_ context.Context, token string) (*recipient.View, error) {
	if token == "nonsense" {
		return nil, recipient.ErrNonsense
	}
	return f.view, f.note("view", recipient.By{})
}

// within notes whether an act has time of its own.
func (f *fake) within(ctx context.Context) {
	_, ends := ctx.Deadline()
	f.bounded = ends && ctx.Err() == nil
}

func (f *fake) Do(ctx context.Context, _ string, act recipient.Act) (*recipient.View, bool, error) {
	f.within(ctx)
	err := f.note(string(act.Action)+" "+act.Channel, act.By)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.acted = act
	return f.view, !f.known, cmp.Or(err, f.act)
}

// errNoText is what becomes of a complaint without a text, or with a long one.
func errNoText() error { return fault.Errorf(fault.InvalidRequest, "text", "no such text") }

func (f *fake) Asking(context.Context, string) (*recipient.Asking, error) {
	return f.asking, f.note("asking", recipient.By{})
}

func (f *fake) Confirm(_ context.Context, _ string, by recipient.By) (bool, error) {
	return f.known, f.note("confirm", by)
}

func (f *fake) NotMe(ctx context.Context, _ string, by recipient.By) (bool, error) {
	f.within(ctx)
	return f.known, f.note("not_me", by)
}

func newFake() *fake {
	newsletter := &catalog.Channel{ID: "newsletter", Name: catalog.LocalName{EN: "Weekly <newsletter>", DE: "Wöchentlicher Newsletter"}}
	offers := &catalog.Channel{ID: "offers", Name: catalog.LocalName{EN: "Offers", DE: "Angebote"}}
	desk := &catalog.Department{ID: "desk", Name: catalog.LocalName{EN: "Desk", DE: "Redaktion"}}
	acme := &catalog.Controller{
		ID: "acme", Name: "Acme GmbH", PostalAddress: "Hauptplatz 1, 1010 Wien", ImprintURL: "https://acme.example/imprint", PrivacyURL: "https://acme.example/privacy", PrivacyContact: "privacy@acme.example",
	}
	since := consent.InstantOf(time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC))
	return &fake{
		click: recipient.Done,
		view: &recipient.View{
			Address: "h•••@e•••.at", Controller: acme, Channel: "newsletter", CanEndAll: true, Old: true,
			Rows: []recipient.Row{
				{Channel: newsletter, Department: desk, State: recipient.Asked, Until: since + 14*86_400_000_000, Basis: catalog.BasisConsent, Since: since, CanLeave: true, CanKeep: true},
				{Channel: offers, Department: desk, State: recipient.Receiving, Basis: catalog.BasisExistingCustomer, Since: since, CanLeave: true, CanPause: true},
				{Channel: offers, Department: desk, State: recipient.Paused, Until: since, CanLeave: true, CanResume: true},
			},
		},
		asking: &recipient.Asking{
			Address: "h•••@e•••.at", Channel: newsletter, Controller: acme, Declaration: &catalog.DeclarationVersion{Text: "I agree to <all>."}, Waits: true,
		},
	}
}

// site is a handler over a fake.
type site struct {
	*Handler

	t     *testing.T
	links *fake
	clock *testkit.Clock
	used  []string
}

func newSite(t *testing.T) *site { return newSiteIn(t, nil) }

// newSiteIn is a handler with texts of its own.
func newSiteIn(t *testing.T, texts *translation.Set) *site {
	t.Helper()
	s := &site{t: t, links: newFake(), clock: testkit.NewClock(time.Date(2026, 3, 20, 12, 0, 0, 0, time.UTC))}
	var mu sync.Mutex
	var err error
	s.Handler, err = New(Options{
		Links: s.links, Texts: texts, Now: s.clock.Now, Logger: slog.New(slog.DiscardHandler), Counted: func(action, outcome string) {
			mu.Lock()
			defer mu.Unlock()
			s.used = append(s.used, action+" "+outcome)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask makes a request, with headers in pairs.
func (s *site) ask(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), method, path, strings.NewReader(body))
	r.RemoteAddr = "203.0.113.9:4711"
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func bodyOf(w *httptest.ResponseRecorder) string {
	body, _ := io.ReadAll(w.Result().Body)
	return string(body)
}

const form = "application/x-www-form-urlencoded"

var _ http.Handler = (*Handler)(nil)
