package catalog

import (
	"errors"
	"strings"
	"unicode"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog/lookalike"
	"github.com/assent-io/assent/internal/catalog/yamlread"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/yamltext"
)

const (
	maxName    = 120    // octets of a name that people see
	maxPattern = 200    // octets of a reference pattern
	maxProse   = 32_768 // octets of a declaration's text
)

// localName reads a name in English and German.
func localName(o *yamlread.Object, key string) LocalName { return localText(o, key, maxName) }

// localText reads a line in English and German; neither when the key is missing.
func localText(o *yamlread.Object, key string, limit int) LocalName {
	texts := o.Child(key, "en", "de")
	if texts == nil {
		return LocalName{}
	}
	texts.Require("en", "de")
	return LocalName{EN: texts.Line("en", limit), DE: texts.Line("de", limit)}
}

// genericWords reads a list of words, each once.
func genericWords(o *yamlread.Object, key string) []string {
	var list []string
	for _, entry := range o.Items(key, maxList) {
		s, ok := yamltext.Of(entry.Node)
		s = strings.TrimSpace(s)
		switch {
		case !ok:
			entry.Fail("%s stands where a word belongs", yamltext.Kind(entry.Node))
		case len(s) > yamlread.MaxToken || strings.ContainsFunc(s, yamlread.IsInvisible) || strings.ContainsFunc(s, unicode.IsSpace) || !lookalike.HasWord(s):
			entry.Fail("%s is no word; write one word of at most %d octets, without spaces", yamltext.Quote(s), yamlread.MaxToken)
		default:
			list = append(list, s)
		}
	}
	o.Unique(key, list)
	return list
}

// withinYear reads a calendar period longer than nothing, which does not wait for
// the end of a year. A missing key gives the default.
func withinYear(o *yamlread.Object, key string, byDefault period.Period) period.Period {
	p := o.Period(key, byDefault)
	if p.EndsWithYear() {
		o.Fail(key, "%s ends with the year, which only claims_period and the periods of retention may; write it without %s",
			yamltext.Quote(p.String()), period.YearEnd)
		return byDefault
	}
	return p
}

// periodOfKeeping reads how long something is kept, which may end with a year
// (German civil code, section 199). A missing key gives none.
func periodOfKeeping(o *yamlread.Object, key string) period.Period {
	return o.Period(key, period.Period{})
}

// IsID reports whether s may be the id of anything in a catalog.
func IsID(s string) bool { return yamlread.IsToken(s, false) }

// isVersion reports whether s may be the version of a declaration. One that
// reads like a domain may not: with the id before it, it would be an address,
// and references stand in clear for ever.
func isVersion(s string) bool {
	if !yamlread.IsToken(s, true) {
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
	if !found || !yamlread.IsToken(id, false) || !isVersion(version) {
		return "", "", errors.New("a declaration is given as id@version, such as newsletter-signup@2026-01")
	}
	return id, version, nil
}
