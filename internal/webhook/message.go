package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// Mode is how the HTTP binding of CloudEvents writes a message.
type Mode string

// The modes.
const (
	// Structured is one JSON object with the attributes and the data.
	Structured Mode = "structured"
	// Binary is the data alone as body, with the attributes in headers that start with ce-.
	Binary Mode = "binary"
)

// The types of messages. A type names what the data is and the version of its form: a change that old readers cannot read gets a new
// version, which is sent beside the old one or instead of it, but never under its name.
const (
	// TypeChange is a change of whom a channel may write to.
	TypeChange = "io.assent.change.v1"
	// TypeTest is sent to try an endpoint out, and says nothing.
	TypeTest = "io.assent.test.v1"
)

const (
	contentTypeData       = "application/json"
	contentTypeStructured = "application/cloudevents+json"
	specVersion           = "1.0"
	userAgent             = "Assent-Webhooks"
)

// Message is one CloudEvent with data in JSON. Its attributes stand in headers and in the logs of proxies, so their alphabet is too small
// for an address: letters, digits and the characters . _ : / - only.
type Message struct {
	// ID names the message in all its attempts: the attribute id and the header webhook-id. 1 to 64 letters, digits, - and _.
	ID string
	// Source names the database that the message is from, a URI reference such as urn:uuid:…; 1 to 255 characters.
	Source string
	// Type is what the data is: two or more names with a full stop between them, and a version, such as [TypeChange].
	Type string
	// Subject is what the message is about, such as a channel, or empty; at most 255 characters, and never an address.
	Subject string
	// Time is when that happened. It is written in UTC, in RFC 3339, to the microsecond at most.
	Time time.Time
	// Data is one JSON value in UTF-8. Its bytes are sent as they are. It may hold addresses, so a message is never logged.
	Data []byte
}

const (
	letters   = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	idChars   = letters + "-_"
	uriChars  = letters + "._:/-"
	nameChars = "abcdefghijklmnopqrstuvwxyz0123456789_"
)

// isOf reports whether a text has so many characters, all of them among those given.
func isOf(text, chars string, least, most int) bool {
	return len(text) >= least && len(text) <= most && strings.Trim(text, chars) == ""
}

// isType reports whether a text is names with full stops between them, and a version.
func isType(text string) bool {
	parts := strings.Split(text, ".")
	names, version := parts[:len(parts)-1], parts[len(parts)-1]
	for _, name := range names {
		if !isOf(name, nameChars, 1, 64) {
			return false
		}
	}
	digits, ok := strings.CutPrefix(version, "v")
	return ok && len(names) >= 2 && len(names) <= 7 && isOf(digits, "0123456789", 1, 3)
}

// check says what is wrong with the message. Its error is a defect of the caller: no text of it comes from outside.
func (m Message) check() error {
	for _, p := range []struct {
		ok               bool
		attribute, words string
	}{
		{isOf(m.ID, idChars, 1, 64), "id", "1 to 64 letters, digits, - and _"},
		{isOf(m.Source, uriChars, 1, 255), "source", "1 to 255 letters, digits and . _ : / -"},
		{isType(m.Type), "type", "names and a version such as " + TypeChange},
		{isOf(m.Subject, uriChars, 0, 255), "subject", "at most 255 letters, digits and . _ : / -"},
	} {
		if !p.ok {
			return fmt.Errorf("webhook: the %s of a message has to be %s", p.attribute, p.words)
		}
	}
	if year := m.Time.UTC().Year(); m.Time.IsZero() || year < 1 || year > 9999 {
		return fmt.Errorf("webhook: message %s has no time between the years 1 and 9999", m.ID)
	}
	if !utf8.Valid(m.Data) || !json.Valid(m.Data) {
		return fmt.Errorf("webhook: the data of message %s is not one JSON value in UTF-8", m.ID)
	}
	return nil
}

// envelope is the JSON format of CloudEvents without the data.
type envelope struct {
	SpecVersion string `json:"specversion"`
	ID          string `json:"id"`
	Source      string `json:"source"`
	Type        string `json:"type"`
	Subject     string `json:"subject,omitempty"`
	Time        string `json:"time"`
	ContentType string `json:"datacontenttype"`
}

func (m Message) envelope() envelope {
	return envelope{
		SpecVersion: specVersion, ID: m.ID, Source: m.Source, Type: m.Type, Subject: m.Subject,
		Time: m.Time.UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano), ContentType: contentTypeData,
	}
}

// structured returns the message as one JSON object. The data is put in as it is: encoding it again would change its bytes.
func (m Message) structured() ([]byte, error) {
	body, err := json.Marshal(m.envelope())
	if err != nil {
		return nil, fmt.Errorf("webhook: message %s: %w", m.ID, err)
	}
	body = append(body[:len(body)-1], `,"data":`...)
	return append(append(body, m.Data...), '}'), nil
}

// binaryHeaders adds the attributes as headers. None has a character that the binding wants escaped.
func (m Message) binaryHeaders(header http.Header) {
	e := m.envelope()
	for name, value := range map[string]string{
		"ce-specversion": e.SpecVersion, "ce-id": e.ID, "ce-source": e.Source, "ce-type": e.Type, "ce-subject": e.Subject, "ce-time": e.Time,
	} {
		if value != "" {
			header.Set(name, value)
		}
	}
}

// Delivery is a message to an endpoint.
type Delivery struct {
	URL     URL
	Mode    Mode
	Message Message
	// Secrets sign the message, the newest first: one, or two while they rotate.
	Secrets []Secret
}

// request returns the signed request of one attempt. The error is a defect of the caller, and nothing was sent.
func (d Delivery) request(ctx context.Context, at time.Time) (*http.Request, error) {
	if err := d.Message.check(); err != nil {
		return nil, err
	}
	if len(d.Secrets) < 1 || len(d.Secrets) > 2 || d.Secrets[0].IsZero() || d.Secrets[len(d.Secrets)-1].IsZero() {
		return nil, fmt.Errorf("webhook: message %s is signed with one or two secrets, not with %d or an empty one", d.Message.ID, len(d.Secrets))
	}
	header := http.Header{"User-Agent": {userAgent}}
	body := d.Message.Data
	switch d.Mode {
	case Structured:
		structured, err := d.Message.structured()
		if err != nil {
			return nil, err
		}
		body = structured
		header.Set("Content-Type", contentTypeStructured)
	case Binary:
		d.Message.binaryHeaders(header)
		header.Set("Content-Type", contentTypeData)
	default:
		return nil, fmt.Errorf("webhook: message %s has the mode %q; there are %s and %s", d.Message.ID, d.Mode, Structured, Binary)
	}
	header.Set(HeaderID, d.Message.ID)
	header.Set(HeaderTimestamp, timestamp(at))
	header.Set(HeaderSignature, signatures(d.Message.ID, at, body, d.Secrets))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.URL.Reveal(), bytes.NewReader(body))
	if err != nil {
		// Its text would hold the URL.
		return nil, fmt.Errorf("webhook: message %s has no URL that can be used", d.Message.ID)
	}
	request.Header = header
	return request, nil
}
