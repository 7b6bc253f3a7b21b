package server_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/testkit/browser"
)

// audit finds what keeps people from using a page: the rules of WCAG 2.2 AA that a program can check. It is written here because the tests load
// nothing from the network.
const audit = `(() => {
  const found = [], say = (what, node) => found.push(what + ": " + (node ? node.outerHTML.slice(0, 90) : ""));
  const visible = node => node.getClientRects().length > 0 && getComputedStyle(node).visibility !== "hidden";
  const rgb = text => { const n = text.match(/[\d.]+/g).map(Number); return n.length < 4 ? [...n, 1] : n; };
  const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
  const ground = node => { for (; node; node = node.parentElement) { const c = rgb(getComputedStyle(node).backgroundColor); if (c[3] > 0) return c.slice(0, 3); } return [255, 255, 255]; };
  const named = node => (node.textContent || "").trim() || node.getAttribute("aria-label") || "";
  if (!document.documentElement.lang) say("no language");
  if (!document.title.trim()) say("no title");
  if (document.querySelectorAll("h1").length !== 1) say("not one h1");
  if (document.querySelectorAll("main").length !== 1) say("not one main");
  let level = 1;
  for (const h of document.querySelectorAll("h1,h2,h3,h4,h5,h6")) { const n = +h.tagName[1]; if (n > level + 1) say("a level of headings is left out", h); level = n; }
  const ids = new Set();
  for (const node of document.querySelectorAll("[id]")) { if (ids.has(node.id)) say("an id twice", node); ids.add(node.id); }
  for (const node of document.querySelectorAll("input:not([type=hidden]), select, textarea")) if (!node.labels.length) say("no label", node);
  for (const node of document.querySelectorAll("a, button, section[aria-label]")) if (!named(node)) say("no name", node);
  for (const node of document.querySelectorAll("[tabindex]")) if (+node.getAttribute("tabindex") > 0) say("an order of its own", node);
  for (const node of document.querySelectorAll("a, button, select, textarea, summary, input:not([type=hidden])")) {
    const box = node.getBoundingClientRect();
    if (visible(node) && (box.width < 24 || box.height < 24)) say("smaller than 24 by 24", node);
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !visible(node) || node.tagName === "OPTION") continue;
    const style = getComputedStyle(node), size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && +style.fontWeight >= 700;
    const r = ratio(rgb(style.color).slice(0, 3), ground(node));
    if (r < (large ? 3 : 4.5)) say("contrast " + r.toFixed(2), node);
  }
  if (document.documentElement.scrollWidth > innerWidth) say("wider than the window: " + document.documentElement.scrollWidth + " of " + innerWidth);
  if (document.querySelector("script, img, iframe, link[rel=stylesheet]")) say("it loads something");
  return found;
})()`

// pictures is where the pages are kept as pictures, to be looked at; empty: nowhere.
func picture(t *testing.T, page *browser.Page, name string) {
	t.Helper()
	if folder := os.Getenv("ASSENT_PICTURES"); folder != "" {
		page.Screenshot(filepath.Join(folder, name+".png"))
	}
}

// wantAccessible holds that neither our own checks nor, where the page may run scripts, axe-core finds anything.
func wantAccessible(t *testing.T, page *browser.Page, name string, scripts bool) {
	t.Helper()
	for _, problem := range browser.Evaluate[[]string](page, audit) {
		t.Errorf("%s: %s", name, problem)
	}
	if !scripts {
		return
	}
	for _, problem := range page.Violations() {
		t.Errorf("%s: axe: %s", name, problem)
	}
}

// press presses a button with a text, as a person does, and waits for the answer on the page.
func press(t *testing.T, page *browser.Page, text, answer string) {
	t.Helper()
	if !browser.Evaluate[bool](page, fmt.Sprintf(`(() => { const b = [...document.querySelectorAll("button")].find(b => b.textContent.trim() === %q);
		if (b) b.click(); return !!b; })()`, text)) {
		t.Fatalf("there is no button %q: %s", text, browser.Evaluate[string](page, "document.body.innerText"))
	}
	page.Wait(fmt.Sprintf(`document.readyState === "complete" && (document.querySelector("[role=status]")?.innerText || "").includes(%q)`, answer))
}

