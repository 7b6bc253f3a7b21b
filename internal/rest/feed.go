package rest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// The change feed is not one JSON message over REST: a page and a snapshot are lines of JSON, which a program reads one by one, and a watcher
// gets server-sent events (HTML Standard, section 9.2), which a browser reads and resumes by itself.

// What a request accepts, inside the process, to which the feed is the answer, and the types of such answers.
const (
	linesMedia  = "application/vnd.assent.lines"
	eventsMedia = "application/vnd.assent.events"

	linesType  = "application/x-ndjson"
	eventsType = "text/event-stream"
)

// retry begins a stream of events: after how many milliseconds a reader comes back.
const retry = "retry: 1000\n\n"

// feedMedia returns what a request accepts, inside the process, to which a message is the answer; empty for messages that are no part of the
// feed.
func feedMedia(message protoreflect.FullName) string {
	switch message {
	case (*assentv1.ListChangesResponse)(nil).ProtoReflect().Descriptor().FullName(),
		(*assentv1.ExportSuppressionsResponse)(nil).ProtoReflect().Descriptor().FullName(),
		(*assentv1.ExportBlockListResponse)(nil).ProtoReflect().Descriptor().FullName():
		return linesMedia
	case (*assentv1.WatchChangesResponse)(nil).ProtoReflect().Descriptor().FullName():
		return eventsMedia
	default:
		return ""
	}
}

// feedFormat writes the messages of the feed as lines, or as events. Errors are JSON, in the form that all have; one that comes later is the
// last line. A reader of events takes no notice of that, and comes back.
type feedFormat struct {
	jsonFormat

	events bool
}

// Marshal returns a message as lines or events. The gateway puts each message of a stream, and its error, into an object of its own.
func (f feedFormat) Marshal(value any) ([]byte, error) {
	switch value := value.(type) {
	case map[string]proto.Message:
		text, err := f.jsonFormat.Marshal(value["error"])
		return append(text, "\n\n"...), err
	case map[string]any:
		return f.Marshal(value["result"])
	case *assentv1.ListChangesResponse:
		return lines(&assentv1.ExportSuppressionsResponse{Changes: value.GetChanges(), Heartbeat: value.GetHeartbeat()})
	case *assentv1.ExportSuppressionsResponse:
		return lines(value)
	case *assentv1.ExportBlockListResponse:
		return blockListLines(value)
	case *assentv1.WatchChangesResponse:
		return events(value)
	default:
		return f.jsonFormat.Marshal(value)
	}
}

// ContentType returns the type of an answer.
func (f feedFormat) ContentType(value any) string {
	if _, ok := value.(*assentv1.ListChangesResponse); ok {
		return linesType
	}
	return f.jsonFormat.ContentType(value)
}

// StreamContentType returns the type of a stream.
func (f feedFormat) StreamContentType(any) string {
	if f.events {
		return eventsType
	}
	return linesType
}

// Delimiter returns what stands between messages: nothing, for each line has its end.
func (feedFormat) Delimiter() []byte { return nil }

// compact returns a message as JSON on one line, without the fields that it does not have.
func compact(m proto.Message) ([]byte, error) {
	text, err := protojson.Marshal(m)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = json.Compact(&out, text) // The library varies its spaces.
	return out.Bytes(), err
}

// jsonLines are lines of JSON.
type jsonLines struct{ bytes.Buffer }

// add adds a line with a message and what stands before and after it.
func (l *jsonLines) add(before string, m proto.Message, after string) error {
	text, err := compact(m)
	l.WriteString(before)
	l.Write(text)
	l.WriteString(after + "\n")
	return err
}

// blockListLines returns a part of a block list, a line each.
func blockListLines(m *assentv1.ExportBlockListResponse) ([]byte, error) {
	var out jsonLines
	if start := m.GetStart(); start != nil {
		if err := out.add(`{"start":`, start, "}"); err != nil {
			return nil, err
		}
	}
	for _, entry := range m.GetEntries() {
		if err := out.add("", entry, ""); err != nil {
			return nil, err
		}
	}
	if end := m.GetEnd(); end != nil {
		if err := out.add(`{"end":`, end, "}"); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// lines returns what hashes are made with, channels, changes and how far they go, a line each.
func lines(m *assentv1.ExportSuppressionsResponse) ([]byte, error) {
	var out jsonLines
	if m.GetFoldVersion() != 0 {
		made := &assentv1.ExportSuppressionsResponse{FoldVersion: m.GetFoldVersion(), KeyId: m.GetKeyId()}
		if err := out.add("", made, ""); err != nil {
			return nil, err
		}
	}
	for _, channel := range m.GetChannels() {
		if err := out.add(`{"channel":`, channel, "}"); err != nil {
			return nil, err
		}
	}
	for _, change := range m.GetChanges() {
		if err := out.add("", change, ""); err != nil {
			return nil, err
		}
	}
	if m.GetHeartbeat() == nil {
		return out.Bytes(), nil
	}
	end := "}"
	if m.GetComplete() {
		end = `,"complete":true}`
	}
	err := out.add(`{"heartbeat":`, m.GetHeartbeat(), end)
	return out.Bytes(), err
}

// events returns changes as events. The last one has the token as its id, which a reader gives back when it resumes; without changes a
// heartbeat has it.
func events(m *assentv1.WatchChangesResponse) ([]byte, error) {
	var out bytes.Buffer
	add := func(name string, data proto.Message, token string) error {
		text, err := compact(data)
		if token != "" {
			out.WriteString("id: " + token + "\n")
		}
		out.WriteString("event: " + name + "\ndata: ")
		out.Write(text)
		out.WriteString("\n\n")
		return err
	}
	changes, token := m.GetChanges(), m.GetHeartbeat().GetToken()
	for i, change := range changes {
		id := ""
		if i == len(changes)-1 {
			id = token
		}
		if err := add("change", change, id); err != nil {
			return nil, err
		}
	}
	if len(changes) > 0 {
		return out.Bytes(), nil
	}
	out.WriteString(retry)
	err := add("heartbeat", m.GetHeartbeat(), token)
	return out.Bytes(), err
}

// resume returns the URL of a call of events with the token that a reader gives back, as an EventSource does when it comes back.
func resume(r *http.Request) *url.URL {
	token := r.Header.Get("Last-Event-ID")
	if token == "" {
		return r.URL
	}
	again := *r.URL
	query := again.Query()
	query.Set("from", token)
	again.RawQuery = query.Encode()
	return &again
}
