// Package jsonlist reads the items of lists that other programs keep as JSON: an array, an object with an array in it as the answers of
// APIs are, several of these one after the other, or one object a line. Items are read one by one, so a file of any size fits.
//
// It judges only the form: what an item says is the matter of others, and no error repeats it, for it may be an address.
package jsonlist

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/assent-io/assent/internal/textfile"
)

// MaxItem is the length of the longest item in bytes, and of all that stands beside the list in an object.
const MaxItem = 1 << 20

// Options say where the items are.
type Options struct {
	Text textfile.Options
	// Lists are the keys of the arrays that hold items, in objects at the top, such as items or Suppressions. An object that has none of
	// them is itself an item.
	Lists []string
}

// Item is one element of a list.
type Item struct {
	// Line is the number of the line where it begins; a whole file may be one line. Number counts the items of the file from 1.
	Line, Number int
	// Object is what it says. An element that is a text and no object has it under the empty key.
	Object Object
}

// ItemError is what is wrong with one item; the items after it can still be read.
type ItemError struct {
	Line, Number int
	// Text says what is wrong, without any value.
	Text string
}

func (e *ItemError) Error() string {
	return fmt.Sprintf("line %d: item %d: %s", e.Line, e.Number, e.Text)
}

// Reader reads the items of a file.
type Reader struct {
	text    *textfile.Reader
	from    *source
	decoder *json.Decoder
	lists   []string
	// inList is set between the brackets of an array of items. object is what was read of the object around it, nil where there is none,
	// objectLine where that begins, and objectSize its length so far.
	inList     bool
	object     map[string]json.RawMessage
	objectLine int
	objectSize int
	// hasList is set when object has, or had, an array of items.
	hasList bool
	number  int
	hasMore bool
	failed  error
}

// Open reads the beginning of a file.
func Open(from io.Reader, o Options) (*Reader, error) {
	text, err := textfile.Open(from, o.Text)
	if err != nil {
		return nil, err
	}
	return New(text, o.Lists), nil
}

// New reads the items of a text of which no line was read.
func New(text *textfile.Reader, lists []string) *Reader {
	r := &Reader{text: text, from: &source{text: text, line: 1}, lists: lists}
	r.decoder = json.NewDecoder(r.from)
	r.decoder.UseNumber()
	return r
}

// Detected returns what was found out about the file.
func (r *Reader) Detected() textfile.Detected { return r.text.Detected() }

// HasMore reports whether the file, as far as it was read, says that it is one page of several: by a token or a link of the next page
// beside the list. Some APIs give such a link with the last page too, to an empty one.
func (r *Reader) HasMore() bool { return r.hasMore }

// Next returns the next item. It returns io.EOF at the end, an *ItemError for an item that is neither an object nor a text, after which it
// may be called again, and another error, which names the line, when nothing more can be read.
func (r *Reader) Next() (Item, error) {
	if r.failed != nil {
		return Item{}, r.failed
	}
	for {
		item, err := r.step()
		if _, ok := errors.AsType[*ItemError](err); err != nil && !ok {
			r.failed = err
		}
		if err != nil || item.Number > 0 {
			return item, err
		}
	}
}

// step reads one piece of the file. What it returns has a number if it is an item.
func (r *Reader) step() (Item, error) {
	r.from.consumed(r.decoder.InputOffset())
	switch {
	case r.inList && r.decoder.More():
		return r.element()
	case r.inList:
		r.inList = false
		_, err := r.token()
		return Item{}, err
	case r.object != nil && r.decoder.More():
		return Item{}, r.member()
	case r.object != nil:
		return r.endObject()
	}
	token, err := r.decoder.Token()
	switch {
	case errors.Is(err, io.EOF):
		return Item{}, io.EOF
	case err != nil:
		return Item{}, r.wrong(err)
	case token == json.Delim('['):
		r.inList = true
	case token == json.Delim('{'):
		r.object, r.objectLine, r.objectSize, r.hasList = map[string]json.RawMessage{}, r.line(0), 0, false
	default:
		return Item{}, fmt.Errorf("line %d: it must be a list or an object", r.line(0))
	}
	return Item{}, nil
}