// TestLinksPage_APersonWalksIt walks the page in both languages and in one of a file, from right to left, with scripts on and off, on a phone and on a screen, light and dark.
func TestLinksPage_APersonWalksIt(t *testing.T) {
	type words struct{ lang, endAll, pause, paused, resume, resumed, leave, left, ended string }
	english := words{
		"en", "Stop all advertising by e‑mail", "Pause Product information", "is paused until", "End the pause of Product information", "has ended",
		"Unsubscribe from Weekly newsletter", "You are unsubscribed from Weekly newsletter.", "no more advertising",
	}
	german := words{
		"de", "Alle Werbung per E‑Mail beenden", "„Produktinformationen“ pausieren", "pausiert", "Pause von „Produktinformationen“ beenden", "ist beendet",
		"„Wöchentlicher Newsletter“ abbestellen", "„Wöchentlicher Newsletter“ ist abbestellt.", "keine Werbung",
	}
	arabic := words{
		"ar", "أوقفوا جميع الإعلانات بالبريد الإلكتروني", "إيقاف \u2068Product information\u2069 مؤقتًا", "أُوقف", "إنهاء الإيقاف المؤقت لـ \u2068Product information\u2069",
		"انتهى الإيقاف", "إلغاء الاشتراك في \u2068Weekly newsletter\u2069", "أُلغي اشتراكك في \u2068Weekly newsletter\u2069.", "لن تصلك إعلانات",
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
		{arabic, false, true, 1280},
	} {
		name := fmt.Sprintf("%s-%d-%d", c.lang, c.width, i)
		t.Run(name, func(t *testing.T) {
			l := newLinked(t)
			options := []browser.Option{browser.Width(c.width)}
			if !c.scripts {
				options = append(options, browser.ScriptsOff())
			}
			if c.dark {
				options = append(options, browser.Dark())
			}
			page := b.Open(t, "http://"+l.at.HTTP+"/u/"+l.token+"?lang="+c.lang, options...)
			wantAccessible(t, page, "the page", c.scripts)
			picture(t, page, name+"-first")
			if text := browser.Evaluate[string](page, "document.body.innerText"); !strings.Contains(text, "h•••@e•••.at") || strings.Contains(text, "hanna") {
				t.Errorf("the page says %s", text)
			}
			press(t, page, c.pause, c.paused)
			l.wants("product-marketing", "SUPPRESSED")
			wantAccessible(t, page, "paused", c.scripts)
			picture(t, page, name+"-paused")
			press(t, page, c.resume, c.resumed)
			l.wants("product-marketing", "ALLOW_CONSENT")
			press(t, page, c.leave, c.left)
			l.wants("newsletter", "WITHDRAWN")
			wantAccessible(t, page, "left", c.scripts)
			picture(t, page, name+"-left")
			press(t, page, c.endAll, c.ended)
			l.wants("product-marketing", "OBJECTION")
			wantAccessible(t, page, "ended", c.scripts)
			if browser.Evaluate[int](page, `document.querySelectorAll(".end button").length`) != 0 {
				t.Error("the page goes on offering to end all")
			}
			picture(t, page, name+"-ended")
			nonsense := b.Open(t, "http://"+l.at.HTTP+"/u/"+l.token[:20]+"?lang="+c.lang, options...)
			wantAccessible(t, nonsense, "nonsense", c.scripts)
			picture(t, nonsense, name+"-nonsense")
		})
	}
}

