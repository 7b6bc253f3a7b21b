package provider

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/intake/bounce"
	"github.com/assent-io/assent/internal/jsonlist"
)

// Reader reads the events of all providers. It may be used by several goroutines.
type Reader struct {
	judge *judge
}

// NewReader returns a reader that judges bounces by the table of package bounce.
func NewReader() *Reader { return &Reader{judge: &judge{classes: bounce.New()}} }

// Read returns the events of a body whose sender was proved, in their order. An event that has no meaning here is of kind Ignored. The error
// is a [*Refusal] with status 200: the body as a whole is nothing that the provider documents.
func (r *Reader) Read(kind Kind, body []byte) ([]Item, error) {
	read, ok := of(kind)
	if !ok {
		return nil, fmt.Errorf("there is no provider of the kind %q", kind)
	}
	if kind == SES && isPlainText(body) {
		return []Item{{Number: 1, Event: "text", Report: intake.Report{Kind: intake.Ignored}}}, nil
	}
	events, err := split(body)
	if err != nil {
		return nil, err
	}
	var items []Item
	for i, raw := range events {
		items = append(items, r.event(i+1, raw, read)...)
	}
	return items, nil
}

// readEvent reads one event: its name from the closed list of the provider, empty where it is not on it, and a report for each recipient.
type readEvent func(j *judge, event jsonlist.Object) (name string, reports []intake.Report, err error)

func of(kind Kind) (readEvent, bool) {
	switch kind {
	case SES:
		return ses, true
	case SendGrid:
		return sendgrid, true
	case Mailgun:
		return mailgun, true
	case Postmark:
		return postmark, true
	case Brevo:
		return brevo, true
	case Mailjet:
		return mailjet, true
	case SparkPost:
		return sparkpost, true
	case Mandrill:
		return mandrill, true
	case Resend:
		return resend, true
	}
	return nil, false
}

// maxEvent is the most bytes of one event, which in memory takes many times as much.
const maxEvent = 1 << 20

// split returns the events of a body, which is one object or an array.
func split(body []byte) ([]json.RawMessage, error) {
	body = bytes.TrimSpace(body)
	if !json.Valid(body) {
		return nil, unreadable("the body is not JSON")
	}
	switch body[0] {
	case '{':
		return []json.RawMessage{body}, nil
	case '[':
		return elements(body)
	}
	return nil, unreadable("the body is neither an object nor an array of events")
}

// elements returns the elements of an array that is valid.
func elements(body []byte) ([]json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if _, err := decoder.Token(); err != nil {
		return nil, unreadable("the body is no array")
	}
	var events []json.RawMessage
	for decoder.More() {
		if len(events) == MaxEvents {
			return nil, unreadable("the body has more than %d events", MaxEvents)
		}
		var event json.RawMessage
		if err := decoder.Decode(&event); err != nil {
			return nil, unreadable("the body is no array")
		}
		events = append(events, event)
	}
	return events, nil
}

// event reads one event into items.
func (r *Reader) event(number int, raw json.RawMessage, read readEvent) []Item {
	object, err := decode(raw)
	if err != nil {
		return []Item{{Number: number, Event: Unknown, Err: fmt.Errorf("event %d: %w", number, err)}}
	}
	name, reports, err := read(r.judge, object)
	if err != nil {
		return []Item{{Number: number, Event: orUnknown(name), Err: fmt.Errorf("event %d: %w", number, err)}}
	}
	if name == "" {
		return []Item{{Number: number, Event: Unknown, Raw: rawName(object), Report: intake.Report{Kind: intake.Ignored}}}
	}
	items := make([]Item, 0, len(reports))
	for _, report := range reports {
		if err := check(&report); err != nil {
			items = append(items, Item{Number: number, Event: name, Err: fmt.Errorf("event %d (%s): %w", number, name, err)})
			continue
		}
		items = append(items, Item{Number: number, Event: name, Report: report})
	}
	if len(items) == 0 {
		return []Item{{Number: number, Event: name, Err: fmt.Errorf("event %d (%s) names no recipient", number, name)}}
	}
	return items
}

func orUnknown(name string) string {
	if name == "" {
		return Unknown
	}
	return name
}

// rawName returns the name of an event that is not known, from where the providers have it.
func rawName(event jsonlist.Object) string {
	for _, path := range []string{"event", "type", "RecordType", "eventType", "notificationType", "event-data.event"} {
		if name := event.Text(path); name != "" {
			const most = 60
			return printable(name, most)
		}
	}
	return ""
}

// maxAddress is the most bytes of an address (RFC 5321, section 4.5.3.1.3, without its angle brackets).
const maxAddress = 254

// check refuses a report that names no recipient, neither by an address nor by a token.
func check(report *intake.Report) error {
	switch {
	case report.Kind == intake.Ignored:
		*report = intake.Report{Kind: intake.Ignored}
	case len(report.Address) > maxAddress:
		return fmt.Errorf("the address has %d bytes; an address has at most %d", len(report.Address), maxAddress)
	case report.Address == "" && len(report.Tokens) == 0:
		return errors.New("it has neither an address nor a token")
	}
	return nil
}

// decode reads an object, with numbers as they are written.
func decode(raw []byte) (jsonlist.Object, error) {
	if len(raw) > maxEvent {
		return nil, fmt.Errorf("it has %d bytes; an event has at most %d", len(raw), maxEvent)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, errors.New("it is not JSON")
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, errors.New("it is no object")
	}
	return object, nil
}

// unreadable is for a body that was proved and makes no sense: the same bytes would come again and again, so the answer is 200.
func unreadable(format string, args ...any) *Refusal {
	return &Refusal{Status: http200, Reason: Unreadable, Text: fmt.Sprintf(format, args...)}
}

// http200 is http.StatusOK: this package does without net/http.
const http200 = 200
