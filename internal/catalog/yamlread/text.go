package yamlread

import (
	"fmt"
	"net/url"
	"strings"
	"unicode"

	"github.com/goccy/go-yaml/ast"
	"golang.org/x/text/language"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog/document"
	"github.com/assent-io/assent/internal/nearest"
	"github.com/assent-io/assent/internal/yamltext"
)

// How long texts may be, in octets.
const (
	MaxToken = 64  // an id
	MaxLine  = 500 // text without a limit of its own
	maxURL   = 2000
)

// Line reads text on one line that people see.
func (o *Object) Line(key string, limit int) string {
	s, ok := o.Text(key, limit)
	if !ok {
		return ""
	}
	if strings.ContainsFunc(s, IsInvisible) {
		o.Fail(key, "the text has a line break or a control, bidi or zero-width character; write it on one line without such characters")
		return ""
	}
	return s
}

// Prose reads text that may have several lines.
func (o *Object) Prose(key string, limit int) string {
	s, ok := o.Text(key, limit)
	if !ok {
		return ""
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && r != '\t' && unicode.Is(unicode.Cc, r) }) {
		o.Fail(key, "the text has a control character; only line breaks and tabs are allowed")
		return ""
	}
	return s
}

// Text reads text without the space around it; false when the key is missing or wrong.
func (o *Object) Text(key string, limit int) (string, bool) {
	if !o.Has(key) {
		return "", false
	}
	s, ok := yamltext.Of(o.fields[key])
	s = strings.TrimSpace(s)
	switch {
	case !ok:
		o.Fail(key, "this must be text, not %s", yamltext.Kind(o.fields[key]))
		return "", false
	case s == "":
		o.Fail(key, "the text is empty")
		return "", false
	case len(s) > limit:
		o.Fail(key, "the text has %d octets; at most %d are allowed", len(s), limit)
		return "", false
	}
	return s, true
}

// IsInvisible reports whether r could break a line or make one name look like
// another.
func IsInvisible(r rune) bool {
	return unicode.In(r, unicode.C, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// Token reads an id.
func (o *Object) Token(key string) string {
	s, ok := o.Text(key, MaxLine)
	if !ok {
		return ""
	}
	if !IsToken(s, false) {
		o.Fail(key, "%s is not a valid id; %s", yamltext.Quote(s), tokenRule)
		return ""
	}
	return s
}

const tokenRule = "an id has at most 64 of the characters a-z, 0-9, '-', '_' and '.', and begins with a letter or digit"

// Tokens reads a list of ids, each once.
func (o *Object) Tokens(key string) []string {
	var ids []string
	for _, entry := range o.Items(key, document.MaxList) {
		s, ok := yamltext.Of(entry.Node)
		switch {
		case !ok:
			entry.Fail("this must be an id, not %s", yamltext.Kind(entry.Node))
		case !IsToken(s, false):
			entry.Fail("%s is not a valid id; %s", yamltext.Quote(s), tokenRule)
		default:
			ids = append(ids, s)
		}
	}
	o.Unique(key, ids)
	return ids
}

// Unique reports values of a list that come twice.
func (o *Object) Unique(key string, values []string) {
	seen := map[string]bool{}
	for _, value := range values {
		if seen[value] {
			o.Fail(key, "%s is in the list twice; name it once", yamltext.Quote(value))
		}
		seen[value] = true
	}
}

// IsToken reports whether s is an id, or, where capitals are allowed, the
// version of a declaration.
func IsToken(s string, capitals bool) bool {
	if s == "" || len(s) > MaxToken {
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

// Email reads an address and returns its exact form.
func (o *Object) Email(key string) string {
	s, ok := o.Text(key, MaxLine)
	if !ok {
		return ""
	}
	parsed, err := address.Parse(s)
	if err != nil {
		o.Fail(key, "this is not a valid e-mail address: %s", err)
		return ""
	}
	return parsed.Exact()
}

// Emails reads a list of at most limit addresses, each once, and returns their exact forms.
func (o *Object) Emails(key string, limit int) []string {
	var list []string
	for _, entry := range o.Items(key, limit) {
		s, ok := yamltext.Of(entry.Node)
		parsed, err := address.Parse(strings.TrimSpace(s))
		switch {
		case !ok:
			entry.Fail("this must be an e-mail address, not %s", yamltext.Kind(entry.Node))
		case err != nil:
			entry.Fail("this is not a valid e-mail address: %s", err)
		default:
			list = append(list, parsed.Exact())
		}
	}
	o.Unique(key, list)
	return list
}

// WebAddress reads an absolute URL that a person can open.
func (o *Object) WebAddress(key string) string {
	s := o.Line(key, maxURL)
	if s == "" {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || u.User != nil || strings.Contains(s, " ") {
		o.Fail(key, "this is not a valid web address; it must start with https:// and a host, without a user name")
		return ""
	}
	return s
}

// Language reads a language tag of BCP 47.
func (o *Object) Language(key string) string {
	s, ok := o.Text(key, MaxLine)
	if !ok {
		return ""
	}
	if _, err := language.Parse(s); err != nil {
		o.Fail(key, "%s is not a language tag; write a tag such as de or en-GB", yamltext.Quote(s))
		return ""
	}
	return s
}

// Country reads the code of a country.
func (o *Object) Country(key string) string {
	s, ok := o.Text(key, MaxLine)
	if !ok {
		return ""
	}
	region, err := language.ParseRegion(s)
	if err != nil || region.String() != s || !region.IsCountry() || region.Canonicalize() != region {
		o.Fail(key, "%s is not the code of a country; write the two capitals of ISO 3166-1, such as AT or GB", yamltext.Quote(s))
		return ""
	}
	return s
}

// OneOf reads a value of a closed set. It is empty when missing or wrong.
func OneOf[T ~string](o *Object, key string, allowed ...T) T {
	if !o.Has(key) {
		return ""
	}
	s, ok := yamltext.Of(o.fields[key])
	for _, value := range allowed {
		if ok && T(s) == value {
			return value
		}
	}
	names := make([]string, len(allowed))
	for i, value := range allowed {
		names[i] = string(value)
	}
	o.Fail(key, "%s is not allowed; use %s%s", Shown(o.fields[key]), Alternatives(allowed), nearest.Hint(s, names))
	return ""
}

// Shown returns how a message shows a node: its text, or what it is.
func Shown(node ast.Node) string {
	if s, ok := yamltext.Of(node); ok {
		return yamltext.Quote(s)
	}
	return yamltext.Kind(node)
}

// Alternatives joins values for a message, such as "a, b or c".
func Alternatives[T ~string](values []T) string {
	words := make([]string, len(values))
	for i, value := range values {
		words[i] = string(value)
	}
	if len(words) == 1 {
		return words[0]
	}
	return fmt.Sprintf("%s or %s", strings.Join(words[:len(words)-1], ", "), words[len(words)-1])
}
