package recipient

import (
	"net/http"
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
		if !strings.Contains(body, `<html lang="`+c.want+`">`) {
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
		"h•••@e•••.at", "Acme GmbH", "Stop all advertising by e-mail", "Weekly &lt;newsletter&gt;", "consent of 3 March 2026", "as a customer, since 3 March 2026",
		"Desk", "Nothing is sent until 17 March 2026", "Keep Weekly &lt;newsletter&gt;", "Unsubscribe from Offers", "Pause Offers", "End the pause of Offers",
		"The link is from an older e-mail", "https://acme.example/imprint", "https://acme.example/privacy", "privacy@acme.example", "Hauptplatz 1",
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
	if body := bodyOf(s.ask(http.MethodGet, "/u/t", "")); strings.Contains(body, "<button") || !strings.Contains(body, "You do not get these e-mails.") {
		t.Errorf("a page on which nothing is left to do is\n%s", body)
	}
}

func TestPage_EachActIsAnsweredOnThePage(t *testing.T) {
	for body, want := range map[string][3]string{
		"action=end_all":                       {"end_all ", "You will get no more advertising by e-mail.", "end_all new"},
		"action=leave&channel=offers":          {"leave offers", "You are unsubscribed from Offers.", "leave new"},
		"action=keep&channel=newsletter":       {"keep newsletter", "You will go on getting Weekly &lt;newsletter&gt;.", "keep new"},
		"action=pause&channel=offers&months=3": {"pause offers", "Offers is paused until 3 March 2026.", "pause new"},
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
		if got := bodyOf(s.ask(http.MethodPost, "/u/t", body, "Content-Type", form)); !strings.Contains(got, "That was so already.") {
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
	if got := bodyOf(s.ask(http.MethodPost, "/c/t", "action=not_me", "Content-Type", form)); !strings.Contains(got, "You will get none of these e-mails.") {
		t.Errorf("not me: %s", got)
	}
	if w := s.ask(http.MethodPost, "/c/t", "List-Unsubscribe=One-Click", "Content-Type", form); w.Code != http.StatusBadRequest {
		t.Errorf("one click on it: got %d", w.Code)
	}
	if want := []string{"confirm new", "not_me new"}; !slices.Equal(s.used, want) {
		t.Errorf("counted %v", s.used)
	}
	s.links.asking.Waits, s.links.asking.Refused = false, true
	if got := bodyOf(s.ask(http.MethodGet, "/c/t", "")); strings.Contains(got, "<button") || !strings.Contains(got, "You refused these e-mails.") {
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
