package browser

import (
	"errors"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

const samplePage = `<!doctype html><title>Sample</title><style>
body { margin: 0; height: 2000px; background: rgb(255, 255, 255) }
@media (prefers-color-scheme: dark) { body { background: rgb(0, 0, 0) } }
</style><p>text</p><noscript>no scripts</noscript><script>document.title = "scripts ran"</script>`

func TestPage_IsShownAsItsOptionsSay(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := w.Write([]byte(samplePage)); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(site.Close)
	b := Start(t)
	type shown struct {
		Title, Background string
		NoScript          bool
		Width             int
	}
	read := func(p *Page) shown {
		return Evaluate[shown](p, `({
			title: document.title, background: getComputedStyle(document.body).backgroundColor, width: innerWidth,
			noScript: document.querySelector("noscript").offsetHeight > 0,
		})`)
	}
	plain := b.Open(t, site.URL, Width(1000))
	if diff := cmp.Diff(shown{"scripts ran", "rgb(255, 255, 255)", false, 1000}, read(plain)); diff != "" {
		t.Errorf("plain (-want +got):\n%s", diff)
	}
	other := b.Open(t, site.URL, Width(360), Dark(), ScriptsOff())
	if diff := cmp.Diff(shown{"Sample", "rgb(0, 0, 0)", true, 360}, read(other)); diff != "" {
		t.Errorf("narrow, dark, without scripts (-want +got):\n%s", diff)
	}
	if got := Evaluate[string](plain, `fetch("http://example.com/").then(() => "reached", () => "not reached")`); got != "not reached" {
		t.Errorf("another host is %s", got)
	}

	file := filepath.Join(t.TempDir(), "page.png")
	other.Screenshot(file)
	picture, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer picture.Close()
	pixels, err := png.Decode(picture)
	if err != nil {
		t.Fatal(err)
	}
	if size := pixels.Bounds().Size(); size.X != 360 || size.Y < 2000 {
		t.Errorf("the picture has %v pixels", size)
	}
	if r, g, b, _ := pixels.At(300, 1900).RGBA(); r+g+b != 0 {
		t.Errorf("the ground of the picture is %d %d %d", r, g, b)
	}
}

func TestViolations_AreFound(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := w.Write([]byte(`<!doctype html><html lang="en"><title>Sample</title><main><h1>Sample</h1><input></main>`)); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(site.Close)
	got := Start(t).Open(t, site.URL).Violations()
	if len(got) != 1 || !strings.HasPrefix(got[0], "label: ") || !strings.HasSuffix(got[0], ": <input>") {
		t.Errorf("got %q", got)
	}
}

func TestReadAxe_TakesWhatWasSetElseTheCache(t *testing.T) {
	dir := t.TempDir()
	cache := func() (string, error) { return dir, nil }
	if _, err := readAxe("", cache); !errors.Is(err, errNoAxe) || !strings.Contains(err.Error(), ".ci/testdeps") {
		t.Errorf("none: %v", err)
	}
	path := filepath.Join(dir, filepath.FromSlash(axeFile))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{path: "cached", filepath.Join(dir, "set.js"): "set"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for set, want := range map[string]string{"": "cached", filepath.Join(dir, "set.js"): "set"} {
		if got, err := readAxe(set, cache); err != nil || got != want {
			t.Errorf("%q: got %q, %v", set, got, err)
		}
	}
}

func TestFind_TakesWhatWasSetElseAKnownName(t *testing.T) {
	has := func(names ...string) func(string) (string, error) {
		return func(asked string) (string, error) {
			for _, name := range names {
				if asked == name {
					return "/bin/" + name, nil
				}
			}
			return "", errors.New(asked + ": not found")
		}
	}
	if got, err := find("mine", has("chromium", "mine")); err != nil || got != "/bin/mine" {
		t.Errorf("set: %s, %v", got, err)
	}
	if _, err := find("mine", has("chromium")); err == nil || !strings.Contains(err.Error(), "ASSENT_CHROMIUM: mine") {
		t.Errorf("set, and missing: %v", err)
	}
	if got, err := find("", has("google-chrome", "chromium-browser")); err != nil || got != "/bin/chromium-browser" {
		t.Errorf("by name: %s, %v", got, err)
	}
	if _, err := find("", has()); err == nil || !strings.Contains(err.Error(), "apt-get install chromium") {
		t.Errorf("none: %v", err)
	}
}
