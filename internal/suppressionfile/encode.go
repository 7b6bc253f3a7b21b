package suppressionfile

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"time"
)

// encoder writes the rows of a list as bytes. What a method returns is good until the next call.
type encoder interface {
	// head is what each file begins with.
	head() ([]byte, error)
	// add returns the bytes of a row. They may come later, with a row that completes a call or with rest.
	add(r row) ([]byte, error)
	// rest returns what was held back.
	rest() ([]byte, error)
}

// rfc2822 is the date-time of RFC 2822 in UTC.
const rfc2822 = "Mon, 02 Jan 2006 15:04:05 +0000"

// csvEncoder writes CSV (RFC 4180) with line feeds and without a byte-order mark. Nothing is done about cells that look like formulas: an
// address may begin with =, and a tool would store what was put before it.
type csvEncoder struct {
	columns []string
	cells   func(to []string, r row) []string
	out     bytes.Buffer
	writer  *csv.Writer
	line    []string
}

// csvRows makes CSV with the columns as its header, or without one; the separator is a comma unless another is given.
func csvRows(columns []string, cells func(to []string, r row) []string, separator ...rune) func(Options) encoder {
	return func(Options) encoder {
		e := &csvEncoder{columns: columns, cells: cells}
		e.writer = csv.NewWriter(&e.out)
		for _, s := range separator {
			e.writer.Comma = s
		}
		return e
	}
}

func (e *csvEncoder) head() ([]byte, error) {
	if e.columns == nil {
		return nil, nil
	}
	return e.write(e.columns)
}

func (e *csvEncoder) add(r row) ([]byte, error) {
	e.line = e.cells(e.line[:0], r)
	return e.write(e.line)
}

func (e *csvEncoder) write(cells []string) ([]byte, error) {
	e.out.Reset()
	if err := e.writer.Write(cells); err != nil {
		return nil, err
	}
	e.writer.Flush()
	return e.out.Bytes(), e.writer.Error()
}

func (e *csvEncoder) rest() ([]byte, error) { return nil, nil }

//nolint:gochecknoglobals // Headers that nothing changes.
var (
	entryColumns  = []string{"match", "address", "domain", "scope", "kind", "reason", "since", "until"}
	domainColumns = []string{"domain", "scope", "kind", "reason", "since", "until"}
)

func entryCells(to []string, r row) []string {
	return append(to, string(r.Match), r.Address, r.Domain, r.Scope, string(r.Kind), r.Reason, rfc3339(r.Since), rfc3339(r.Until))
}

func domainCells(to []string, r row) []string {
	return append(to, r.Domain, r.Scope, string(r.Kind), r.Reason, rfc3339(r.Since), rfc3339(r.Until))
}

func addressCell(to []string, r row) []string { return append(to, r.key) }

// listmonkCells gives a row a name, because older versions of listmonk refuse one without; newer ones take the local part, as this does.
// The attributes are a JSON object: listmonk logs text that is none.
func listmonkCells(to []string, r row) []string {
	name, _, _ := strings.Cut(r.key, "@")
	return append(to, r.key, name, "{}")
}

func sesCells(to []string, r row) []string {
	if r.Reason == reasonHardBounce {
		return append(to, r.key, "BOUNCE")
	}
	return append(to, r.key, "COMPLAINT")
}

func mailgunUnsubscribes(o Options) encoder {
	return csvRows([]string{"address", "tags", "created_at"}, func(to []string, r row) []string {
		return append(to, r.key, mailgunTag(r.Entry, o), mailTime(r.Since))
	})(o)
}

func mailgunBounce(to []string, r row) []string {
	return append(to, r.key, "550", "", mailTime(r.Since))
}

func mailgunComplaint(to []string, r row) []string { return append(to, r.key, mailTime(r.Since)) }

// mailTime is a time of RFC 2822; empty, which tools read as now, where none is known.
func mailTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(rfc2822)
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// jsonLine is an entry as one line of JSON.
type jsonLine struct {
	Match   Match  `json:"match"`
	Address string `json:"address,omitempty"`
	Domain  string `json:"domain,omitempty"`
	Scope   string `json:"scope"`
	Kind    Kind   `json:"kind"`
	Reason  string `json:"reason"`
	Since   string `json:"since,omitempty"`
	Until   string `json:"until,omitempty"`
}

// jsonEncoder writes one line of JSON for each row, or for so many rows as fit into one call of a tool.
type jsonEncoder struct {
	most int                  // rows of a call; one of what is no call
	line func(rows []row) any // what a line holds
	rows []row
	out  bytes.Buffer
}

// jsonRows makes newline-delimited JSON, an object for each entry.
func jsonRows(Options) encoder {
	return &jsonEncoder{most: 1, line: func(rows []row) any {
		r := rows[0]
		return jsonLine{r.Match, r.Address, r.Domain, r.Scope, r.Kind, r.Reason, rfc3339(r.Since), rfc3339(r.Until)}
	}}
}

// calls makes lines of JSON that each are the body of one call with at most so many rows.
func calls(most int, body func(rows []row) any) func(Options) encoder {
	return func(Options) encoder { return &jsonEncoder{most: most, line: body} }
}

func (e *jsonEncoder) head() ([]byte, error) { return nil, nil }

func (e *jsonEncoder) add(r row) ([]byte, error) {
	if e.rows = append(e.rows, r); len(e.rows) < e.most {
		return nil, nil
	}
	return e.rest()
}

func (e *jsonEncoder) rest() ([]byte, error) {
	if len(e.rows) == 0 {
		return nil, nil
	}
	e.out.Reset()
	encoder := json.NewEncoder(&e.out)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(e.line(e.rows))
	e.rows = e.rows[:0]
	return e.out.Bytes(), err
}

func postmarkCall(rows []row) any {
	type one struct{ EmailAddress string }
	body := struct{ Suppressions []one }{make([]one, len(rows))}
	for i, r := range rows {
		body.Suppressions[i].EmailAddress = r.key
	}
	return body
}

func klaviyoCall(rows []row) any {
	type attributes struct {
		Email string `json:"email"`
	}
	type profile struct {
		Type       string     `json:"type"`
		Attributes attributes `json:"attributes"`
	}
	profiles := make([]profile, len(rows))
	for i, r := range rows {
		profiles[i] = profile{"profile", attributes{r.key}}
	}
	// JSON:API nests: data.attributes.profiles.data.
	return resource{"profile-suppression-bulk-create-job", map[string]any{"profiles": map[string]any{"data": profiles}}}.wrapped()
}

// resource is a resource of JSON:API.
type resource struct {
	Type       string         `json:"type"`
	Attributes map[string]any `json:"attributes"`
}

func (r resource) wrapped() any {
	return struct {
		Data resource `json:"data"`
	}{r}
}

// lineEncoder writes what the rows are about, one a line.
type lineEncoder struct{ out []byte }

func textLines(Options) encoder { return &lineEncoder{} }

func (e *lineEncoder) head() ([]byte, error) { return nil, nil }

func (e *lineEncoder) add(r row) ([]byte, error) {
	e.out = append(append(e.out[:0], r.key...), '\n')
	return e.out, nil
}

func (e *lineEncoder) rest() ([]byte, error) { return nil, nil }
