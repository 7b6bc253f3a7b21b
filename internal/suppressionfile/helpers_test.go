package suppressionfile_test

import (
	"bytes"
	"errors"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/suppressionfile"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

// made is the time of all lists in these tests.
func made() time.Time { return time.Date(2026, 11, 30, 6, 0, 0, 0, time.UTC) }

// at is a time of October 2026.
func at(day int) time.Time { return time.Date(2026, 10, day, 8, 30, 0, 0, time.UTC) }

// folder keeps files in memory.
type folder struct {
	files map[string]*file
	order []string
	// fails names the file that cannot be created, written or closed.
	fails, how string
}

type file struct {
	bytes.Buffer
	name            string
	in              *folder
	closed, aborted bool
}

var errFull = errors.New("no space left")

func newFolder() *folder { return &folder{files: map[string]*file{}} }

func (f *folder) Create(name string) (suppressionfile.Target, error) {
	if f.fails == name && f.how == "create" {
		return nil, errFull
	}
	made := &file{name: name, in: f}
	f.files[name] = made
	f.order = append(f.order, name)
	return made, nil
}

func (f *file) Write(data []byte) (int, error) {
	if f.in.fails == f.name && f.in.how == "write" {
		return 0, errFull
	}
	return f.Buffer.Write(data)
}

func (f *file) Close() error {
	if f.closed || f.aborted {
		return errors.New("ended twice")
	}
	f.closed = true
	if f.in.fails == f.name && f.in.how == "close" {
		return errFull
	}
	return nil
}

func (f *file) Abort() {
	if f.closed || f.aborted {
		panic(f.name + " is ended twice")
	}
	f.aborted = true
}

// checkEnded holds that each file that was created was closed or aborted.
func (f *folder) checkEnded(t testing.TB) {
	t.Helper()
	for name, file := range f.files {
		if !file.closed && !file.aborted {
			t.Errorf("%s is left open", name)
		}
	}
}

// scratch is a temporary file in memory.
type scratch struct{ bytes.Buffer }

func (s *scratch) ReadAt(to []byte, from int64) (int, error) {
	return bytes.NewReader(s.Bytes()).ReadAt(to, from)
}

func options() suppressionfile.Options {
	return suppressionfile.Options{
		Base: "newsletter", StoreID: [16]byte([]byte("0123456789abcdef")), Channel: "newsletter", Made: made(), Position: 4711, Token: "c1.AAAA",
		Hashing: &suppressionfile.Hashing{Algorithm: "ASSENT-LIST-1", Key: "1c7113268b102e9f", Input: "the canonical text of the match of the entry, in UTF-8"},
	}
}

func stream(entries []suppressionfile.Entry) iter.Seq2[suppressionfile.Entry, error] {
	return func(yield func(suppressionfile.Entry, error) bool) {
		for _, e := range entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// write writes a list, and fails the test if that fails.
func write(t testing.TB, form string, o suppressionfile.Options, entries ...suppressionfile.Entry) (suppressionfile.Manifest, *folder) {
	t.Helper()
	to := newFolder()
	m, err := suppressionfile.Write(form, o, stream(entries), to)
	if err != nil {
		t.Fatalf("%s: %v", form, err)
	}
	for name, file := range to.files {
		if !file.closed {
			t.Fatalf("%s: %s was not closed", form, name)
		}
	}
	return m, to
}

// text returns a file; it fails the test if it is not there.
func (f *folder) text(t testing.TB, name string) string {
	t.Helper()
	if f.files[name] == nil {
		t.Fatalf("there is no file %s, but %q", name, f.order)
	}
	return f.files[name].String()
}

func (f *folder) names() []string { return slices.Sorted(slices.Values(f.order)) }

// suppress is a suppression of an address.
func suppress(address, reason, scope string) suppressionfile.Entry {
	match := suppressionfile.Folded
	if reason == "HARD_BOUNCE" {
		match = suppressionfile.Exact
	}
	return suppressionfile.Entry{
		Match: match, Address: address, Scope: scope, Kind: suppressionfile.Suppression, Reason: reason, Since: at(1),
	}
}

// refuse is a refusal of the channel newsletter.
func refuse(address string) suppressionfile.Entry {
	return suppressionfile.Entry{
		Match: suppressionfile.Exact, Address: address, Scope: "channel:newsletter", Kind: suppressionfile.Refusal, Reason: "WITHDRAWN", Since: at(2),
	}
}

// block is a suppression of a domain.
func block(domain string) suppressionfile.Entry {
	return suppressionfile.Entry{
		Match: suppressionfile.Domain, Domain: domain, Scope: "marketing", Kind: suppressionfile.Suppression, Reason: "MANUAL", Since: at(3),
	}
}
