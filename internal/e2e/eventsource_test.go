package e2e

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/testkit/browser"
)

// feedBlock returns the first block of a language in docs/change-feed.md.
func feedBlock(t *testing.T, language string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/change-feed.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```" + language + "\n(.*?)```\n").FindSubmatch(text)
	if found == nil {
		t.Fatalf("docs/change-feed.md has no block in %s", language)
	}
	return string(found[1])
}

func TestChangeFeed_ProxyOfThePage_IsTheOneThatIsTried(t *testing.T) {
	source, err := os.ReadFile("changespage_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, tried, _ := strings.Cut(string(source), "with a browser.\n\n")
	if diff := gocmp.Diff(tried, feedBlock(t, "go")); diff != "" {
		t.Errorf("the proxy of docs/change-feed.md (-tried +got):\n%s", diff)
	}
}

// opened is a request for events: what it begins after, and the last id that the browser had been sent until then.
type opened struct{ from, lastEventID, sent string }

// site is what the browser sees as one origin. It hands requests to the proxy of docs/change-feed.md, notes what the browser asks for, and
// can cut a connection.
type site struct {
	*httptest.Server

	behind atomic.Pointer[http.Handler] // nil while no server runs
	armed  atomic.Bool                  // the connection is cut after the next change

	mu      sync.Mutex
	sent    string // id
	opens   []opened
	answers []int
}

var errCut = errors.New("the connection was cut")

// newSite starts a site without a server behind it.
func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen := &seenByBrowser{ResponseWriter: w, site: s}
		if r.URL.Path == "/v1/changes:watch" {
			s.mu.Lock()
			s.opens = append(s.opens, opened{r.URL.Query().Get("from"), r.Header.Get("Last-Event-ID"), s.sent})
			s.mu.Unlock()
		}
		if behind := s.behind.Load(); behind != nil {
			(*behind).ServeHTTP(seen, r)
			return
		}
		http.Error(seen, "no server", http.StatusBadGateway)
	}))
	t.Cleanup(s.Close)
	return s
}

// lead hands what comes to a server from now on; nil is none.
func (s *site) lead(t *testing.T, page string, r *running) {
	t.Helper()
	if r == nil {
		s.behind.Store(nil)
		return
	}
	at, err := url.Parse("http://" + r.HTTP)
	if err != nil {
		t.Fatal(err)
	}
	handler := changesPage(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := fmt.Fprint(w, page); err != nil {
			t.Error(err)
		}
	}), at, r.key)
	s.behind.Store(&handler)
}

// statuses are those of the answers that the browser got.
func (s *site) statuses() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.answers)
}

// seenByBrowser is an answer to the browser.
type seenByBrowser struct {
	http.ResponseWriter

	site *site
}

// Unwrap lets the proxy flush.
func (b *seenByBrowser) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// WriteHeader notes the status.
func (b *seenByBrowser) WriteHeader(status int) {
	b.site.mu.Lock()
	b.site.answers = append(b.site.answers, status)
	b.site.mu.Unlock()
	b.ResponseWriter.WriteHeader(status)
}

var idLine = regexp.MustCompile(`(?m)^id: (.+)$`)

// Write passes events on, and notes their ids. An armed site passes on one change, and cuts the connection before the next event.
func (b *seenByBrowser) Write(events []byte) (int, error) {
	passed, err := events, error(nil)
	if at := bytes.Index(events, []byte("event: change\n")); at >= 0 && b.site.armed.CompareAndSwap(true, false) {
		passed, err = events[:at+bytes.Index(events[at:], []byte("\n\n"))+2], errCut
	}
	b.site.mu.Lock()
	if ids := idLine.FindAllSubmatch(passed, -1); len(ids) > 0 {
		b.site.sent = string(ids[len(ids)-1][1])
	}
	b.site.mu.Unlock()
	n, failed := b.ResponseWriter.Write(passed)
	if err != nil {
		failed = errors.Join(http.NewResponseController(b.ResponseWriter).Flush(), err)
	}
	return n, failed
}

// refuse records in one call that addresses refuse the newsletter.
func refuse(t *testing.T, r *running, addresses ...string) {
	t.Helper()
	var events []any
	for _, address := range addresses {
		events = append(events, map[string]any{"withdraw": map[string]any{"address": address, "channels": []string{"newsletter"}}})
	}
	var answer any
	if code := post(t, r, "/v1/events:batchRecord", map[string]any{"events": events}, &answer); code != http.StatusOK {
		t.Fatalf("got %d: %v", code, answer)
	}
}

