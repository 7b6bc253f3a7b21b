package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/testkit/browser"
)

// withSends has the company ask for a send with each message of marketing.
func (l *linked) withSends() {
	l.t.Helper()
	document, err := os.ReadFile(exampleCatalog)
	if err != nil {
		l.t.Fatal(err)
	}
	body, err := json.Marshal(map[string]string{"document": string(document) + "sends: {clearing: required}\n"})
	if err != nil {
		l.t.Fatal(err)
	}
	if got := l.call(http.MethodPut, "/v1/catalog", string(body)); got.code != http.StatusOK {
		l.t.Fatalf("apply: %d %s", got.code, got.body)
	}
	l.clock.Advance(2_000_000_000)
}

// write writes into the only field for a text, as a person does.
func write(t *testing.T, page *browser.Page, text string) {
	t.Helper()
	browser.Evaluate[bool](page, fmt.Sprintf(`(() => { document.querySelector("textarea").value = %q; return true; })()`, text))
}

// TestLinksPage_APersonGetsLessComplainsAndAsks walks the acts that need the desks and the sends, in both languages and in one of a file, with
// scripts on and off, on a phone and on a screen, light and dark.
func TestLinksPage_APersonGetsLessComplainsAndAsks(t *testing.T) {
	type words struct{ lang, less, lessened, lift, lifted, send, problem, arrived, known, ask, asked string }
	english := words{
		"en", "Get fewer e‑mails", "at most one advertising e‑mail in 7\u00a0days", "Lift the limit", "The limit is lifted", "Send the complaint",
		"Please write what your complaint is about", "Your complaint has arrived", "We have this complaint already", "Ask for my data", "Your request has arrived",
	}
	german := words{
		"de", "Seltener erhalten", "höchstens eine Werbe‑E‑Mail in 7\u00a0Tagen", "Grenze aufheben", "Die Grenze ist aufgehoben", "Beschwerde senden",
		"worum es in Ihrer Beschwerde geht", "Ihre Beschwerde ist angekommen", "haben wir bereits", "Auskunft anfordern", "Ihre Anfrage ist angekommen",
	}
	arabic := words{
		"ar", "تلقي رسائل أقل", "على الأكثر خلال \u20687\u2069 يومًا", "إلغاء الحد", "أُلغي الحد", "إرسال الشكوى", "اكتب موضوع شكواك", "وصلت شكواك",
		"لدينا هذه الشكوى بالفعل", "طلب بياناتي", "وصل طلبك",
	}
	b := browser.Start(t)
	for i, c := range []struct {
		words
		scripts, dark bool
		width         int
	}{
		{english, true, false, 1280},
		{english, false, true, 320},
		{german, true, true, 320},
		{german, false, false, 1280},
		{arabic, true, false, 320},
	} {
		name := fmt.Sprintf("desk-%s-%d-%d", c.lang, c.width, i)
		t.Run(name, func(t *testing.T) {
			l := newLinked(t)
			l.withSends()
			options := []browser.Option{browser.Width(c.width)}
			if !c.scripts {
				options = append(options, browser.ScriptsOff())
			}
			if c.dark {
				options = append(options, browser.Dark())
			}
			page := b.Open(t, "http://"+l.at.HTTP+"/u/"+l.token+"?lang="+c.lang, options...)
			looks := func(what string) {
				t.Helper()
				browser.Evaluate[bool](page, `(() => { for (const d of document.querySelectorAll("details")) d.open = true; return true; })()`)
				wantAccessible(t, page, what, c.scripts)
				picture(t, page, name+"-"+what)
			}
			looks("first")
			press(t, page, c.less, c.lessened)
			looks("less")
			press(t, page, c.lift, c.lifted)
			write(t, page, "   ")
			press(t, page, c.send, c.problem)
			looks("problem")
			write(t, page, "I <b>left</b> you\nlong ago.")
			press(t, page, c.send, c.arrived)
			looks("complained")
			number := browser.Evaluate[string](page, `document.querySelector("[role=status] .number").textContent`)
			write(t, page, "I <b>left</b> you\nlong ago.")
			press(t, page, c.send, c.known)
			press(t, page, c.ask, c.asked)
			looks("asked")
			l.wants("newsletter", "SEND_NOT_CLEARED")
			later := b.Open(t, "http://"+l.at.HTTP+"/u/"+l.token+"?lang="+c.lang, options...)
			text := browser.Evaluate[string](later, "document.body.innerText")
			if strings.Count(text, number) != 1 || strings.Contains(text, "left") || strings.Contains(text, "hanna") {
				t.Errorf("later the page says %s", text)
			}
			if n := browser.Evaluate[int](later, `document.querySelectorAll("details").length`); n != 1 {
				t.Errorf("%d things are offered; a person who has asked need not ask again", n)
			}
			if log := l.log.String(); strings.Contains(log, "long ago") || strings.Contains(log, number) {
				t.Error("the log has what was complained of")
			}
		})
	}
}

// TestLinksPage_LookingOpensNothing asks for the page as link scanners do, with everything that a form would say.
func TestLinksPage_LookingOpensNothing(t *testing.T) {
	l := newLinked(t)
	l.withSends()
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		for _, said := range []string{"action=complain&text=No", "action=access", "action=less_often&days=7"} {
			if got := l.call(method, "/u/"+l.token+"?"+said, ""); got.code != http.StatusOK {
				t.Errorf("%s %s: %d", method, said, got.code)
			}
		}
	}
	if got := l.call(http.MethodGet, "/v1/cases", ""); got.code != http.StatusOK || strings.Contains(got.body, "2026-") {
		t.Errorf("the cases are %d %s", got.code, got.body)
	}
	if got := l.call(http.MethodGet, "/u/"+l.token+"?lang=en", ""); strings.Contains(got.body, "Lift the limit") {
		t.Error("a wish stands")
	}
}
