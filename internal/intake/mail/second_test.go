package mail

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/textproto"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/intake"
)

// group is what a report about delivery says of one recipient.
type group struct{ Address, Action, Status string }

// secondReading reads the reports about delivery of a mail with the parsers of the standard library: mails, their parts and fields.
// The error is theirs: they take no broken mails.
func secondReading(mail []byte) ([]group, error) {
	m, err := netmail.ReadMessage(bytes.NewReader(mail))
	if err != nil {
		return nil, err
	}
	return statusesIn(textproto.MIMEHeader(m.Header), m.Body)
}

func statusesIn(h textproto.MIMEHeader, body io.Reader) ([]group, error) {
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		return nil, err
	}
	switch strings.ToLower(h.Get("Content-Transfer-Encoding")) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	switch {
	case kind == "message/delivery-status":
		return groupsIn(body)
	case !strings.HasPrefix(kind, "multipart/"):
		return nil, nil
	}
	var all []group
	for parts := multipart.NewReader(body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		if part.Header.Get("Content-Type") == "" {
			continue
		}
		found, err := statusesIn(part.Header, part)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
}

// groupsIn reads the fields of the message and those of each recipient after them.
func groupsIn(body io.Reader) ([]group, error) {
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	var all []group
	for fields := textproto.NewReader(bufio.NewReader(bytes.NewReader(bytes.TrimSpace(text)))); ; {
		h, err := fields.ReadMIMEHeader()
		if h.Get("Final-Recipient") != "" {
			name := h.Get("Original-Recipient")
			if name == "" {
				name = h.Get("Final-Recipient")
			}
			_, address, _ := strings.Cut(name, ";")
			all = append(all, group{strings.ToLower(strings.Trim(address, "<> ")), strings.ToLower(h.Get("Action")), h.Get("Status")})
		}
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// kindOfAction is what an action means (RFC 3464, 2.3.3).
func kindOfAction(action string) intake.Kind {
	switch action {
	case "failed":
		return intake.Bounce
	case "delayed":
		return intake.Delayed
	case "delivered":
		return intake.Delivered
	case "relayed", "expanded":
		return intake.Ignored
	}
	return "no action of RFC 3464"
}

// otherwise says where this package reads more than the second parser does, and why.
func otherwise() map[string]string {
	return map[string]string{
		"006-postfix-orcpt-xtext.eml":         "the parameter ORCPT is decoded (RFC 3461, section 4)",
		"028-groups-without-blank-lines.eml":  "a second Final-Recipient begins a group",
		"034-fields-comment.eml":              "comments are left out",
		"035-fields-no-type.eml":              "an address without a type is one",
		"036-fields-x400.eml":                 "an address of X.400 is no e-mail address",
		"041-fields-empty-original.eml":       "an empty Original-Recipient gives way to Final-Recipient",
		"043-fields-no-action.eml":            "without an action, the status says that it failed",
		"239-unreadable-too-many-groups.eml":  "there is a limit",
		"253-postfix-permanent-after-450.eml": "the text says that the failure was temporary",
	}
}

// What the reports of the corpus say of each recipient is what the parsers of the standard library read, as far as these can.
func TestCorpus_DeliveryStatus_IsReadAsByASecondParser(t *testing.T) {
	said := regexp.MustCompile(`^[245]\.[0-7]\.\d{1,3}$`)
	reader, mails, statuses := New(settings()), 0, 0
	for _, name := range corpus(t) {
		text := load(t, name)
		second, err := secondReading(text)
		if err != nil || len(second) == 0 {
			continue
		}
		got, err := reader.Read(Envelope{}, bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		mails++
		var want, first []group
		for i, g := range second {
			if i >= len(got.Reports) {
				break
			}
			r := got.Reports[i]
			one := group{strings.ToLower(r.Address), string(r.Kind), g.Status}
			// A status that says no more than that something failed gives way to the text.
			if said.MatchString(g.Status) && !strings.HasSuffix(g.Status, ".0.0") {
				one.Status = r.Status
				statuses++
			}
			first, want = append(first, one), append(want, group{g.Address, string(kindOfAction(g.Action)), g.Status})
		}
		diff := cmp.Diff(want, first)
		differs := diff != "" || len(got.Reports) != len(second)
		if why := otherwise()[filepath.Base(name)]; differs != (why != "") {
			t.Errorf("%s (%s): %d reports, want %d (-want +got)\n%s", filepath.Base(name), why, len(got.Reports), len(second), diff)
		}
	}
	if mails < 60 || statuses < 50 {
		t.Errorf("only %d mails and %d statuses were compared", mails, statuses)
	}
}