// token reads a token within an array or an object.
func (r *Reader) token() (json.Token, error) {
	token, err := r.decoder.Token()
	if err != nil {
		return nil, r.wrong(err)
	}
	return token, nil
}

// line returns the line of what was read last, which has the given length.
func (r *Reader) line(length int) int { return r.from.lineAt(r.decoder.InputOffset() - int64(length)) }

// wrong says where a file is no JSON, or could not be read.
func (r *Reader) wrong(err error) error {
	_, isSyntax := errors.AsType[*json.SyntaxError](err)
	switch {
	case isSyntax:
		return fmt.Errorf("line %d: it is not JSON", r.line(0))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("line %d: it ends too early", r.from.lineAt(r.from.given))
	default:
		return fmt.Errorf("line %d: %w", r.line(0), err)
	}
}

// element reads an element of a list.
func (r *Reader) element() (Item, error) {
	var raw json.RawMessage
	if err := r.decoder.Decode(&raw); err != nil {
		return Item{}, r.wrong(err)
	}
	return r.item(raw, r.line(len(raw)))
}

// item reads an item from its text.
func (r *Reader) item(raw json.RawMessage, line int) (Item, error) {
	r.number++
	item := Item{Line: line, Number: r.number}
	if err := r.text.Check(raw); err != nil {
		return Item{}, &ItemError{item.Line, item.Number, err.Error()}
	}
	var text string
	switch decoder := newDecoder(raw); raw[0] {
	case '{':
		if err := decoder.Decode(&item.Object); err != nil {
			return Item{}, &ItemError{item.Line, item.Number, "it is not JSON"}
		}
	case '"':
		if err := decoder.Decode(&text); err != nil {
			return Item{}, &ItemError{item.Line, item.Number, "it is not JSON"}
		}
		item.Object = Object{"": text}
	default:
		return Item{}, &ItemError{item.Line, item.Number, "it must be an object or a text"}
	}
	return item, nil
}

func newDecoder(raw json.RawMessage) *json.Decoder {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	return decoder
}

// member reads a key of an object at the top, and its value unless that is a list.
func (r *Reader) member() error {
	token, err := r.token()
	if err != nil {
		return err
	}
	// Inside an object, what comes before a value is a string or an error.
	key := fmt.Sprint(token)
	if slices.Contains(r.lists, key) {
		if token, err = r.token(); err != nil {
			return err
		}
		r.inList, r.hasList = token == json.Delim('['), true
		if !r.inList && token != nil {
			return fmt.Errorf("line %d: %s must be a list", r.line(0), key)
		}
		return nil
	}
	var raw json.RawMessage
	if err := r.decoder.Decode(&raw); err != nil {
		return r.wrong(err)
	}
	if r.objectSize += len(key) + len(raw); r.objectSize > MaxItem {
		return fmt.Errorf("line %d: %w", r.line(0), errTooLong)
	}
	r.object[key] = raw
	return nil
}

// endObject reads the end of an object at the top, which is an item unless it had a list.
func (r *Reader) endObject() (Item, error) {
	if _, err := r.token(); err != nil {
		return Item{}, err
	}
	object := r.object
	r.object = nil
	if r.hasList {
		r.hasMore = r.hasMore || tellsOfMore(object)
		return Item{}, nil
	}
	raw, err := json.Marshal(object)
	if err != nil {
		return Item{}, fmt.Errorf("line %d: %w", r.objectLine, err)
	}
	return r.item(raw, r.objectLine)
}

// tellsOfMore reports whether what stands beside a list names the next page, as the APIs of Amazon SES, Mailgun, Klaviyo, SendGrid and
// others do.
func tellsOfMore(beside map[string]json.RawMessage) bool {
	var object Object
	for key, raw := range beside {
		if !slices.Contains([]string{"NextToken", "nextToken", "next_token", "next", "paging", "links", "_metadata", "meta", "has_more"}, key) {
			continue
		}
		var value any
		if json.Unmarshal(raw, &value) == nil {
			object.set(key, value)
		}
	}
	for _, path := range []string{
		"NextToken", "nextToken", "next_token", "next", "paging.next", "links.next", "_metadata.next", "meta.next",
	} {
		if object.Text(path) != "" {
			return true
		}
	}
	return object.Text("has_more") == "true"
}