// TestConfirmationPage_APersonWalksIt walks the page of a confirmation link, in both languages.
func TestConfirmationPage_APersonWalksIt(t *testing.T) {
	b := browser.Start(t)
	for _, c := range []struct {
		lang, yes, done, notMe, refused string
		width                           int
		scripts                         bool
	}{
		{"en", "Yes, I agree", "You have confirmed", "That was not me", "none of these e‑mails", 320, false},
		{"ar", "نعم، أوافق", "لقد أكدت", "لم أكن أنا", "لن تصلك أي", 320, true},
		{"de", "Ja, ich stimme zu", "Sie haben bestätigt", "Das war ich nicht", "diese E‑Mails nicht", 1280, true},
	} {
		t.Run(c.lang, func(t *testing.T) {
			l := newLinked(t)
			asked := l.call("POST", "/v1/consent:request", `{"address": "otto@example.at", "channel": "newsletter",
				"declaration": {"id": "newsletter-signup", "version": "2026-01"}, "evidence": {"source": "web_form"}}`)
			token, _ := asked.json["token"].(string)
			if token == "" {
				t.Fatalf("request: %d %s", asked.code, asked.body)
			}
			options := []browser.Option{browser.Width(c.width)}
			if !c.scripts {
				options = append(options, browser.ScriptsOff(), browser.Dark())
			}
			page := b.Open(t, "http://"+l.at.HTTP+"/c/"+token+"?lang="+c.lang, options...)
			wantAccessible(t, page, "the page", c.scripts)
			picture(t, page, "confirm-"+c.lang)
			l.clock.Advance(60_000_000_000)
			press(t, page, c.yes, c.done)
			wantAccessible(t, page, "confirmed", c.scripts)
			picture(t, page, "confirmed-"+c.lang)
			l.clock.Advance(60_000_000_000)
			press(t, page, c.notMe, c.refused)
			wantAccessible(t, page, "refused", c.scripts)
			picture(t, page, "refused-"+c.lang)
		})
	}
}

// TestLinksPage_ByKeyboardAlone goes through the page with the key Tab and leaves a channel with Enter: every control is reached in the order in which
// it is read, and shows that it has the focus.
func TestLinksPage_ByKeyboardAlone(t *testing.T) {
	l := newLinked(t)
	page := browser.Start(t).Open(t, "http://"+l.at.HTTP+"/u/"+l.token+"?lang=en", browser.Width(320), browser.ScriptsOff())
	want := browser.Evaluate[[]string](page, `[...document.querySelectorAll("a, button, select")].map(n => n.textContent.trim())`)
	for i, text := range want {
		page.Press(browser.Tab)
		got := browser.Evaluate[string](page, "document.activeElement.textContent.trim()")
		if got != text {
			t.Fatalf("the key Tab reaches %q as number %d, and %q is read there", got, i+1, text)
		}
		if width := browser.Evaluate[string](page, "getComputedStyle(document.activeElement).outlineWidth"); width != "3px" {
			t.Errorf("%q has an outline of %s while it has the focus", text, width)
		}
		if text == "Unsubscribe from Weekly newsletter" {
			picture(t, page, "keyboard")
			break
		}
	}
	page.Press(browser.Enter)
	page.Wait(`document.readyState === "complete" && (document.querySelector("[role=status]")?.innerText || "").includes("You are unsubscribed")`)
	l.wants("newsletter", "WITHDRAWN")
}

// TestLinksPage_WhatLeadsToNothing shows the pages of errors: a request too many, and an act that the page does not offer.
func TestLinksPage_WhatLeadsToNothing(t *testing.T) {
	l := newLinked(t)
	b := browser.Start(t)
	at := "http://" + l.at.HTTP + "/u/" + l.token
	page := b.Open(t, at+"?lang=en", browser.Width(320))
	browser.Evaluate[bool](page, `(() => { const f = document.querySelector("form"); f.elements.action.value = "unheard-of"; f.submit(); return true; })()`)
	page.Wait(`document.readyState === "complete" && document.body.innerText.includes("This does not work")`)
	wantAccessible(t, page, "an act that is not offered", true)
	picture(t, page, "error-act")
	for range 60 {
		l.call("GET", "/u/"+l.token, "")
	}
	busy := b.Open(t, at+"?lang=ar", browser.Width(320), browser.Dark())
	if text := browser.Evaluate[string](busy, "document.body.innerText"); !strings.Contains(text, "انتظر لحظة من فضلك") {
		t.Errorf("the page says %s", text)
	}
	wantAccessible(t, busy, "too many requests", true)
	picture(t, busy, "error-busy")
}
