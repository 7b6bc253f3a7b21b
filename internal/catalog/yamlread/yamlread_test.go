package yamlread_test

import (
	"slices"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/catalog/document"
	"github.com/assent-io/assent/internal/catalog/yamlread"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/testkit"
	"github.com/assent-io/assent/internal/wallclock"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

// read reads a document with these keys.
func read(t *testing.T, text string, stored bool, keys ...string) (*yamlread.Reader, *yamlread.Object) {
	t.Helper()
	body, line, message := document.Read([]byte(text))
	if message != "" {
		t.Fatalf("line %d: %s", line, message)
	}
	r := yamlread.New("a.yaml", stored)
	return r, r.Document(body, keys...)
}

func TestObject_ReadsEachKindOfValue(t *testing.T) {
	const text = `
line: " on one line "
prose: "two\nlines"
id: a-1
ids: [b, c]
email: Ann@FIRMA.example
url: https://firma.example/
period: P2Y
count: 7
flag: true
instant: 2026-01-01T01:00:00+01:00
day: 2026-01-31
language: de
country: AT
one: b
clock: 20:30
days: [mon, sun]
zone: Europe/Vienna
`
	keys := []string{
		"line", "prose", "id", "ids", "email", "url", "period", "count", "flag", "instant", "day", "language", "country", "one", "clock", "days", "zone",
	}
	r, o := read(t, text, false, keys...)
	type word string
	clock, err := wallclock.ParseClock("20:30")
	if err != nil {
		t.Fatal(err)
	}
	monday, _ := wallclock.ParseDay("mon")
	sunday, _ := wallclock.ParseDay("sun")
	for key, right := range map[string]bool{
		"line": o.Line("line", 20) == "on one line", "prose": o.Prose("prose", 20) == "two\nlines", "id": o.Token("id") == "a-1",
		"ids": slices.Equal(o.Tokens("ids"), []string{"b", "c"}), "email": o.Email("email") == "ann@firma.example",
		"url": o.WebAddress("url") == "https://firma.example/", "period": o.Period("period", period.Period{}) == period.Months(24),
		"count": o.Count("count", 9, 1) == 7, "flag": o.Flag("flag"),
		"instant": o.Instant("instant").Equal(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)),
		"day":     o.Day("day").Equal(time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)), "language": o.Language("language") == "de",
		"country": o.Country("country") == "AT", "one": yamlread.OneOf[word](o, "one", "a", "b") == "b", "clock": o.Clock("clock") == clock,
		"days": o.Days("days") == monday|sunday, "zone": o.Zone("zone").String() == "Europe/Vienna",
	} {
		if !right {
			t.Errorf("%s is read as something else", key)
		}
	}
	if r.Failed() || len(r.Warnings()) > 0 {
		t.Errorf("%v, %v", r.Problems(), r.Warnings())
	}
	if r.Lines().Of("days[1]") != 17 || r.Lines().Of("zone.left.out") != 18 || !r.Given("zone") || r.Given("zones") {
		t.Errorf("the lines are %v", r.Lines())
	}
}

func TestReader_GathersWhatIsWrong_InTheOrderOfTheLines(t *testing.T) {
	r, o := read(t, "a: x\nb: [1, 1]\nunknown: 1\n", false, "a", "b", "c")
	o.Require("c")
	if o.Count("a", 5, 3) != 3 || len(o.Tokens("b")) != 2 || o.Child("c") != nil || r.Missing("c").Flag("d") {
		t.Error("what is wrong or missing is not read as its default")
	}
	r.Missing("c").Require("d")
	var lines []int
	for _, p := range r.Problems() {
		lines = append(lines, p.Line)
	}
	if !slices.Equal(lines, []int{1, 1, 2, 3}) {
		t.Errorf("%v", r.Problems())
	}
}

func TestReader_OfAStoredDocument_RefusesByAWarning(t *testing.T) {
	for _, stored := range []bool{false, true} {
		r, o := read(t, "a: x\n", stored, "a")
		o.Refuse("a", "no more")
		if r.Failed() == stored || (len(r.Warnings()) == 1) != stored {
			t.Errorf("stored %t: %v, %v", stored, r.Problems(), r.Warnings())
		}
	}
}
