package recipient

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/recipient/concerns"
	"github.com/assent-io/assent/internal/testkit/browser"
	"github.com/assent-io/assent/internal/wallclock"
)

// withDesk gives the person of a fake a page that offers everything, and a case of each state.
func withDesk(f *fake) {
	day := func(n int) consent.Instant {
		return consent.InstantOf(time.Date(2026, 3, n, 16, 0, 0, 0, time.UTC))
	}
	on := func(n int) wallclock.Date { return wallclock.Date{Year: 2026, Month: time.March, Day: n} }
	f.view.Now, f.view.OpensCases = day(20), true
	f.view.Wish = concerns.Wish{Kept: true, Offered: true}
	f.view.Rows = f.view.Rows[:2]
	f.view.Cases = []concerns.Case{
		{Number: "2026-000007", Kind: casework.Complaint, State: casework.Open, Channel: "newsletter", Opened: day(20), Due: day(23), DueDay: on(23)},
		{Number: "2026-000006", Kind: casework.Complaint, State: casework.Waiting, Channel: "newsletter", Opened: day(16), Due: day(17), DueDay: on(17)},
		{Number: "2026-000005", Kind: casework.Access, State: casework.Answered, Opened: day(3), Due: day(30), Answered: day(9)},
		{Number: "2026-000004", Kind: casework.Complaint, State: casework.Closed, Opened: day(2), Due: day(3), Answered: day(3), Closed: day(4)},
	}
}

// TestDesk_EachStateOfThePage_CanBeUsedByEveryone shows the page in every state that complaints, questions and wishes bring it to.
func TestDesk_EachStateOfThePage_CanBeUsedByEveryone(t *testing.T) {
	b := browser.Start(t)
	states := []struct {
		name, body string
		set        func(f *fake)
	}{
		{"first", "", func(f *fake) { f.view.Cases, f.view.Old = nil, false }},
		{"cases", "", func(*fake) {}},
		{"wished", "action=less_often&days=14", func(f *fake) { f.view.Wish.Days = 14 }},
		{"unkept", "", func(f *fake) { f.view.Wish = concerns.Wish{Days: 30} }},
		{"lifted", "action=as_often", func(*fake) {}},
		{"complained", "action=complain&text=No", func(f *fake) { f.view.About = &f.view.Cases[0] }},
		{"known", "action=complain&text=No", func(f *fake) { f.view.About, f.known = &f.view.Cases[0], true }},
		{"late", "action=complain&text=No", func(f *fake) { f.view.About, f.known = &f.view.Cases[1], true }},
		{"asked", "action=access", func(f *fake) { f.view.About = &f.view.Cases[0] }},
		{"empty", "action=complain&text=+", func(f *fake) { f.act = errNoText() }},
		{"long", "action=complain&text=" + strings.Repeat("a", concerns.MaxComplaint+1), func(f *fake) { f.act = errNoText() }},
		{"many", "action=complain&text=Again.", func(f *fake) { f.act = concerns.ErrManyCases }},
	}
	for i, c := range states {
		for j, lang := range []string{"de", "en"} {
			width, options := 360, []browser.Option{}
			if (i+j)%2 == 0 {
				width = 1200
			}
			if i%3 == 0 {
				options = append(options, browser.Dark())
			}
			name := fmt.Sprintf("%s-%s-%d", c.name, lang, width)
			t.Run(name, func(t *testing.T) {
				s := newSite(t)
				withDesk(s.links)
				c.set(s.links)
				served := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if c.body != "" {
						r.Method, r.Body = http.MethodPost, http.NoBody
						again, _ := http.NewRequestWithContext(r.Context(), http.MethodPost, r.URL.String(), strings.NewReader(c.body))
						again.Header.Set("Content-Type", form)
						r = again
					}
					s.ServeHTTP(w, r)
				}))
				t.Cleanup(served.Close)
				page := b.Open(t, served.URL+"/u/t?lang="+lang, append(options, browser.Width(width))...)
				browser.Evaluate[bool](page, `(() => { for (const d of document.querySelectorAll("details")) d.open = true; return true })()`)
				for _, problem := range page.Violations() {
					t.Errorf("axe: %s", problem)
				}
				if folder := os.Getenv("ASSENT_PICTURES"); folder != "" {
					page.Screenshot(filepath.Join(folder, "desk-"+name+".png"))
				}
			})
		}
	}
}