// addresses is an expression for those of the changes that the page of docs/change-feed.md shows, in their order.
const addresses = `Array.from(document.querySelectorAll("li"), line => JSON.parse(line.textContent).address)`

func TestChangeFeed_EventSourceOfABrowser_MissesNothingWhenItIsCut(t *testing.T) {
	page, b := feedBlock(t, "html"), browser.Start(t)
	eachStore(t, func(t *testing.T, db *database) {
		r := db.serve(nil)
		s := newSite(t)
		s.lead(t, page, r)
		p := b.Open(t, s.URL)
		p.Wait(`token !== "now"`)
		refuse(t, r, "anna@example.com")
		p.Wait(`document.querySelectorAll("li").length === 1`)

		s.armed.Store(true)
		refuse(t, r, "bert@example.com", "carl@example.com")
		testkit.Eventually(t, 20*time.Second, "the connection is cut", func() bool { return !s.armed.Load() })
		refuse(t, r, "dora@example.com") // The browser is away.
		p.Wait(`document.body.textContent.includes("dora@")`)

		r.stop()
		s.lead(t, page, nil)
		testkit.Eventually(t, 20*time.Second, "the browser asks while no server runs", func() bool {
			return slices.Contains(s.statuses(), http.StatusBadGateway)
		})
		r = db.serve(nil)
		refuse(t, r, "emil@example.com")
		s.lead(t, page, r)
		p.Wait(`document.body.textContent.includes("emil@")`)

		want := []string{"anna@example.com", "bert@example.com", "carl@example.com", "dora@example.com", "emil@example.com"}
		// The browser may have read what came just before the cut. It is told that again then.
		if diff := gocmp.Diff(want, slices.Compact(browser.Evaluate[[]string](p, addresses))); diff != "" {
			t.Errorf("the changes of the page (-want +got):\n%s", diff)
		}
		checkOpens(t, s)
	})
}

// checkOpens fails unless each connection after the first begins where the one before it was cut: one that the browser began by itself says
// so by Last-Event-ID, and one that the page began by its token.
func checkOpens(t *testing.T, s *site) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if first := s.opens[0]; first != (opened{from: "now"}) {
		t.Errorf("it begins with %+v", first)
	}
	byItself, byPage := 0, 0
	for _, o := range s.opens[1:] {
		if o.lastEventID != "" {
			byItself++
		} else {
			byPage++
		}
		if at := cmp.Or(o.lastEventID, o.from); at == "" || at != o.sent {
			t.Errorf("a connection begins after %q, and the last id was %q", at, o.sent)
		}
	}
	if byItself < 2 || byPage < 1 {
		t.Errorf("the browser came back %d times, the page %d times", byItself, byPage)
	}
}

func TestChangeFeed_PageOfAnotherOrigin_ReadsNothingThroughTheProxy(t *testing.T) {
	db := newDatabase(t, "sqlite")
	r := db.serve(nil)
	refuse(t, r, "anna@example.com")
	s := newSite(t)
	s.lead(t, feedBlock(t, "html"), r)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, err := fmt.Fprintf(w, `<!doctype html><script>
			let got = 0;
			const source = new EventSource("%s/v1/changes:watch?from=beginning", {withCredentials: true});
			for (const kind of ["change", "heartbeat"]) source.addEventListener(kind, () => { got++ });
		</script>`, s.URL)
		if err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(other.Close)
	b := browser.Start(t)
	p := b.Open(t, other.URL)
	p.Wait("source.readyState === EventSource.CLOSED")
	if got, answers := browser.Evaluate[int](p, "got"), s.statuses(); got != 0 || !slices.Equal(answers, []int{http.StatusForbidden}) {
		t.Errorf("%d events; answers %v", got, answers)
	}
	own := b.Open(t, s.URL)
	own.Wait(`token !== "now"`)
	if got := browser.Evaluate[int](own, `fetch("/v1/catalog").then(answer => answer.status)`); got != http.StatusNotFound {
		t.Errorf("the proxy passes another call on: %d", got)
	}
}
