package server_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// event is a server-sent event.
type event struct{ id, name, data string }

// events is a stream of server-sent events, read as the HTML Standard says, section 9.2.6.
type events struct {
	t    testing.TB
	from *bufio.Scanner
	last string // id
}

// events opens a stream; with a last id as an EventSource does that comes back.
func (r *running) events(path, last string) *events {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://"+r.at.HTTP+path, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.admin)
	if last != "" {
		request.Header.Set("Last-Event-ID", last)
	}
	answer, err := r.http.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		if err := answer.Body.Close(); err != nil {
			r.t.Error(err)
		}
	})
	if media, cache := answer.Header.Get("Content-Type"), answer.Header.Get("Cache-Control"); media != "text/event-stream" || cache != "no-store" {
		r.t.Fatalf("got %q, %q", media, cache)
	}
	return &events{t: r.t, from: bufio.NewScanner(answer.Body)}
}

// next returns the next event that has data.
func (e *events) next() event {
	e.t.Helper()
	var got event
	for e.from.Scan() {
		field, value, _ := strings.Cut(e.from.Text(), ": ")
		switch {
		case e.from.Text() == "" && got.data != "":
			got.id = e.last
			return got
		case field == "id":
			e.last = value
		case field == "event":
			got.name = value
		case field == "data":
			got.data += value
		}
	}
	e.t.Fatalf("the stream ended: %v", e.from.Err())
	return got
}

func TestFeed_ServerSentEvents_AreResumedByTheirID(t *testing.T) {
	r := run(t, settings(t))
	stream := r.events("/v1/changes:watch?from=now&channels=newsletter", "")
	begin := stream.next()
	if begin.name != "heartbeat" || begin.id == "" || !strings.Contains(begin.data, begin.id) {
		t.Fatalf("it begins with %+v", begin)
	}
	refuse := func(address string) {
		t.Helper()
		got := r.as(http.MethodPost, "/v1/consent:withdraw", `{"address": "`+address+`", "channels": ["newsletter"]}`)
		if got.code != http.StatusOK {
			t.Fatalf("got %d", got.code)
		}
	}
	refuse("anna@example.com")
	change := stream.next()
	if change.name != "change" || change.id == begin.id || !strings.Contains(change.data, `"address":"anna@example.com"`) {
		t.Errorf("got %+v", change)
	}
	refuse("bert@example.com")
	again := r.events("/v1/changes:watch?from=now&channels=newsletter", change.id)
	again.next() // Where it begins.
	if got := again.next(); !strings.Contains(got.data, `"address":"bert@example.com"`) {
		t.Errorf("got %+v", got)
	}
}

func TestFeed_Lines_EndWithTheToken(t *testing.T) {
	r := run(t, settings(t))
	r.as(http.MethodPost, "/v1/consent:withdraw", `{"address": "anna@example.com", "channels": ["newsletter"]}`)
	for path, first := range map[string]string{"/v1/changes?from=beginning": "change", "/v1/suppressions:export": "foldVersion"} {
		got := r.as(http.MethodGet, path, "")
		lines := strings.Split(strings.TrimSuffix(got.body, "\n"), "\n")
		if got.code != http.StatusOK || len(lines) < 2 {
			t.Fatalf("%s: got %d %s", path, got.code, got.body)
		}
		var last struct {
			Heartbeat struct{ Token, Time string }
			Complete  bool
		}
		var begin map[string]any
		if err := json.Unmarshal([]byte(lines[0]), &begin); err != nil || begin[first] == nil {
			t.Errorf("%s begins with %s: %v", path, lines[0], err)
		}
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Heartbeat.Token == "" || last.Heartbeat.Time == "" || last.Complete != (first == "foldVersion") {
			t.Errorf("%s ends with %s: %v", path, lines[len(lines)-1], err)
		}
		if next := r.as(http.MethodGet, "/v1/changes?from="+last.Heartbeat.Token, ""); next.code != http.StatusOK {
			t.Errorf("%s: its token gives %d", path, next.code)
		}
	}
	if got := r.as(http.MethodGet, "/v1/changes?from=nonsense", ""); got.code != http.StatusBadRequest || got.reason() != "INVALID_TOKEN" {
		t.Errorf("got %d %s", got.code, got.reason())
	}
}
