package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/intake/provider"
)

// mailgunAge is the greatest age of a request of Mailgun, which tries again for 8 hours.
const mailgunAge = 12 * time.Hour

// A mailgunSignature is what Mailgun says of itself in the body.
type mailgunSignature struct{ timestamp, token, signature string }

// verifyMailgun verifies HMAC-SHA-256 over a time and a random token. The rest of the body is not signed: with a token that was seen, anything
// could be said, so the caller takes each only once. A refusal is a 406, after which Mailgun does not try again.
func verifyMailgun(source *Source, request *Request, now time.Time) (*Delivery, error) {
	body, all, err := readMailgun(request)
	if err != nil {
		return nil, refuseMailgun(provider.Unreadable, err.Error())
	}
	if len(all) == 0 {
		return nil, refuseMailgun(provider.NoSignature, "the body has no signature with timestamp, token and signature")
	}
	for _, one := range all {
		signature, err := hex.DecodeString(one.signature)
		if err != nil || one.token == "" || !anyFits(sha256.New, source.secrets, signature, []byte(one.timestamp), []byte(one.token)) {
			continue
		}
		at, ok := inTime(one.timestamp, now, mailgunAge)
		if !ok {
			return nil, refuseMailgun(provider.TooOld, "the time of the request is more than 12 hours ago or lies ahead")
		}
		return &Delivery{Body: body, Once: one.token, Until: at.Add(mailgunAge + time.Minute)}, nil
	}
	return nil, refuseMailgun(provider.BadSignature, "the signature fits no key of the source: use the HTTP webhook signing key, of the sub-account if it has its own")
}

func refuseMailgun(reason provider.Reason, text string) *provider.Refusal {
	refusal := refuse(reason, text)
	refusal.Status = http.StatusNotAcceptable
	return refusal
}

// readMailgun returns the body as JSON, and the signatures in it: that of the account, and of the account above it.
func readMailgun(request *Request) ([]byte, []mailgunSignature, error) {
	kind, parameters, err := mime.ParseMediaType(request.Header.Get("Content-Type"))
	if err == nil && (kind == "application/x-www-form-urlencoded" || kind == "multipart/form-data") {
		return readMailgunForm(kind, parameters["boundary"], request.Body)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(request.Body, &members); err != nil {
		return nil, nil, errors.New("the body is no object")
	}
	var all []mailgunSignature
	for _, name := range []string{"signature", "parent-signature"} {
		var fields map[string]json.RawMessage
		if json.Unmarshal(members[name], &fields) == nil && len(fields) > 0 {
			all = append(all, mailgunSignature{plain(fields["timestamp"]), plain(fields["token"]), plain(fields["signature"])})
		}
	}
	return request.Body, all, nil
}

// plain returns a text of JSON, or a number as it is written.
func plain(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return strings.TrimSpace(string(raw))
}

// readMailgunForm reads the older form of a webhook: flat fields, of which the last of a name counts.
func readMailgunForm(kind, boundary string, body []byte) ([]byte, []mailgunSignature, error) {
	fields := map[string]string{}
	if kind == "multipart/form-data" {
		if err := readParts(multipart.NewReader(bytes.NewReader(body), boundary), fields); err != nil {
			return nil, nil, err
		}
	} else {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, nil, errors.New("the body is no form")
		}
		for name, values := range form {
			fields[name] = values[len(values)-1]
		}
	}
	flat, err := json.Marshal(fields)
	if err != nil {
		return nil, nil, err
	}
	if fields["signature"] == "" {
		return flat, nil, nil
	}
	return flat, []mailgunSignature{{fields["timestamp"], fields["token"], fields["signature"]}}, nil
}

// maxParts is the most fields of a form.
const maxParts = 500

// readParts reads the fields of a form, without its files: the message that came back is attached as one.
func readParts(reader *multipart.Reader, fields map[string]string) error {
	for range maxParts {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errors.New("the body is no form in parts")
		}
		if part.FileName() != "" || part.FormName() == "" {
			continue
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return errors.New("a part of the form is cut off")
		}
		fields[part.FormName()] = string(value)
	}
	return errors.New("the form has too many parts")
}
