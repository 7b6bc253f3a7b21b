package locale_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/locale"
)

func readFile(t *testing.T, name string) map[string]string {
	t.Helper()
	document, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var texts map[string]string
	if err := yaml.UnmarshalWithOptions(document, &texts, yaml.Strict()); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return texts
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// placeholders returns the names in braces, sorted.
func placeholders(text string) []string {
	var names []string
	for _, match := range placeholder.FindAllStringSubmatch(text, -1) {
		names = append(names, match[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestFiles_BothLanguagesHaveTheSameKeysAndPlaceholders(t *testing.T) {
	english, german := readFile(t, "en.yaml"), readFile(t, "de.yaml")
	for key, text := range english {
		other, ok := german[key]
		if !ok {
			t.Errorf("%s is missing in de.yaml", key)
			continue
		}
		if text == "" || other == "" {
			t.Errorf("%s says nothing: %q, %q", key, text, other)
		}
		if diff := cmp.Diff(placeholders(text), placeholders(other)); diff != "" {
			t.Errorf("%s has other placeholders in de.yaml:\n%s", key, diff)
		}
		if strings.ContainsAny(placeholder.ReplaceAllString(text+other, ""), "{}") {
			t.Errorf("%s has a brace that is no placeholder", key)
		}
	}
	for key := range german {
		if _, ok := english[key]; !ok {
			t.Errorf("%s is missing in en.yaml", key)
		}
	}
}

func TestFiles_WhatIsCountedHasBothForms(t *testing.T) {
	keys := locale.Keys()
	for _, key := range keys {
		if of, ok := strings.CutSuffix(key, ".one"); ok && !slices.Contains(keys, of+".other") {
			t.Errorf("%s has no form for other numbers", of)
		}
	}
}

func TestCount_TakesTheFormOfTheNumber(t *testing.T) {
	for n, want := range map[int]locale.Text{
		0: {EN: "0 erasures", DE: "0 Löschungen"}, 1: {EN: "1 erasure", DE: "1 Löschung"}, 2: {EN: "2 erasures", DE: "2 Löschungen"},
	} {
		if got := locale.Count("kind.erase", n, nil); got != want {
			t.Errorf("%d: got %+v, want %+v", n, got, want)
		}
	}
}

func TestFill_ValueWithBraces_IsTakenAsItIs(t *testing.T) {
	got := locale.Fill("event.request.until", locale.Values{"on": locale.Same("“{day}”"), "day": locale.Same("today")})
	if want := "A sign-up to “{day}” was requested, to be confirmed by e-mail before today."; got.EN != want {
		t.Errorf("got %q, want %q", got.EN, want)
	}
}

func TestJoin_ListsOneTwoAndThree(t *testing.T) {
	var list []locale.Text
	for _, want := range []locale.Text{
		{}, {EN: "a", DE: "a"}, {EN: "a and b", DE: "a und b"}, {EN: "a, b and c", DE: "a, b und c"},
	} {
		if got := locale.Join(list); got != want {
			t.Errorf("%v: got %+v, want %+v", list, got, want)
		}
		list = append(list, locale.Same(string(rune('a'+len(list)))))
	}
}

func TestGetAndName_WhatIsNotKnown_IsCalledByItsKeyOrID(t *testing.T) {
	if got := locale.Get("no.such.key"); got != locale.Same("no.such.key") {
		t.Errorf("a key that is missing: %+v", got)
	}
	if got := locale.Name("source", "of_tomorrow"); got != locale.Same("of_tomorrow") {
		t.Errorf("a source that is unknown: %+v", got)
	}
}

func TestExplanation_OfAKnownCode_TakesNoMemory(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() { _, _ = locale.Explanation("WITHDRAWN"), locale.Remedy("WITHDRAWN") }); n != 0 {
		t.Errorf("it takes %v pieces of memory", n)
	}
}
