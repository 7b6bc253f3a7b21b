package recipient

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/recipient"
)

func TestPage_SpeaksTheLanguageOfTheBrowserOrOfTheAddress(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct{ path, accept, want string }{
		{"/u/t", "", "en"},
		{"/u/t", "de-AT,de;q=0.9,en;q=0.8", "de"},
		{"/u/t", "fr", "en"},
		{"/u/t?lang=de", "en", "de"},
		{"/u/t?lang=en", "de", "en"},
		{"/u/t?lang=xx", "de", "de"},
		{"/c/t", "de", "de"},
		{"/u/nonsense", "de", "de"},
		{"/u/t", strings.Repeat("de,", 10_000), "de"},
		{"/u/t", "\xff;;q=", "en"},
	} {
		w := s.ask(http.MethodGet, c.path, "", "Accept-Language", c.accept)
		body := bodyOf(w)
		if !strings.Contains(body, `<html lang="`+c.want+`" dir="ltr">`) {
			t.Errorf("%s with %.40q is not in %s: %.60s", c.path, c.accept, c.want, body)
		}
		other := map[string]string{"en": "Deutsch", "de": "English"}[c.want]
		if !strings.Contains(body, other+"</a>") {
			t.Errorf("%s with %.40q does not lead to %s", c.path, c.accept, other)
		}
	}
}

func TestPage_HasTheHeadersOfAPageForOnePerson(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/u/t", "/c/t", "/u/nonsense"} {
		w := s.ask(http.MethodGet, path, "")
		for name, want := range map[string]string{
			"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow", "X-Content-Type-Options": "nosniff",
			"Content-Type": "text/html; charset=utf-8", "Set-Cookie": "",
		} {
			if got := w.Header().Get(name); got != want {
				t.Errorf("%s: %s is %q, not %q", path, name, got, want)
			}
		}
		policy := w.Header().Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"} {
			if !strings.Contains(policy, want) {
				t.Errorf("%s: the policy %q lacks %s", path, policy, want)
			}
		}
		if strings.Contains(bodyOf(w), "<script") || strings.Contains(policy, "script-src") || strings.Contains(policy, "unsafe") {
			t.Errorf("%s has or permits a script: %s", path, policy)
		}
	}
}

