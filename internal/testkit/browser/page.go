package browser

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/assent-io/assent/internal/testkit"
)

// patience is how long Wait waits before the test fails.
const patience = 20 * time.Second

// Page is a page in a tab of its own. Pages of one browser share cookies and storage.
type Page struct {
	t   testing.TB
	ctx context.Context
}

// Option is how a page is shown.
type Option = chromedp.Action[chromedp.Void]

// Width shows a page as wide as given, in CSS pixels, such as 360 for a small phone. Its height is 800.
func Width(pixels int) Option { return chromedp.EmulateViewport(int64(pixels), 800) }

// Dark shows a page to a person who prefers dark colours.
func Dark() Option {
	return func(ctx context.Context, tab *chromedp.Target) (chromedp.Void, error) {
		return cdp.Call(ctx, tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}},
		})
	}
}

// ScriptsOff shows a page with scripts switched off. Evaluate works nonetheless.
func ScriptsOff() Option {
	return func(ctx context.Context, tab *chromedp.Target) (chromedp.Void, error) {
		return cdp.Call(ctx, tab, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	}
}

// Open opens a page in a new tab and waits until it is loaded. The tab is closed with the test, which may be a part of the one that
// started the browser. Until then it may hold connections open: a server that waits for them when it is closed has to be started before the
// page is opened, so that it is closed after it.
func (b *Browser) Open(t testing.TB, url string, options ...Option) *Page {
	t.Helper()
	ctx, end := chromedp.NewContext(b.ctx)
	t.Cleanup(end)
	if err := chromedp.Do(ctx, append(options, chromedp.Navigate(url))...); err != nil {
		t.Fatalf("open %s: %v", url, err)
	}
	return &Page{t, ctx}
}

// Evaluate returns the value of an expression of JavaScript in a page, read as JSON into T. It waits for a promise.
func Evaluate[T any](p *Page, expression string) T {
	p.t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("evaluate %s: %v", expression, err)
	}
	return value
}

// Wait waits until an expression of JavaScript is true in the page. The test fails if it is not within 20 seconds. While the page gives way to
// another one nothing can be evaluated, so that an error counts as not yet.
func (p *Page) Wait(expression string) {
	p.t.Helper()
	testkit.Eventually(p.t, patience, expression, func() bool {
		holds, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool](expression, chromedp.EvalAwaitPromise))
		return err == nil && holds
	})
}

// Key is a key of the keyboard.
type Key string

// The keys of people who use no mouse.
const (
	Tab   Key = "\t"
	Enter Key = "\r"
)

// Press presses a key.
func (p *Page) Press(key Key) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.KeyEvent(string(key))); err != nil {
		p.t.Fatalf("press %q: %v", key, err)
	}
}

// Screenshot writes a picture of the whole page, below its visible part too, to a file as PNG.
func (p *Page) Screenshot(file string) {
	p.t.Helper()
	capture := chromedp.FullScreenshot(100)
	if Evaluate[bool](p, "document.documentElement.scrollHeight <= innerHeight") {
		capture = chromedp.CaptureScreenshot() // A full one of a page from right to left is shifted where nothing is below the visible part.
	}
	picture, err := chromedp.Run(p.ctx, capture)
	if err == nil {
		err = os.WriteFile(file, picture, 0o600)
	}
	if err != nil {
		p.t.Fatalf("screenshot: %v", err)
	}
}
