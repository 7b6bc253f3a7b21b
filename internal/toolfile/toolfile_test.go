package toolfile_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/presets"
	"github.com/assent-io/assent/internal/toolfile"
)

func options(t testing.TB, preset string) toolfile.Options {
	t.Helper()
	p, err := presets.Named(preset)
	if err != nil {
		t.Fatal(err)
	}
	return toolfile.Options{Preset: p, Options: presets.Options{Imported: time.Date(2026, 11, 30, 6, 0, 0, 0, time.UTC)}}
}

// outcomes reads a file to its end and returns its lines with what became of each.
func outcomes(t testing.TB, from io.Reader, o toolfile.Options) ([]string, error) {
	t.Helper()
	r, err := toolfile.Open(from, o)
	if err != nil {
		return nil, err
	}
	var list []string
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		list = append(list, strings.TrimSpace(strings.Repeat("i", row.Item)+" "+string(row.Outcome)+" "+string(row.Cause)))
	}
}

func TestNext_Tables_GiveARowForEachAndGoOnAfterBrokenOnes(t *testing.T) {
	text := "status,reason,email,created\n5.1.1,gone,anna@firma.example,1700000000\n5.1.1,bert@firma.example\n4.2.2,full,carl@firma.example,1700000000\n"
	o := options(t, "sendgrid")
	o.Status = "bounces"
	got, err := outcomes(t, strings.NewReader(text), o)
	if diff := cmp.Diff([]string{"recorded", "rejected BROKEN_ROW", "skipped SOFT_BOUNCE"}, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

func TestNext_JSON_GivesItems(t *testing.T) {
	text := `{"SuppressedDestinationSummaries":[{"EmailAddress":"anna@firma.example","Reason":"BOUNCE","LastUpdateTime":"2025-01-01T00:00:00Z"},7],"NextToken":"x"}`
	r, err := toolfile.Open(strings.NewReader(text), options(t, "ses"))
	if err != nil {
		t.Fatal(err)
	}
	var causes []string
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		causes = append(causes, string(row.Outcome)+string(row.Cause))
	}
	if diff := cmp.Diff([]string{"recorded", "rejectedBROKEN_ROW"}, causes); diff != "" || !r.HasMore() {
		t.Errorf("more: %v (-want +got):\n%s", r.HasMore(), diff)
	}
}

func TestOpen_AFileWithoutAHeaderOfAnotherWidth_IsRefused(t *testing.T) {
	if _, err := toolfile.Open(strings.NewReader("anna@firma.example,BOUNCE,x\n"), options(t, "ses")); err == nil {
		t.Error("it was taken")
	}
}

// endless gives the same bytes for ever.
type endless struct{ text string }

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e.text)
	}
	return n, nil
}

// Bad files end with an error, or give rejected rows, in bounded memory.
func TestOpen_BadFiles_AreBounded(t *testing.T) {
	bomb := func() io.Reader {
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		_, err := io.CopyN(w, endless{"email\x20"}, 256<<20)
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		return &packed
	}
	for name, file := range map[string]io.Reader{
		"a million columns":       strings.NewReader(strings.Repeat("x,", 1_000_000) + "\n"),
		"a quoted field of 1 GB":  io.MultiReader(strings.NewReader("email,created\n\""), io.LimitReader(endless{"aaaaaaaaaaaaaaaa"}, 1<<30)),
		"a row of 1 GB":           io.MultiReader(strings.NewReader("email,created\n"), io.LimitReader(endless{"aaaaaaaaaaaaaaaa"}, 1<<30)),
		"a gzip bomb":             bomb(),
		"a JSON item of 1 GB":     io.MultiReader(strings.NewReader(`[{"email":"`), io.LimitReader(endless{"aaaaaaaaaaaaaaaa"}, 1<<30)),
		"deeply nested JSON":      strings.NewReader(`[` + strings.Repeat(`{"a":`, 100_000)),
		"brackets without an end": io.LimitReader(endless{"[[[[[[[["}, 64<<20),
	} {
		t.Run(name, func(t *testing.T) {
			o := options(t, "sendgrid")
			o.Status, o.MaxBytes = "global_unsubscribes", 2<<30
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			got, err := outcomes(t, file, o)
			runtime.ReadMemStats(&after)
			if err == nil && (len(got) != 1 || !strings.HasPrefix(got[0], "rejected")) {
				t.Errorf("it was read: %.5q", got)
			}
			if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 64<<20 {
				t.Errorf("the heap has grown by %d MiB", grown>>20)
			}
			if err != nil && len(err.Error()) > 500 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
		})
	}
}

func TestDetect_NamesTheTool(t *testing.T) {
	for text, want := range map[string]string{
		"email,reason,detail,created_at,expires_at,last_event_at,expires_at,subaccount\na@b.example,unsub,,,,,,\n": "mandrill certain",
		`[{"EmailAddress":"a@b.example","Reason":"BOUNCE","LastUpdateTime":"x"}]`:                                  "ses certain",
		"a,b,c\n1,2,3\n": " unknown",
	} {
		found, err := toolfile.Detect(strings.NewReader(text), "file", "")
		if err != nil {
			t.Fatal(err)
		}
		name := ""
		if found.Preset != nil {
			name = found.Preset.Name
		}
		if got := name + " " + string(found.Certainty); got != want || found.Why == "" {
			t.Errorf("%.20q: got %s (%s), want %s", text, got, found.Why, want)
		}
	}
}

// Whatever a file holds, reading it ends, and no row names more facts than it can have.
func FuzzNext(f *testing.F) {
	f.Add([]byte("email,created\na@b.example,1700000000\n"))
	f.Add([]byte(`[{"email":"a@b.example","created":1700000000}]`))
	f.Add([]byte("\xff\xfee\x00m\x00a\x00i\x00l\x00\n\x00"))
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, name := range []string{"sendgrid", "plain", "klaviyo", "mailchimp"} {
			o := options(t, name)
			o.MaxBytes = 1 << 20
			_, _ = outcomes(t, bytes.NewReader(file), o) // An error is an answer.
			_, _ = toolfile.Detect(bytes.NewReader(file), "file", "")
		}
	})
}
