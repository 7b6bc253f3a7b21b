// Package browser drives Chromium for tests of what people and programs meet in a browser: it opens pages, evaluates scripts in
// them and takes pictures.
//
// It is for tests. A test without a Chromium fails and says what to install: one that were skipped would prove nothing.
package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// lifetime is how long a browser runs at most: a page that hangs fails its test.
const lifetime = 2 * time.Minute

// errNoChromium tells a developer how to get the browser.
var errNoChromium = errors.New("no Chromium for the tests: install it (Debian: apt-get install chromium), " +
	"or set ASSENT_CHROMIUM to the path of a Chromium or Chrome; `make test` installs it when it runs as root")

// Browser is a Chromium without a window and with an empty profile. It reaches this machine only: other hosts are not found.
type Browser struct{ ctx context.Context }

// Start starts a browser, which ends with the test.
func Start(t testing.TB) *Browser {
	t.Helper()
	program, err := find(os.Getenv("ASSENT_CHROMIUM"), exec.LookPath)
	if err != nil {
		t.Fatal(err)
	}
	// The context of the test ends before its cleanups run; the browser ends in one of them.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), lifetime)
	ctx, wait := chromedp.NewExecAllocator(ctx, options(program, t.TempDir())...)
	ctx, _ = chromedp.NewContext(ctx, chromedp.WithErrorf(t.Logf))
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Errorf("end the browser: %v", err)
		}
		wait()
		cancel()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	return &Browser{ctx}
}

// find returns the path of the browser: the one that was set, else the first known name that leads to a program.
func find(set string, lookPath func(string) (string, error)) (string, error) {
	if set != "" {
		path, err := lookPath(set)
		if err != nil {
			return "", fmt.Errorf("ASSENT_CHROMIUM: %w", err)
		}
		return path, nil
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := lookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errNoChromium
}

// options are those of the library, which has the profile in a temporary folder that it removes, and further ones. What the browser
// keeps elsewhere, such as certificates, goes to home.
func options(program, home string) []chromedp.ExecAllocatorOption {
	return append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program),
		chromedp.Env("HOME="+home),
		chromedp.NoSandbox, // The sandbox takes rights that a container may lack; the pages are our own.
		chromedp.Flag("disable-gpu", true),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE *.localhost, EXCLUDE 127.0.0.1, EXCLUDE [::1]"),
	)
}
