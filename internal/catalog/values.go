package catalog

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml/ast"
	"golang.org/x/text/language"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog/lookalike"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/timetext"
	"github.com/assent-io/assent/internal/yamltext"
)

const (
	maxToken   = 64     // octets of an id
	maxName    = 120    // octets of a name that people see
	maxLine    = 500    // octets of other text
	maxPattern = 200    // octets of a reference pattern
	maxURL     = 2000   // octets of a URL
	maxProse   = 32_768 // octets of a declaration's text
)

// line reads text on one line that people see.
func (o *object) line(key string, limit int) string {
	s, ok := o.text(key, limit)
	if !ok {
		return ""
	}
	if strings.ContainsFunc(s, isInvisible) {
		o.fail(key, "the text has a line break or a control, bidi or zero-width character; write it on one line without such characters")
		return ""
	}
	return s
}

// prose reads text that may have several lines.
func (o *object) prose(key string, limit int) string {
	s, ok := o.text(key, limit)
	if !ok {
		return ""
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && r != '\t' && unicode.Is(unicode.Cc, r) }) {
		o.fail(key, "the text has a control character; only line breaks and tabs are allowed")
		return ""
	}
	return s
}

func (o *object) text(key string, limit int) (string, bool) {
	if !o.has(key) {
		return "", false
	}
	s, ok := yamltext.Of(o.fields[key])
	s = strings.TrimSpace(s)
	switch {
	case !ok:
		o.fail(key, "this must be text, not %s", yamltext.Kind(o.fields[key]))
		return "", false
	case s == "":
		o.fail(key, "the text is empty")
		return "", false
	case len(s) > limit:
		o.fail(key, "the text has %d octets; at most %d are allowed", len(s), limit)
		return "", false
	}
	return s, true
}