func TestPage_ShowsChannelsWhyAndTheButtonsThatWork(t *testing.T) {
	s := newSite(t)
	body := bodyOf(s.ask(http.MethodGet, "/u/t", ""))
	for _, want := range []string{
		"h•••@e•••.at", "Acme GmbH", "Stop all advertising by e‑mail", "Weekly &lt;newsletter&gt;", "consent of 3 March 2026", "as a customer, since 3 March 2026",
		"Desk", "Nothing is sent until 17 March 2026", "Keep Weekly &lt;newsletter&gt;", "Unsubscribe from Offers", "Pause Offers", "End the pause of Offers",
		"The link is from an older e‑mail", "https://acme.example/imprint", "https://acme.example/privacy", "privacy@acme.example", "Hauptplatz 1",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Count(body, "<h1") != 1 || strings.Count(body, `value="pause"`) != 1 {
		t.Errorf("the page is\n%s", body)
	}
	s.links.view.CanEndAll, s.links.view.Old, s.links.view.Rows = false, false, s.links.view.Rows[:1]
	s.links.view.Rows[0].State, s.links.view.Rows[0].CanLeave, s.links.view.Rows[0].CanKeep = recipient.Left, false, false
	if body := bodyOf(s.ask(http.MethodGet, "/u/t", "")); strings.Contains(body, "<button") || !strings.Contains(body, "You do not get these e‑mails.") {
		t.Errorf("a page on which nothing is left to do is\n%s", body)
	}
}

func TestPage_EachActIsAnsweredOnThePage(t *testing.T) {
	for body, want := range map[string][3]string{
		"action=end_all":                       {"end_all ", "You will get no more advertising by e‑mail from Acme GmbH.", "end_all new"},
		"action=leave&channel=offers":          {"leave offers", "You are unsubscribed from Offers.", "leave new"},
		"action=keep&channel=newsletter":       {"keep newsletter", "You keep your subscription to Weekly &lt;newsletter&gt;.", "keep new"},
		"action=pause&channel=offers&months=3": {"pause offers", "Offers is paused until 3 March 2026.", "pause new"},
		"action=resume&channel=offers":         {"resume offers", "The pause of Offers has ended.", "resume new"},
	} {
		s := newSite(t)
		w := s.ask(http.MethodPost, "/u/t?lang=en", body, "Content-Type", form)
		if got := bodyOf(w); w.Code != http.StatusOK || !strings.Contains(got, want[1]) || !strings.Contains(got, `role="status"`) {
			t.Errorf("%s: got %d\n%s", body, w.Code, got)
		}
		if !slices.Equal(s.links.called(), []string{want[0]}) || !slices.Equal(s.used, []string{want[2]}) {
			t.Errorf("%s: called %v, counted %v", body, s.links.called(), s.used)
		}
		s.links.known = true
		if got := bodyOf(s.ask(http.MethodPost, "/u/t", body, "Content-Type", form)); !strings.Contains(got, "This was already so. Nothing changed.") {
			t.Errorf("%s a second time: %s", body, got)
		}
	}
}

func TestPage_WhatLeadsToNoPage_IsSaid(t *testing.T) {
	s := newSite(t)
	if w := s.ask(http.MethodGet, "/u/nonsense", ""); w.Code != http.StatusNotFound || !strings.Contains(bodyOf(w), "This link leads to nothing") {
		t.Errorf("nonsense: got %d", w.Code)
	}
	s.links.fault = fault.Errorf(fault.InvalidRequest, "channel", "no such channel")
	if w := s.ask(http.MethodPost, "/u/t", "action=leave&channel=x", "Content-Type", form); w.Code != http.StatusBadRequest {
		t.Errorf("an act that is not offered: got %d", w.Code)
	}
	s.links.fault = fault.Errorf(fault.Unavailable, "", "the database is away")
	if w := s.ask(http.MethodGet, "/u/t", ""); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || strings.Contains(bodyOf(w), "database") {
		t.Errorf("a fault of ours: got %d", w.Code)
	}
}

func TestConfirmation_ShowsWhatIsAgreedTo_AndAnswersActs(t *testing.T) {
	s := newSite(t)
	body := bodyOf(s.ask(http.MethodGet, "/c/t", ""))
	for _, want := range []string{"h•••@e•••.at", "I agree to &lt;all&gt;.", "Yes, I agree", "That was not me"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if got := bodyOf(s.ask(http.MethodPost, "/c/t", "action=confirm", "Content-Type", form)); !strings.Contains(got, "Thank you. You have confirmed.") {
		t.Errorf("confirmed: %s", got)
	}
	if got := bodyOf(s.ask(http.MethodPost, "/c/t", "action=not_me", "Content-Type", form)); !strings.Contains(got, "You will get none of these e‑mails.") {
		t.Errorf("not me: %s", got)
	}
	if w := s.ask(http.MethodPost, "/c/t", "List-Unsubscribe=One-Click", "Content-Type", form); w.Code != http.StatusOK || !strings.Contains(bodyOf(w), "Yes, I agree") {
		t.Errorf("one click on it: got %d", w.Code)
	}
	if w := s.ask(http.MethodPost, "/c/t", "action=subscribe", "Content-Type", form); w.Code != http.StatusBadRequest {
		t.Errorf("an act that there is not: got %d", w.Code)
	}
	if want := []string{"confirm new", "not_me new"}; !slices.Equal(s.used, want) {
		t.Errorf("counted %v", s.used)
	}
	if got := bodyOf(s.ask(http.MethodPost, "/c/t", "action=not_me", "Content-Type", form)); strings.Contains(got, "Please confirm") || !strings.Contains(got, "<h1>Your sign-up</h1>") {
		t.Errorf("who has answered is asked again: %s", got)
	}
	s.links.asking.Waits, s.links.asking.Ended = false, true
	if got := bodyOf(s.ask(http.MethodGet, "/c/t", "")); strings.Contains(got, "Yes, I agree") || !strings.Contains(got, "Only a new request can be confirmed.") {
		t.Errorf("ended: %s", got)
	}
	s.links.asking.Refused = true
	if got := bodyOf(s.ask(http.MethodGet, "/c/t", "")); strings.Contains(got, "<button") || strings.Contains(got, "I agree to") || !strings.Contains(got, "You refused these e‑mails.") {
		t.Errorf("refused: %s", got)
	}
}

func TestPage_BeyondTheLimits_IsToldToWait_AndOthersAreNot(t *testing.T) {
	s := newSite(t)
	beyond := 0
	for range tokenBurst + 10 {
		if w := s.ask(http.MethodGet, "/u/t", ""); w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") != "" {
			beyond++
		}
	}
	if beyond != 10 {
		t.Errorf("%d requests of %d were beyond the limit", beyond, tokenBurst+10)
	}
	if w := s.ask(http.MethodGet, "/u/other", ""); w.Code != http.StatusOK {
		t.Errorf("another token: got %d", w.Code)
	}
	s.clock.Advance(time.Minute)
	if w := s.ask(http.MethodGet, "/u/t", ""); w.Code != http.StatusOK {
		t.Errorf("a minute later: got %d", w.Code)
	}
}

// TestPage_ANo_HasNoLimit holds that what says no is taken however often pages were asked for, and that what could permit is not.
func TestPage_ANo_HasNoLimit(t *testing.T) {
	s := newSite(t)
	for range tokenBurst + networkBurst {
		s.ask(http.MethodGet, "/u/t", "")
	}
	for path, acts := range map[string]map[string]int{
		"/u/t": {
			"action=leave&channel=offers": 200, "action=end_all": 200, "action=pause&channel=offers&months=1": 200,
			"action=keep&channel=newsletter": 429, "action=resume&channel=offers": 429, "x=y": 429,
		},
		"/c/t": {"action=not_me": 200, "action=confirm": 429, "x=y": 429},
	} {
		for act, want := range acts {
			if w := s.ask(http.MethodPost, path, act, "Content-Type", form); w.Code != want {
				t.Errorf("%s: got %d, want %d", act, w.Code, want)
			}
		}
	}
}

func TestLimits_ADamagedTokenIsTheSame_AndAProxyIsNoNetwork(t *testing.T) {
	s := newSite(t)
	for range tokenBurst {
		s.ask(http.MethodGet, "/u/t%3E.", "")
	}
	if w := s.ask(http.MethodGet, "/u/t", ""); w.Code != http.StatusTooManyRequests {
		t.Errorf("the token without damage: got %d", w.Code)
	}
	ask := func(i int, headers ...string) int {
		return s.ask(http.MethodGet, "/u/"+strings.Repeat("k", i+1), "", headers...).Code
	}
	for i := range networkBurst + 50 {
		if code := ask(i, "X-Forwarded-For", "198.51.100.7"); code != http.StatusOK {
			t.Fatalf("page %d through a proxy: got %d", i, code)
		}
	}
	beyond := 0
	for i := range networkBurst {
		if ask(networkBurst+100+i) == http.StatusTooManyRequests {
			beyond++
		}
	}
	if beyond == 0 {
		t.Error("a network has no limit")
	}
}

func TestPeer_IsThePersons_OrNotKnown(t *testing.T) {
	for _, c := range []struct{ from, header, network, ip string }{
		{"203.0.113.9:4711", "", "203.0.113.0/24", "203.0.113.9"},
		{"[2001:db8:1:2:3::4]:4711", "", "2001:db8:1:2::/64", "2001:db8:1:2:3::4"},
		{"[::ffff:203.0.113.9]:4711", "", "203.0.113.0/24", "203.0.113.9"},
		{"203.0.113.9:4711", "X-Forwarded-For", "", ""},
		{"203.0.113.9:4711", "Forwarded", "", ""},
		{"203.0.113.9:4711", "Via", "", ""},
		{"10.0.0.7:4711", "", "", ""},
		{"127.0.0.1:4711", "", "", ""},
		{"[fe80::1%eth0]:4711", "", "", ""},
		{"", "", "", ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/u/t", nil)
		r.RemoteAddr = c.from
		if c.header != "" {
			r.Header.Set(c.header, "198.51.100.7")
		}
		if got := networkOf(r); got != c.network {
			t.Errorf("%s with %q: the network is %q, want %q", c.from, c.header, got, c.network)
		}
		if got := byOf(r).IP; got != c.ip {
			t.Errorf("%s with %q: the address is %q, want %q", c.from, c.header, got, c.ip)
		}
	}
}

// TestActs_OutliveTheRequest closes the connection of a person before what they said is carried out.
func TestActs_OutliveTheRequest(t *testing.T) {
	for path, act := range map[string]string{"/u/t": "action=leave&channel=offers", "/c/t": "action=not_me"} {
		s := newSite(t)
		ctx, closed := context.WithCancel(t.Context())
		closed()
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, path, strings.NewReader(act))
		r.Header.Set("Content-Type", form)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != http.StatusOK || !s.links.bounded {
			t.Errorf("%s: got %d, with an end of its own: %t", act, w.Code, s.links.bounded)
		}
	}
}

func TestPost_ThatSaysNothing_ShowsThePage(t *testing.T) {
	s := newSite(t)
	for _, body := range []string{"", "x=y", "List-Unsubscribe=Other"} {
		if w := s.ask(http.MethodPost, "/u/t", body, "Content-Type", form); w.Code != http.StatusOK || !strings.Contains(bodyOf(w), "Unsubscribe from Offers") {
			t.Errorf("%q: got %d", body, w.Code)
		}
	}
	if w := s.ask(http.MethodPost, "/u/nonsense", "", "Content-Type", form); w.Code != http.StatusNotFound {
		t.Errorf("a token that leads to nothing: got %d", w.Code)
	}
	for _, call := range s.links.called() {
		if call != "view" {
			t.Errorf("called %s", call)
		}
	}
}

func TestActs_ThatFail_AreCounted(t *testing.T) {
	s := newSite(t)
	for _, err := range []error{
		recipient.ErrNonsense, fault.Errorf(fault.InvalidRequest, "channel", "no such channel"), fault.Errorf(fault.Unavailable, "", "the database is away"),
	} {
		s.links.fault = err
		s.ask(http.MethodPost, "/u/t", "action=leave&channel=offers", "Content-Type", form)
		s.ask(http.MethodPost, "/u/t", "action=unheard-of", "Content-Type", form)
	}
	s.links.fault = fault.Errorf(fault.Unavailable, "", "the database is away")
	s.ask(http.MethodPost, "/c/t", "action=not_me", "Content-Type", form)
	if want := []string{"leave nonsense", "leave refused", "leave failed", "not_me failed"}; !slices.Equal(s.used, want) {
		t.Errorf("counted %v, want %v", s.used, want)
	}
}

// TestDone_SaysWhatIsSoAfterIt keeps and pauses where nothing, or something else, stands in the way of sending.
func TestDone_SaysWhatIsSoAfterIt(t *testing.T) {
	for _, c := range []struct {
		act   string
		after recipient.State
		want  string
	}{
		{"action=keep&channel=newsletter", recipient.Receiving, "You will go on getting Weekly &lt;newsletter&gt;."},
		{"action=keep&channel=newsletter", recipient.Asked, "What is sent to you is below."},
		{"action=pause&channel=newsletter&months=1", recipient.Paused, "is paused until 17 March 2026."},
		{"action=pause&channel=newsletter&months=1", recipient.Inactive, "What is sent to you is below."},
	} {
		s := newSite(t)
		s.links.view.Rows[0].State = c.after
		if got := bodyOf(s.ask(http.MethodPost, "/u/t?lang=en", c.act, "Content-Type", form)); !strings.Contains(got, c.want) {
			t.Errorf("%s, and then %d: it lacks %q", c.act, c.after, c.want)
		}
	}
}

func TestPage_InGerman_HasDaysAsPeopleSayThem(t *testing.T) {
	s := newSite(t)
	body := bodyOf(s.ask(http.MethodGet, "/u/t?lang=de", ""))
	for _, want := range []string{"Einwilligung vom 3. März 2026", "Bis 17. März 2026 wird nichts gesendet", "E\u2011Mail"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

func TestLimiter_RemembersNoMoreThanItShould(t *testing.T) {
	now := time.Unix(0, 0)
	l := newLimiter(func() time.Time { return now }, 1, 1, 100)
	for i := range 10_000 {
		l.allows(strings.Repeat("k", i%700) + string(rune('a'+i%26)) + time.Duration(i).String())
	}
	if n := len(l.young) + len(l.old); n > 100 {
		t.Errorf("%d keys are remembered", n)
	}
	if !l.allows("one") || l.allows("one") {
		t.Error("a key that acted may act again at once")
	}
	if now = now.Add(time.Second); !l.allows("one") {
		t.Error("a second later it may not")
	}
	for range 2 {
		if !l.allows("") {
			t.Error("an unknown network is limited")
		}
	}
}
