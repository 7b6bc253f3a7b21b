package jsonlist_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/jsonlist"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/textfile"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

// items writes each item as its line, number and text under a path, and each broken one as its error.
func items(r *jsonlist.Reader, path string) ([]string, error) {
	var all []string
	for {
		item, err := r.Next()
		switch bad, isBad := errors.AsType[*jsonlist.ItemError](err); {
		case errors.Is(err, io.EOF):
			return all, nil
		case isBad:
			all = append(all, bad.Error())
		case err != nil:
			return all, err
		default:
			all = append(all, fmt.Sprintf("%d/%d %s", item.Line, item.Number, item.Object.Text(path)))
		}
	}
}

func TestReader_TheListsOfTools(t *testing.T) {
	for _, c := range []struct {
		name, text, list, path string
		want                   []string
		more                   bool
	}{
		{
			"Amazon SES", "{\n \"SuppressedDestinationSummaries\": [\n  {\"EmailAddress\": \"a@b.c\"},\n\n  {\"EmailAddress\": \"d@e.f\"}],\n \"NextToken\": \"x\"}\n",
			"SuppressedDestinationSummaries", "EmailAddress",
			[]string{"3/1 a@b.c", "5/2 d@e.f"},
			true,
		},
		{"SES, last page", `{"Items":[{"e":"a"}],"NextToken":null}`, "Items", "e", []string{"1/1 a"}, false},
		{"Postmark", `{"Suppressions":[{"EmailAddress":"a@b.c"}]}`, "Suppressions", "EmailAddress", []string{"1/1 a@b.c"}, false},
		{"SendGrid", `[{"created":1443651141,"email":"a@b.c"},{"created":1,"email":"d"}]`, "", "created", []string{"1/1 1443651141", "1/2 1"}, false},
		{"Mailgun", `{"paging":{"next":"https://…","last":""},"items":[{"address":"a"}]}`, "items", "address", []string{"1/1 a"}, true},
		{
			"Klaviyo", `{"data":[{"attributes":{"subscriptions":{"email":{"marketing":{"consent":"SUBSCRIBED"}}}}}],"links":{"next":null}}`,
			"data", "attributes.subscriptions.email.marketing.consent",
			[]string{"1/1 SUBSCRIBED"},
			false,
		},
		{"one object a line", "{\"emailAddress\":\"a\"}\n\n{\"emailAddress\":\"b\"}\n", "items", "emailAddress", []string{"1/1 a", "3/2 b"}, false},
		{"several pages", `{"items":[{"e":"a"}],"links":{"next":"x"}}` + "\n" + `{"items":[{"e":"b"}]}`, "items", "e", []string{"1/1 a", "2/2 b"}, true},
		{"texts", `{"emails":["a@b.c","d@e.f"]}`, "emails", "", []string{"1/1 a@b.c", "1/2 d@e.f"}, false},
		{"null for a list", `{"items":null}`, "items", "", nil, false},
		{"empty", "", "", "", nil, false},
		{"no item", `[1,{"e":"a"},[],{"e":"` + "\xfc" + `"}]`, "", "e", []string{
			"line 1: item 1: it must be an object or a text", "1/2 a", "line 1: item 3: it must be an object or a text",
			"line 1: item 4: it is not valid utf-8; if the whole file is in another encoding, --encoding names it",
		}, false},
	} {
		r, err := jsonlist.Open(strings.NewReader(c.text), jsonlist.Options{Lists: []string{c.list}})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		got, err := items(r, c.path)
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" || r.HasMore() != c.more {
			t.Errorf("%s: %v, more %v %s", c.name, err, r.HasMore(), diff)
		}
	}
}

func TestObject_ReadsWhatIsThere(t *testing.T) {
	r, err := jsonlist.Open(strings.NewReader(`{"a":{"t":"x","n":1.50,"b":true,"z":null,"l":["p",2,{"k":"v"},{"k":"w"}]}}`), jsonlist.Options{})
	if err != nil {
		t.Fatal(err)
	}
	item, err := r.Next()
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"a.t": "x", "a.n": "1.50", "a.b": "true", "a.z": "", "a.l": "", "a": "", "b.c": "", "a.t.u": ""} {
		if got := item.Object.Text(path); got != want {
			t.Errorf("%s is %q", path, got)
		}
	}
	objects := item.Object.Objects("a.l")
	if len(objects) != 2 || objects[1].Text("k") != "w" || item.Object.Objects("a.t") != nil {
		t.Errorf("%v", objects)
	}
	if diff := cmp.Diff([]string{"p"}, item.Object.Texts("a.l")); diff != "" {
		t.Error(diff)
	}
}

func TestNext_WhatIsNoJSON_EndsWithTheLine(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"text", "address\n", "line 1: it is not JSON"},
		{"number", "\n\n12", "line 3: it must be a list or an object"},
		{"open list", "[\n{\"e\":\"a\"},\n", "line 3: it ends too early"},
		{"open object", "{\"items\":[\n{\"e\":\"a\"}\n", "line 3: it ends too early"},
		{"no comma", "[{\"e\":\"a\"}\n{\"e\":\"b\"}]", "line 2: it is not JSON"},
		{"no list", `{"items":{"a":1}}`, "line 1: items must be a list"},
		{"long item", "[\n{\"e\":\"" + strings.Repeat("x", 3<<20), "line 2: an item, or what stands beside the list, is longer than 1048576 bytes"},
		{"long gap", "[" + strings.Repeat("\n", 5<<20), "an item, or what stands beside the list, is longer than 1048576 bytes"},
		{"much beside the list", "{" + strings.Repeat(`"a":"`+strings.Repeat("x", 1000)+`",`, 2000), "an item, or what stands beside the list, is longer than"},
	} {
		r, err := jsonlist.Open(strings.NewReader(c.text), jsonlist.Options{Lists: []string{"items"}})
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if _, err = items(r, ""); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "line ") {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
		if _, again := r.Next(); again == nil || again.Error() != err.Error() {
			t.Errorf("%s: then %v", c.name, again)
		}
	}
}

// FuzzReader holds that any input ends, that lines and numbers only go up, and that no complaint repeats what stands in the file.
func FuzzReader(f *testing.F) {
	for _, seed := range []string{
		`{"items":[{"e":"anna@firma.example"}],"NextToken":"x"}`, "[1,\n\"a\",{}]", "{\"e\":1}\n{\"e\":2}", `{"items":null}{"items":[]}`, "[[[", "{\"a\"",
		`[{"e":"anna@firma.example"} x]`, "\xff\xfe[\x00]\x00",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := jsonlist.Open(bytes.NewReader(data), jsonlist.Options{Text: textfile.Options{MaxBytes: 4 << 20}, Lists: []string{"items"}})
		if err != nil {
			return
		}
		line, number := 1, 0
		for {
			item, err := r.Next()
			if bad, ok := errors.AsType[*jsonlist.ItemError](err); ok {
				item.Line, item.Number = bad.Line, bad.Number
			}
			if err != nil && strings.Contains(err.Error(), "anna@") {
				t.Fatalf("%q repeats the address", err)
			}
			if err != nil && item.Number == 0 {
				return
			}
			if item.Line < line || item.Number != number+1 {
				t.Fatalf("item %d of line %d after item %d of line %d", item.Number, item.Line, number, line)
			}
			line, number = item.Line, item.Number
		}
	})
}
