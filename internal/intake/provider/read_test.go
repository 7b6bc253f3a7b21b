package provider

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

var update = flag.Bool("update", false, "write the files *.golden anew")

// A sample is a body of a provider, with a name.
type sample struct{ name, body string }

// samples reads testdata/KIND.txt: bodies, each under a line that begins with ##.
func samples(t testing.TB, kind Kind) []sample {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", string(kind)+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	var all []sample
	for block := range strings.SplitSeq(strings.TrimPrefix(string(text), "## "), "\n## ") {
		name, body, _ := strings.Cut(block, "\n")
		all = append(all, sample{name, strings.TrimSuffix(body, "\n")})
	}
	return all
}

func TestRead_SamplesOfEachProvider_GiveTheReportsOfTheGoldenFiles(t *testing.T) {
	reader := NewReader()
	for _, kind := range Kinds() {
		t.Run(string(kind), func(t *testing.T) {
			var out strings.Builder
			for _, s := range samples(t, kind) {
				items, err := reader.Read(kind, []byte(s.body))
				if err != nil {
					t.Fatalf("%s: %v", s.name, err)
				}
				fmt.Fprintf(&out, "## %s\n", s.name)
				for _, item := range items {
					out.WriteString(render(item) + "\n")
				}
			}
			compare(t, filepath.Join("testdata", string(kind)+".golden"), out.String())
		})
	}
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// render writes an item as one line, without what is empty.
func render(item Item) string {
	parts := []string{fmt.Sprintf("%d %s", item.Number, item.Event)}
	add := func(name, value string) {
		if value != "" {
			parts = append(parts, name+"="+value)
		}
	}
	if item.Err != nil {
		add("error", item.Err.Error())
		return strings.Join(parts, " | ")
	}
	r := item.Report
	add("raw", item.Raw)
	parts = append(parts, string(r.Kind))
	add("class", string(r.Class))
	add("then", string(r.Then))
	add("rule", r.Rule)
	add("status", r.Status)
	add("to", r.Address)
	if r.Domain {
		parts = append(parts, "domain")
	}
	if r.Ambiguous {
		parts = append(parts, "ambiguous")
	}
	if !r.Time.IsZero() {
		add("at", r.Time.Format(time.RFC3339Nano))
	}
	add("id", r.ID)
	add("group", r.Group)
	add("text", r.Text)
	for _, token := range r.Tokens {
		add("token", string(token.Found)+":"+token.Text)
	}
	return strings.Join(parts, " | ")
}

func TestRead_BodyThatIsNoEvent_IsRefusedWith200(t *testing.T) {
	reader := NewReader()
	many := "[" + strings.TrimSuffix(strings.Repeat("{},", MaxEvents+1), ",") + "]"
	for name, body := range map[string]string{
		"nothing": "", "space": " \n", "no JSON": "event=bounce", "a text": `"bounce"`, "a number": "7", "null": "null",
		"cut off": `[{"event":"bounce"}`, "two values": `{} {}`, "too many events": many,
	} {
		t.Run(name, func(t *testing.T) {
			for _, kind := range Kinds() {
				items, err := reader.Read(kind, []byte(body))
				var refusal *Refusal
				if !errors.As(err, &refusal) || refusal.Status != 200 || refusal.Reason != Unreadable || len(items) != 0 {
					t.Errorf("%s: Read = %v, %v; want a refusal with status 200", kind, items, err)
				}
			}
		})
	}
}

func TestRead_KindThatDoesNotExist_IsAnError(t *testing.T) {
	if _, err := NewReader().Read("pigeon", []byte("{}")); err == nil {
		t.Error("Read of an unknown kind gave no error")
	}
}

func TestRead_MemberInAnotherCase_IsNotTaken(t *testing.T) {
	body := `[{"email":"anna@there.example","event":"delivered","Event":"spamreport","EMAIL":"bert@there.example","sg_event_id":"1"}]`
	items, err := NewReader().Read(SendGrid, []byte(body))
	if err != nil || len(items) != 1 || items[0].Report.Kind != intake.Delivered || items[0].Report.Address != "anna@there.example" {
		t.Errorf("Read = %+v, %v; want a delivery to anna", items, err)
	}
}

func TestRead_SameEventTwice_HasTheSameID(t *testing.T) {
	reader := NewReader()
	for _, kind := range Kinds() {
		seen := map[string]string{}
		for _, s := range samples(t, kind) {
			first, _ := reader.Read(kind, []byte(s.body))
			again, _ := reader.Read(kind, []byte(s.body))
			if diff := cmp.Diff(ids(first), ids(again)); diff != "" {
				t.Errorf("%s, %s: ids differ:\n%s", kind, s.name, diff)
			}
			for i, id := range ids(first) {
				if id == "" {
					t.Errorf("%s, %s: item %d has no id", kind, s.name, i)
				}
				if before, ok := seen[id]; ok {
					t.Errorf("%s, %s: item %d has the id of %s", kind, s.name, i, before)
				}
				seen[id] = s.name
			}
		}
	}
}

// ids returns the ids of the reports that mean something.
func ids(items []Item) []string {
	var all []string
	for _, item := range items {
		if item.Err == nil && item.Report.Kind != intake.Ignored {
			all = append(all, item.Report.ID)
		}
	}
	return all
}

func TestRead_SESFeedbackByTopicAndByEvent_HasTheSameID(t *testing.T) {
	const body = `{"%s":"Complaint","complaint":{"complainedRecipients":[{"emailAddress":"a@there.example"}],"feedbackId":"f"},"mail":{"messageId":"m"}}`
	reader := NewReader()
	topic, _ := reader.Read(SES, fmt.Appendf(nil, body, "notificationType"))
	event, _ := reader.Read(SES, fmt.Appendf(nil, body, "eventType"))
	if len(topic) != 1 || len(event) != 1 || topic[0].Report.ID != event[0].Report.ID {
		t.Errorf("ids %+v and %+v differ", topic, event)
	}
}

func TestRead_TimesThatCannotBe_AreLeftOut(t *testing.T) {
	for _, text := range []string{`-1`, `0`, `"soon"`, `99999999999999`, `1e9`, `"1763000000000"`, `null`, `{}`} {
		items, err := NewReader().Read(SendGrid, []byte(`[{"email":"a@there.example","event":"spamreport","timestamp":`+text+`}]`))
		if err != nil || len(items) != 1 || !items[0].Report.Time.IsZero() {
			t.Errorf("timestamp %s: %+v, %v; want no time", text, items, err)
		}
	}
}

func TestRead_ErrorOfAnItem_HasNoValueOfIt(t *testing.T) {
	secret := strings.Repeat("secret-", 60) + "@there.example"
	items, err := NewReader().Read(SendGrid, []byte(`[{"email":"`+secret+`","event":"bounce"}]`))
	if err != nil || len(items) != 1 || items[0].Err == nil || strings.Contains(items[0].Err.Error(), "secret") {
		t.Errorf("Read = %+v, %v; want an error without the address", items, err)
	}
}

func TestRead_EventThatIsTooLong_FailsAlone(t *testing.T) {
	long := `{"email":"a@there.example","event":"spamreport","x":"` + strings.Repeat("x", maxEvent) + `"}`
	items, err := NewReader().Read(SendGrid, []byte("["+long+`,{"email":"b@there.example","event":"spamreport"}]`))
	if err != nil || len(items) != 2 || items[0].Err == nil || items[1].Report.Address != "b@there.example" {
		t.Errorf("Read = %d items, %v; want an error and a complaint", len(items), err)
	}
}

func TestRead_AsManyEventsAsAllowed_AreRead(t *testing.T) {
	body := "[" + strings.TrimSuffix(strings.Repeat("{},", MaxEvents), ",") + "]"
	if items, err := NewReader().Read(SendGrid, []byte(body)); err != nil || len(items) != MaxEvents {
		t.Errorf("Read = %d items, %v; want %d", len(items), err, MaxEvents)
	}
	if items, err := NewReader().Read(SendGrid, []byte("[]")); err != nil || len(items) != 0 {
		t.Errorf("Read of no events = %d items, %v", len(items), err)
	}
}

func FuzzSES(f *testing.F)       { fuzzRead(f, SES) }
func FuzzSendGrid(f *testing.F)  { fuzzRead(f, SendGrid) }
func FuzzMailgun(f *testing.F)   { fuzzRead(f, Mailgun) }
func FuzzPostmark(f *testing.F)  { fuzzRead(f, Postmark) }
func FuzzBrevo(f *testing.F)     { fuzzRead(f, Brevo) }
func FuzzMailjet(f *testing.F)   { fuzzRead(f, Mailjet) }
func FuzzSparkPost(f *testing.F) { fuzzRead(f, SparkPost) }
func FuzzMandrill(f *testing.F)  { fuzzRead(f, Mandrill) }
func FuzzResend(f *testing.F)    { fuzzRead(f, Resend) }

// fuzzRead reads bodies of one provider: none may break what is promised of an item.
func fuzzRead(f *testing.F, kind Kind) {
	f.Helper()
	for _, s := range samples(f, kind) {
		f.Add([]byte(s.body))
	}
	reader := NewReader()
	f.Fuzz(func(t *testing.T, body []byte) {
		items, err := reader.Read(kind, body)
		var refusal *Refusal
		if err != nil && !errors.As(err, &refusal) {
			t.Fatalf("an error that is no refusal: %v", err)
		}
		for _, item := range items {
			holds(t, item)
		}
	})
}

// holds checks what is promised of each item.
func holds(t *testing.T, item Item) {
	t.Helper()
	r := item.Report
	if item.Number < 1 || item.Event == "" || len(item.Raw) > 60 {
		t.Errorf("item %+v lacks its number or name", item)
	}
	if item.Err != nil {
		if diff := cmp.Diff(intake.Report{}, r); diff != "" {
			t.Errorf("a bad item has a report: %s", diff)
		}
		return
	}
	const maxText = 1_000
	if (r.Kind == intake.Bounce) != (r.Class != "") || r.Kind == "" || len(r.Text) > maxText || len(r.Tokens) > intake.MaxTokens {
		t.Errorf("report %+v breaks a promise of intake.Report", r)
	}
	if r.Kind != intake.Ignored && r.Address == "" && len(r.Tokens) == 0 {
		t.Errorf("report %+v names no recipient", r)
	}
}

func TestDocument_NamesEachEventAndEachRuleOfTheSamples(t *testing.T) {
	page, err := os.ReadFile("../../../docs/providers.md")
	if err != nil {
		t.Fatal(err)
	}
	reader := NewReader()
	for _, kind := range Kinds() {
		for _, s := range samples(t, kind) {
			items, _ := reader.Read(kind, []byte(s.body))
			for _, item := range items {
				for _, name := range []string{item.Event, item.Report.Rule} {
					_, isRow := reader.judge.classes.Row(name)
					if name != "" && !isRow && !strings.Contains(string(page), "`"+name+"`") {
						t.Errorf("%s: docs/providers.md does not name %s", kind, name)
					}
				}
			}
		}
	}
}
