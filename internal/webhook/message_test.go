package webhook

import (
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2/protocol/http"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write the examples of docs/webhooks.md anew")

func sampleMessage() Message {
	return Message{
		ID: "msg_7Q3kVXz9", Source: "urn:uuid:6f2c1a52-3a58-4f0e-9d39-4f6a0f6f5d11", Type: TypeChange, Subject: "channels/newsletter",
		Time: time.Date(2026, time.November, 28, 9, 20, 0, 125_000_999, time.FixedZone("", 3600)),
		Data: []byte(`{"changes": [{"change": "RESET", "match": "folded", "address": "anna@example.com"}]}`),
	}
}

func mustURL(t testing.TB, text string) URL {
	t.Helper()
	u, err := ParseURL(text, true)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// sent returns the request of one attempt and its body.
func sent(t testing.TB, d Delivery, at time.Time) (*http.Request, []byte) {
	t.Helper()
	request, err := d.request(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(request.Body)
	if err != nil {
		t.Fatal(err)
	}
	if request.Body, err = request.GetBody(); err != nil {
		t.Fatal(err)
	}
	return request, body
}

func TestRequest_EachMode_IsTheCloudEventThatTheSDKReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Message{
			ID:      rapid.StringMatching(`[A-Za-z0-9_-]{1,64}`).Draw(t, "id"),
			Source:  "urn:uuid:" + rapid.StringMatching(`[0-9a-f-]{36}`).Draw(t, "source"),
			Type:    rapid.SampledFrom([]string{TypeChange, TypeTest, "io.assent.notice_sent.v12"}).Draw(t, "type"),
			Subject: rapid.StringMatching(`[A-Za-z0-9._:/-]{0,255}`).Draw(t, "subject"),
			Time:    time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "time")),
			Data: []byte(rapid.SampledFrom([]string{
				`{}`, `null`, `"<&>"`, `{"b":1, "a" : [1.10, 1e2]}`, ` {"duplicate":1,"duplicate":2} `, `"ÿ\u2028"`,
			}).Draw(t, "data")),
		}
		mode := rapid.SampledFrom([]Mode{Structured, Binary}).Draw(t, "mode")
		d := Delivery{URL: sampleURL(t), Mode: mode, Message: m, Secrets: []Secret{NewSecret()}}
		request, err := d.request(t.Context(), time.Unix(1, 0))
		if err != nil {
			t.Fatal(err)
		}
		got, err := cloudevents.NewEventFromHTTPRequest(request)
		if err != nil {
			t.Fatalf("%s: the SDK says %v", mode, err)
		}
		if err := got.Validate(); err != nil {
			t.Fatalf("%s: the SDK says %v", mode, err)
		}
		has := []string{got.SpecVersion(), got.ID(), got.Source(), got.Type(), got.Subject(), got.DataContentType(), strings.TrimSpace(string(got.Data()))}
		want := []string{"1.0", m.ID, m.Source, m.Type, m.Subject, "application/json", strings.TrimSpace(string(m.Data))}
		if diff := cmp.Diff(want, has); diff != "" || !got.Time().Equal(m.Time) {
			t.Fatalf("%s: the SDK reads (-want +got), time %s:\n%s", mode, got.Time(), diff)
		}
	})
}

