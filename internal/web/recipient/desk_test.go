package recipient

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/recipient/concerns"
)

// spaced returns a body with plain spaces for those at which no line ends.
func spaced(w *httptest.ResponseRecorder) string { return strings.ReplaceAll(bodyOf(w), "\u00a0", " ") }

// newDesk is a handler over a person whose page offers everything.
func newDesk(t *testing.T) *site {
	t.Helper()
	s := newSite(t)
	withDesk(s.links)
	return s
}

func TestDesk_ShowsWhatIsOffered_AndHowFarEachCaseIs(t *testing.T) {
	s := newDesk(t)
	body := spaced(s.ask(http.MethodGet, "/u/t?lang=en", ""))
	for _, want := range []string{
		"You can keep your e‑mails and get fewer of them.", `<option value="7">7 days`, `<option value="30">`, "Get fewer e‑mails",
		"2026-000007", "sent on 20 March 2026", "You get our answer by 23 March 2026.", "Our answer was due by 17 March 2026. We are sorry that it is late.",
		"We answered on 9 March 2026.", "It was closed on 4 March 2026.", "the department that sent it: Desk.", "A complaint does not unsubscribe you.",
		`maxlength="1000"`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, not := range []string{"Ask for my data", "Lift the limit", "<details open"} {
		if strings.Contains(body, not) {
			t.Errorf("the page has %q", not)
		}
	}
	s.links.view.Cases[2].State = casework.Closed
	s.links.view.Wish.Days = 14
	body = spaced(s.ask(http.MethodGet, "/u/t?lang=en", ""))
	for _, want := range []string{"Ask for my data", "Lift the limit", "Change the limit", `<option value="14" selected>`, "You get at most one advertising e‑mail in 14"} {
		if !strings.Contains(body, want) {
			t.Errorf("then the page lacks %q", want)
		}
	}
	s.links.view.OpensCases, s.links.view.Wish = false, concerns.Wish{}
	if body = spaced(s.ask(http.MethodGet, "/u/t?lang=en", "")); strings.Contains(body, "<details") || strings.Contains(body, "Less often") || strings.Contains(body, "omplain") {
		t.Errorf("where nothing is offered the page is\n%s", body)
	}
}

// TestDesk_AWishThatIsNotKept_IsSaid shows a wish after the catalog no longer keeps it.
func TestDesk_AWishThatIsNotKept_IsSaid(t *testing.T) {
	s := newDesk(t)
	s.links.view.Wish = concerns.Wish{Days: 30}
	body := spaced(s.ask(http.MethodGet, "/u/t?lang=en", ""))
	if !strings.Contains(body, "it is not certain that this is kept") || !strings.Contains(body, "Lift the limit") || strings.Contains(body, `name="days"`) {
		t.Errorf("the page is\n%s", body)
	}
}

func TestDesk_EachActIsAnsweredOnThePage(t *testing.T) {
	for _, c := range []struct {
		body, call, want, counted, again string
		about                            int // which case
	}{
		{"action=less_often&days=14", "less_often ", "From now on you get at most one advertising e‑mail in 14 days.", "less_often new", "This was already so.", -1},
		{"action=as_often", "as_often ", "The limit is lifted.", "as_often new", "This was already so.", -1},
		{"action=complain&text=No", "complain ", "Your complaint has arrived.", "complain new", "We have this complaint already.", 0},
		{"action=access", "access ", "Your request has arrived.", "access new", "You have asked already.", 0},
	} {
		s := newDesk(t)
		s.links.view.Wish.Days = 14
		if c.about >= 0 {
			s.links.view.About = &s.links.view.Cases[c.about]
		}
		got := spaced(s.ask(http.MethodPost, "/u/t?lang=en", c.body, "Content-Type", form))
		if !strings.Contains(got, c.want) || !strings.Contains(got, `role="status"`) {
			t.Errorf("%s: got\n%s", c.body, got)
		}
		if c.about >= 0 && !strings.Contains(got, "We answer by e‑mail to h•••@e•••.at, by 23 March 2026 at the latest.") {
			t.Errorf("%s: it does not say until when it is answered: %s", c.body, got)
		}
		if !slices.Equal(s.links.called(), []string{c.call}) || !slices.Equal(s.used, []string{c.counted}) {
			t.Errorf("%s: called %v, counted %v", c.body, s.links.called(), s.used)
		}
		s.links.known = true
		if got := spaced(s.ask(http.MethodPost, "/u/t?lang=en", c.body, "Content-Type", form)); !strings.Contains(got, c.again) {
			t.Errorf("%s a second time: %s", c.body, got)
		}
	}
}

func TestDesk_WhatThePersonSays_ReachesTheUseCase(t *testing.T) {
	s := newDesk(t)
	s.ask(http.MethodPost, "/u/t?lang=de", "action=less_often&days=30", "Content-Type", form)
	if s.links.acted.Days != 30 {
		t.Errorf("got %+v", s.links.acted)
	}
	s.links.view.About = &s.links.view.Cases[0]
	s.ask(http.MethodPost, "/u/t?lang=de", "action=complain&text=Nicht+%C3%BCber%0D%0Amich", "Content-Type", form)
	if got := s.links.acted; got.Text != "Nicht über\r\nmich" || got.Subject != "Beschwerde über eine E‑Mail" {
		t.Errorf("got %+v", got)
	}
	s.ask(http.MethodPost, "/u/t?lang=de", "action=access", "Content-Type", form)
	if got := s.links.acted; got.Subject != "Welche Daten sind über mich gespeichert?" {
		t.Errorf("got %+v", got)
	}
}

// TestDesk_WhatCouldNotBeSent_IsNotLost sends complaints that are refused, and wants their text in the form again.
func TestDesk_WhatCouldNotBeSent_IsNotLost(t *testing.T) {
	for _, c := range []struct {
		text string
		err  error
		code int
		want []string
	}{
		{" \r\n", errNoText(), http.StatusBadRequest, []string{"Please write what your complaint is about.", `aria-invalid="true"`, "<details open"}},
		{strings.Repeat("<b>", 400), errNoText(), http.StatusBadRequest, []string{"longer than 1000 characters", strings.Repeat("&lt;b&gt;", 400), `aria-invalid="true"`}},
		{"\n</textarea>A", concerns.ErrManyCases, http.StatusTooManyRequests, []string{"You have already sent 3 within a day.", "\n\n&lt;/textarea&gt;A</textarea>", "<details open>"}},
	} {
		s := newDesk(t)
		s.links.act = c.err
		w := s.ask(http.MethodPost, "/u/t?lang=en", url.Values{"action": {"complain"}, "text": {c.text}}.Encode(), "Content-Type", form)
		body := spaced(w)
		if w.Code != c.code {
			t.Errorf("%.10q: got %d", c.text, w.Code)
		}
		for _, want := range c.want {
			if !strings.Contains(body, want) {
				t.Errorf("%.10q: it lacks %.40q:\n%s", c.text, want, body)
			}
		}
		if !slices.Equal(s.used, []string{"complain refused"}) {
			t.Errorf("%.10q: counted %v", c.text, s.used)
		}
	}
	s := newDesk(t)
	s.links.fault = fault.Errorf(fault.Unavailable, "", "the database is away")
	if w := s.ask(http.MethodPost, "/u/t?lang=en", "action=complain&text=No", "Content-Type", form); w.Code != http.StatusServiceUnavailable {
		t.Errorf("a fault of ours: got %d", w.Code)
	}
	s.links.fault, s.links.act = nil, fault.Errorf(fault.InvalidRequest, "action", "it is not offered")
	if w := s.ask(http.MethodPost, "/u/t?lang=en", "action=access", "Content-Type", form); w.Code != http.StatusBadRequest || !strings.Contains(spaced(w), "This does not work") {
		t.Errorf("an act that is not offered: got %d", w.Code)
	}
}

func TestDesk_IsLimitedAsThePages(t *testing.T) {
	s := newDesk(t)
	for range tokenBurst {
		s.ask(http.MethodGet, "/u/t", "")
	}
	for _, act := range []string{"action=complain&text=No", "action=access", "action=less_often&days=7", "action=as_often"} {
		if w := s.ask(http.MethodPost, "/u/t", act, "Content-Type", form); w.Code != http.StatusTooManyRequests {
			t.Errorf("%s: got %d", act, w.Code)
		}
	}
}
