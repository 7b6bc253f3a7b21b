// Package translation holds the texts of the pages of recipients: those of the program, in English and German, and those that an administrator
// adds or puts in their place by files, one for each language.
package translation

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/locale"
)

// prefix is what the keys of these texts begin with in package locale. Files leave it out.
const prefix = "recipient."

// The texts that say something about their language.
const (
	keyLanguage = "recipient.language" // what the language is called in itself
	keyNames    = "recipient.names"    // in which language of the catalog channels and departments are named: en or de
	keyMonths   = "recipient.months"   // the names of the months, separated by commas
	keyDate     = "recipient.date"     // how a day is written
)

// Texts are the texts of the pages in one language.
type Texts struct {
	tag   language.Tag
	names locale.Language
	texts map[string]string // by the keys of package locale
}

// Values are what stands for the placeholders of a text, by their names without braces.
type Values map[string]string

// Tag returns the tag of the language (BCP 47), such as de or pt-BR.
func (t *Texts) Tag() string { return t.tag.String() }

// IsRightToLeft reports whether the language is written from right to left.
func (t *Texts) IsRightToLeft() bool {
	script, _ := t.tag.Script()
	return slices.Contains([]string{
		"Adlm", "Arab", "Aran", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Syre", "Syrj", "Syrn", "Thaa", "Yezi",
	}, script.String())
}

// Direction returns the value of the attribute dir: ltr or rtl.
func (t *Texts) Direction() string {
	if t.IsRightToLeft() {
		return "rtl"
	}
	return "ltr"
}

// Name returns what the language is called in itself, such as Deutsch.
func (t *Texts) Name() string { return t.texts[keyLanguage] }

// Get returns the text under a key of package locale that begins with recipient.; the key itself if there is none.
func (t *Texts) Get(key string) string {
	if text, ok := t.texts[key]; ok {
		return text
	}
	return key
}

// Fill returns the text under a key with values for its placeholders. Names and addresses are most often written from left to right: in a text
// that is not they are isolated (Unicode Standard Annex #9), so that signs around them stay in their places.
func (t *Texts) Fill(key string, values Values) string {
	const isolate, end = "\u2068", "\u2069"
	pairs := make([]string, 0, 2*len(values))
	for name, value := range values {
		if t.IsRightToLeft() {
			value = isolate + value + end
		}
		pairs = append(pairs, "{"+name+"}", value)
	}
	return strings.NewReplacer(pairs...).Replace(t.Get(key))
}

// Called returns the name of something in the catalog, in the language of NamesTag.
func (t *Texts) Called(name catalog.LocalName) string {
	return locale.Text{EN: name.EN, DE: name.DE}.In(t.names)
}

// NamesTag returns the tag of the language in which things of the catalog are named; empty if that is the language of the texts.
func (t *Texts) NamesTag() string {
	if base, _ := t.tag.Base(); base.String() == t.names.Tag() {
		return ""
	}
	return t.names.Tag()
}

// Day writes the day of a time, in the zone of the time.
func (t *Texts) Day(at time.Time) string {
	month := ""
	if names := months(t.texts[keyMonths]); len(names) == monthsOfYear {
		month = names[at.Month()-1]
	}
	return strings.NewReplacer("{day}", strconv.Itoa(at.Day()), "{month}", month, "{year}", strconv.Itoa(at.Year())).Replace(t.texts[keyDate])
}

const monthsOfYear = 12

// months returns the names in a list of months.
func months(list string) []string {
	names := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == '،' || r == '、' })
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return slices.DeleteFunc(names, func(name string) bool { return name == "" })
}

// Set are the texts in all languages of a server. It is safe for concurrent use.
type Set struct {
	all     []*Texts // English and German first, the others by their tags
	matcher language.Matcher
}

// BuiltIn returns the texts of the program: English and German.
func BuiltIn() *Set { return newSet(builtIn()) }

func builtIn() []*Texts { return []*Texts{ofLocale(locale.English), ofLocale(locale.German)} }

// ofLocale returns the texts of the program in one of its languages.
func ofLocale(lang locale.Language) *Texts {
	t := &Texts{tag: language.English, names: lang, texts: map[string]string{}}
	if lang == locale.German {
		t.tag = language.German
	}
	for _, key := range keys() {
		t.texts[key] = locale.Get(key).In(lang)
	}
	return t
}

// keys returns the keys of the texts of the pages, sorted.
func keys() []string {
	return slices.DeleteFunc(locale.Keys(), func(key string) bool { return !strings.HasPrefix(key, prefix) })
}

func newSet(all []*Texts) *Set {
	tags := make([]language.Tag, len(all))
	for i, t := range all {
		tags[i] = t.tag
	}
	return &Set{all: all, matcher: language.NewMatcher(tags)}
}

// All returns the texts in each language: English, German, and the others by their tags.
func (s *Set) All() []*Texts { return s.all }

// maxHeader is how much of the header Accept-Language is read, in bytes.
const maxHeader = 256

// Match returns the texts in the language with the tag asked, as [Texts.Tag] writes it; where there is none, those that fit a header
// Accept-Language best, which are the English ones if nothing does.
func (s *Set) Match(asked, header string) *Texts {
	for _, t := range s.all {
		if t.Tag() == asked {
			return t
		}
	}
	if len(header) > maxHeader {
		header = header[:strings.LastIndexByte(header[:maxHeader], ',')+1]
	}
	wanted, _, err := language.ParseAcceptLanguage(strings.TrimSuffix(header, ","))
	if err != nil {
		return s.all[0]
	}
	_, index, _ := s.matcher.Match(wanted...)
	return s.all[index]
}