func sampleURL(t *rapid.T) URL {
	u, err := ParseURL("https://crm.example.com/hooks", false)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestRequest_Retried_HasTheSameIDAndBodyAndANewTimestamp(t *testing.T) {
	d := Delivery{URL: mustURL(t, "https://crm.example.com"), Mode: Structured, Message: sampleMessage(), Secrets: []Secret{NewSecret()}}
	first, body := sent(t, d, time.Unix(100, 0))
	second, again := sent(t, d, time.Unix(105, 0))
	if string(body) != string(again) || first.Header.Get(HeaderID) != second.Header.Get(HeaderID) {
		t.Errorf("the message has changed: %s, then %s", body, again)
	}
	if first.Header.Get(HeaderTimestamp) != "100" || second.Header.Get(HeaderTimestamp) != "105" ||
		first.Header.Get(HeaderSignature) == second.Header.Get(HeaderSignature) {
		t.Errorf("the attempts are not signed anew: %v, then %v", first.Header, second.Header)
	}
}

func TestRequest_AddressOutsideTheData_IsRefused(t *testing.T) {
	for name, change := range map[string]func(*Message){
		"id": func(m *Message) { m.ID = "anna@example.com" }, "id with a full stop": func(m *Message) { m.ID = "a.1" },
		"no id": func(m *Message) { m.ID = "" }, "long id": func(m *Message) { m.ID = strings.Repeat("a", 65) },
		"source": func(m *Message) { m.Source = "mailto:anna@example.com" }, "no source": func(m *Message) { m.Source = "" },
		"subject": func(m *Message) { m.Subject = "anna@example.com" }, "escaped subject": func(m *Message) { m.Subject = "anna%40example.com" },
		"line in subject": func(m *Message) { m.Subject = "a\r\nx: y" }, "ends with a line": func(m *Message) { m.Subject = "a\n" },
		"type": func(m *Message) { m.Type = "io.assent.change" }, "no time": func(m *Message) { m.Time = time.Time{} },
		"late time": func(m *Message) { m.Time = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
		"no data":   func(m *Message) { m.Data = nil }, "two values": func(m *Message) { m.Data = []byte(`{}{}`) },
		"data that is not UTF-8": func(m *Message) { m.Data = []byte("\"\xff\"") },
	} {
		m := sampleMessage()
		change(&m)
		d := Delivery{URL: mustURL(t, "https://crm.example.com"), Mode: Binary, Message: m, Secrets: []Secret{NewSecret()}}
		if _, err := d.request(t.Context(), time.Unix(1, 0)); err == nil || strings.Contains(err.Error(), "anna") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
	good := Delivery{URL: mustURL(t, "https://crm.example.com"), Mode: Binary, Message: sampleMessage(), Secrets: []Secret{NewSecret()}}
	for name, change := range map[string]func(*Delivery){
		"no secret": func(d *Delivery) { d.Secrets = nil }, "empty secret": func(d *Delivery) { d.Secrets = []Secret{NewSecret(), {}} },
		"three secrets": func(d *Delivery) { d.Secrets = []Secret{NewSecret(), NewSecret(), NewSecret()} },
		"no mode":       func(d *Delivery) { d.Mode = "" },
	} {
		d := good
		change(&d)
		if _, err := d.request(t.Context(), time.Unix(1, 0)); err == nil {
			t.Errorf("%s: the delivery is taken", name)
		}
	}
}

// page returns docs/webhooks.md.
func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/webhooks.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// codeBlocks returns the blocks of a language on the page.
func codeBlocks(t *testing.T, language string) []string {
	t.Helper()
	var all []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```\n").FindAllStringSubmatch(page(t), -1) {
		all = append(all, m[1])
	}
	return all
}

// raw returns a request as it is sent, with its headers in the order of the alphabet and in the spelling of their specifications.
func raw(t *testing.T, d Delivery, at time.Time) string {
	t.Helper()
	request, body := sent(t, d, at)
	var lines []string
	for name, values := range request.Header {
		if !slices.Contains([]string{"Content-Type", "User-Agent"}, name) {
			name = strings.ToLower(name)
		}
		lines = append(lines, name+": "+values[0])
	}
	slices.Sort(lines)
	return fmt.Sprintf("POST %s HTTP/1.1\nHost: %s\n%s\n\n%s\n", request.URL.RequestURI(), request.URL.Host, strings.Join(lines, "\n"), body)
}

func TestPage_Examples_AreWhatIsSent(t *testing.T) {
	d := Delivery{URL: mustURL(t, "https://crm.example.com/hooks/assent"), Message: sampleMessage(), Secrets: []Secret{mustSecret(t, knownSecret)}}
	var want []string
	for _, mode := range []Mode{Structured, Binary} {
		d.Mode = mode
		want = append(want, raw(t, d, time.Date(2026, time.November, 28, 8, 20, 5, 0, time.UTC)))
	}
	source, err := os.ReadFile("receiver_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, receiver, _ := strings.Cut(string(source), "others deliver to it.\n\n")
	if *update {
		text := page(t)
		for i, old := range codeBlocks(t, "http") {
			text = strings.Replace(text, "```http\n"+old, "```http\n"+want[i], 1)
		}
		text = strings.Replace(text, "```go\n"+codeBlocks(t, "go")[0], "```go\n"+receiver, 1)
		if err := os.WriteFile("../../docs/webhooks.md", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want, codeBlocks(t, "http")); diff != "" {
		t.Errorf("docs/webhooks.md (-want +got); write it anew with -update:\n%s", diff)
	}
	if diff := cmp.Diff([]string{receiver}, codeBlocks(t, "go")); diff != "" {
		t.Errorf("the receiver of docs/webhooks.md (-want +got); write it anew with -update:\n%s", diff)
	}
}

func TestPage_Receiver_InNode_TakesWhatIsGenuineOnly(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("the receiver of docs/webhooks.md cannot be tried: install Node (Debian, Ubuntu: apt-get install nodejs)")
	}
	d := Delivery{
		URL: mustURL(t, "https://crm.example.com"), Mode: Structured, Message: sampleMessage(),
		Secrets: []Secret{NewSecret(), mustSecret(t, knownSecret)},
	}
	request, body := sent(t, d, time.Unix(1_000_000, 0))
	script := codeBlocks(t, "js")[0] + fmt.Sprintf(`
const headers = {"webhook-id": %q, "webhook-timestamp": %q, "webhook-signature": %q};
const [body, now] = [Buffer.from(%q, "base64"), 1000000000];
const newer = %q, older = %q, other = %q;
console.log(
  isGenuine(newer, headers, body, now), isGenuine(older, headers, body, now + 300000),
  isGenuine(other, headers, body, now), isGenuine(newer, headers, Buffer.concat([body, Buffer.from(" ")]), now),
  isGenuine(newer, headers, body, now + 301000), isGenuine(newer, headers, body, now - 301000),
  isGenuine(newer, {...headers, "webhook-timestamp": "x"}, body, now), isGenuine(newer, {}, body, now));
`, request.Header.Get(HeaderID), request.Header.Get(HeaderTimestamp), request.Header.Get(HeaderSignature), base64.StdEncoding.EncodeToString(body),
		d.Secrets[0].Reveal(), d.Secrets[1].Reveal(), NewSecret().Reveal())
	file := filepath.Join(t.TempDir(), "receiver.mjs")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), node, file).CombinedOutput()
	if want := "true true false false false false false false\n"; err != nil || string(out) != want {
		t.Errorf("node says %s (%v), want %s", out, err, want)
	}
}

func TestPage_TablesOfOutcomesAndAttempts_AreThoseOfTheProgram(t *testing.T) {
	var outcomes []Outcome
	for _, m := range regexp.MustCompile("(?m)^\\| [^|]+ \\| `([A-Z_]+)` \\|").FindAllStringSubmatch(page(t), -1) {
		outcomes = append(outcomes, Outcome(m[1]))
	}
	want := Outcomes()
	slices.Sort(outcomes)
	slices.Sort(want)
	if diff := cmp.Diff(want, outcomes); diff != "" {
		t.Errorf("the outcomes of docs/webhooks.md (-want +got):\n%s", diff)
	}
	var since time.Duration
	for i, wait := range Schedule() {
		since += wait
		after := wait.String()
		if i == 0 {
			after = "at once"
		}
		if row := fmt.Sprintf("| %d | %s | %s |\n", i+1, after, since); !strings.Contains(page(t), row) {
			t.Errorf("docs/webhooks.md lacks the row %s", row)
		}
	}
}