// isInvisible reports whether r could break a line or make one name look like
// another.
func isInvisible(r rune) bool {
	return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// localName reads a name in English and German.
func (o *object) localName(key string) LocalName { return o.localText(key, maxName) }

// localText reads a line in English and German; neither when the key is missing.
func (o *object) localText(key string, limit int) LocalName {
	texts := o.child(key, "en", "de")
	if texts == nil {
		return LocalName{}
	}
	texts.require("en", "de")
	return LocalName{EN: texts.line("en", limit), DE: texts.line("de", limit)}
}

// genericWords reads a list of words, each once.
func (o *object) genericWords(key string) []string {
	var list []string
	for _, entry := range o.items(key, maxList) {
		s, ok := yamltext.Of(entry.node)
		s = strings.TrimSpace(s)
		switch {
		case !ok:
			o.d.fail(entry.path, "%s stands where a word belongs", yamltext.Kind(entry.node))
		case len(s) > maxToken || strings.ContainsFunc(s, isInvisible) || strings.ContainsFunc(s, unicode.IsSpace) || !lookalike.HasWord(s):
			o.d.fail(entry.path, "%s is no word; write one word of at most %d octets, without spaces", yamltext.Quote(s), maxToken)
		default:
			list = append(list, s)
		}
	}
	o.unique(key, list)
	return list
}

// country reads the code of a country.
func (o *object) country(key string) string {
	s, ok := o.text(key, maxLine)
	if !ok {
		return ""
	}
	region, err := language.ParseRegion(s)
	if err != nil || region.String() != s || !region.IsCountry() || region.Canonicalize() != region {
		o.fail(key, "%s is not the code of a country; write the two capitals of ISO 3166-1, such as AT or GB", yamltext.Quote(s))
		return ""
	}
	return s
}

// token reads an id.
func (o *object) token(key string) string {
	s, ok := o.text(key, maxLine)
	if !ok {
		return ""
	}
	if !isToken(s, false) {
		o.fail(key, "%s is not a valid id; %s", yamltext.Quote(s), tokenRule)
		return ""
	}
	return s
}

const tokenRule = "an id has at most 64 of the characters a-z, 0-9, '-', '_' and '.', and begins with a letter or digit"

// tokens reads a list of ids, each once.
func (o *object) tokens(key string) []string {
	var ids []string
	for _, entry := range o.items(key, maxList) {
		s, ok := yamltext.Of(entry.node)
		switch {
		case !ok:
			o.d.fail(entry.path, "this must be an id, not %s", yamltext.Kind(entry.node))
		case !isToken(s, false):
			o.d.fail(entry.path, "%s is not a valid id; %s", yamltext.Quote(s), tokenRule)
		default:
			ids = append(ids, s)
		}
	}
	o.unique(key, ids)
	return ids
}

func (o *object) unique(key string, values []string) {
	seen := map[string]bool{}
	for _, value := range values {
		if seen[value] {
			o.fail(key, "%s is in the list twice; name it once", yamltext.Quote(value))
		}
		seen[value] = true
	}
}

// IsID reports whether s may be the id of anything in a catalog.
func IsID(s string) bool { return isToken(s, false) }

// isToken reports whether s is an id, or, where capitals are allowed, the
// version of a declaration.
func isToken(s string, capitals bool) bool {
	if s == "" || len(s) > maxToken {
		return false
	}
	for i := range len(s) {
		c := s[i]
		alphanumeric := 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || capitals && 'A' <= c && c <= 'Z'
		if !alphanumeric && (i == 0 || c != '-' && c != '_' && c != '.') {
			return false
		}
	}
	return true
}

// isVersion reports whether s may be the version of a declaration. One that
// reads like a domain may not: with the id before it, it would be an address,
// and references stand in clear for ever.
func isVersion(s string) bool {
	if !isToken(s, true) {
		return false
	}
	_, err := address.Parse("x@" + s)
	return err != nil
}

// ParseDeclarationRef reads a declaration version as grants name it,
// "id@version", and returns its parts. It says nothing about whether a
// catalog has it.
func ParseDeclarationRef(s string) (id, version string, err error) {
	id, version, found := strings.Cut(s, "@")
	if !found || !isToken(id, false) || !isVersion(version) {
		return "", "", errors.New("a declaration is given as id@version, such as newsletter-signup@2026-01")
	}
	return id, version, nil
}

// flag reads true or false, false when the key is missing.
func (o *object) flag(key string) bool {
	if !o.has(key) {
		return false
	}
	b, ok := o.fields[key].(*ast.BoolNode)
	if !ok {
		o.fail(key, "this must be true or false, not %s", yamltext.Kind(o.fields[key]))
		return false
	}
	return b.Value
}

// count reads a whole number from 1 to most. A missing key gives the default.
func (o *object) count(key string, most, byDefault int) int {
	if !o.has(key) {
		return byDefault
	}
	text, ok := yamltext.Of(o.fields[key])
	n, err := strconv.Atoi(text)
	if !ok || err != nil || n < 1 || n > most {
		o.fail(key, "%s is not allowed; use a whole number from 1 to %d", shown(o.fields[key]), most)
		return byDefault
	}
	return n
}

// email reads an address and returns its exact form.
func (o *object) email(key string) string {
	s, ok := o.text(key, maxLine)
	if !ok {
		return ""
	}
	parsed, err := address.Parse(s)
	if err != nil {
		o.fail(key, "this is not a valid e-mail address: %s", err)
		return ""
	}
	return parsed.Exact()
}

// webAddress reads an absolute URL that a person can open.
func (o *object) webAddress(key string) string {
	s := o.line(key, maxURL)
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || strings.Contains(s, " ") {
		o.fail(key, "this is not a valid web address; it must start with https:// and a host, without a user name")
		return ""
	}
	return s
}

// period reads a calendar period longer than nothing, which does not wait for
// the end of a year. A missing key gives the default.
func (o *object) period(key string, byDefault period.Period) period.Period {
	p := o.anyPeriod(key, byDefault)
	if p.EndsWithYear() {
		o.fail(key, "%s ends with the year, which only claims_period and the periods of retention may; write it without %s",
			yamltext.Quote(p.String()), period.YearEnd)
		return byDefault
	}
	return p
}

// periodOfKeeping reads how long something is kept, which may end with a year
// (German civil code, section 199). A missing key gives none.
func (o *object) periodOfKeeping(key string) period.Period { return o.anyPeriod(key, period.Period{}) }

func (o *object) anyPeriod(key string, byDefault period.Period) period.Period {
	s, ok := o.text(key, maxLine)
	if !ok {
		return byDefault
	}
	p, err := period.Parse(s)
	if err != nil {
		o.fail(key, "%s is not a period: %s", yamltext.Quote(s), err)
		return byDefault
	}
	if p.IsZero() {
		o.fail(key, "%s is a period of zero length; give a longer one", yamltext.Quote(s))
	}
	return p
}

// instant reads a time of RFC 3339 and returns it in UTC, or nil.
func (o *object) instant(key string) *time.Time {
	s, ok := o.text(key, maxLine)
	if !ok {
		return nil
	}
	t, err := timetext.Parse(s)
	if err != nil || t.Nanosecond()%1000 != 0 {
		o.fail(key, "%s is not a valid time; write it as 2026-01-01T00:00:00Z, with at most six decimals", yamltext.Quote(s))
		return nil
	}
	t = t.UTC()
	return &t
}

// language reads a language tag of BCP 47.
func (o *object) language(key string) string {
	s, ok := o.text(key, maxLine)
	if !ok {
		return ""
	}
	if _, err := language.Parse(s); err != nil {
		o.fail(key, "%s is not a language tag; write a tag such as de or en-GB", yamltext.Quote(s))
		return ""
	}
	return s
}

// day reads a date.
func (o *object) day(key string) time.Time {
	s, ok := o.text(key, maxLine)
	if !ok {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		o.fail(key, "%s is not a date; write it as 2026-01-31", yamltext.Quote(s))
	}
	return t
}

// oneOf reads a value of a closed set. It is empty when missing or wrong.
func oneOf[T ~string](o *object, key string, allowed ...T) T {
	if !o.has(key) {
		return ""
	}
	s, ok := yamltext.Of(o.fields[key])
	for _, value := range allowed {
		if ok && T(s) == value {
			return value
		}
	}
	o.fail(key, "%s is not allowed; use %s", shown(o.fields[key]), alternatives(allowed))
	return ""
}

// shown returns how a message shows a node: its text, or what it is.
func shown(node ast.Node) string {
	if s, ok := yamltext.Of(node); ok {
		return yamltext.Quote(s)
	}
	return yamltext.Kind(node)
}

func alternatives[T ~string](values []T) string {
	words := make([]string, len(values))
	for i, value := range values {
		words[i] = string(value)
	}
	if len(words) == 1 {
		return words[0]
	}
	return fmt.Sprintf("%s or %s", strings.Join(words[:len(words)-1], ", "), words[len(words)-1])
}
