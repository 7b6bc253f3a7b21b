package recipient

import (
	_ "embed"
	"html/template"
	"net/http"
	"strings"

	"golang.org/x/text/language"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/web/page"
)

//go:embed frame.html
var frameText string

//go:embed page.html
var pageText string

//go:embed confirm.html
var confirmText string

//go:embed note.html
var noteText string

// pages are the pages in one language.
type pages struct {
	lang                 locale.Language
	page, confirm, noted *page.Page
}

func newPages(lang locale.Language) (*pages, error) {
	layout, err := page.NewPersonalLayout(lang.Tag(), template.FuncMap{"t": func(key string) string { return locale.Get(key).In(lang) }})
	if err != nil {
		return nil, err
	}
	p := &pages{lang: lang}
	for _, part := range []struct {
		into **page.Page
		text string
	}{{&p.page, pageText}, {&p.confirm, confirmText}, {&p.noted, noteText}} {
		if *part.into, err = layout.NewPage(frameText + part.text); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// languages finds the language of a page.
type languages struct{ matcher language.Matcher }

func newLanguages() languages {
	return languages{language.NewMatcher([]language.Tag{language.English, language.German})}
}

// maxLanguages is how much of the header Accept-Language is read, in bytes.
const maxLanguages = 256

// of returns the language that the address of the page asks for by lang; else the one that the browser asks for, English unless another one
// fits.
func (l languages) of(r *http.Request) locale.Language {
	for _, lang := range []locale.Language{locale.English, locale.German} {
		if r.URL.Query().Get("lang") == lang.Tag() {
			return lang
		}
	}
	header := r.Header.Get("Accept-Language")
	if len(header) > maxLanguages {
		header = header[:strings.LastIndexByte(header[:maxLanguages], ',')+1]
	}
	wanted, _, err := language.ParseAcceptLanguage(strings.TrimSuffix(header, ","))
	if err != nil {
		return locale.English
	}
	if _, index, _ := l.matcher.Match(wanted...); index == 1 {
		return locale.German
	}
	return locale.English
}

// frame is what all pages show.
type frame struct {
	Controller string
	Other      otherLanguage
	Contact    *contact
	Said       *said
}

// otherLanguage is the language that a page has besides, with its own name.
type otherLanguage struct{ Tag, Name string }

// contact is who answers for the messages.
type contact struct{ Name, Address, Imprint, Privacy, Officer string }

// said answers an act.
type said struct{ Kind, Title, Text string }

// button is a form with one button.
type button struct {
	Action, Channel, Text string
	Quiet                 bool
}

func (p *pages) frame(of *catalog.Controller) frame {
	f := frame{Other: otherLanguage{Tag: "de", Name: "Deutsch"}}
	if p.lang == locale.German {
		f.Other = otherLanguage{Tag: "en", Name: "English"}
	}
	if of != nil {
		f.Controller = of.Name
		f.Contact = &contact{Name: of.Name, Address: of.PostalAddress, Imprint: of.ImprintURL, Privacy: of.PrivacyURL, Officer: of.PrivacyContact}
	}
	return f
}

// say returns the answer to an act: a title and, where there is one, a text.
func (p *pages) say(kind string, title, text locale.Text) *said {
	return &said{Kind: kind, Title: title.In(p.lang), Text: text.In(p.lang)}
}

// note answers with a page that says one thing.
func (p *pages) note(w http.ResponseWriter, code int, title, text locale.Text) {
	p.noted.Write(w, code, struct {
		frame

		Title, Text string
	}{p.frame(nil), title.In(p.lang), text.In(p.lang)})
}

// in returns the name of something in a language.
func in(name catalog.LocalName, lang locale.Language) string {
	return locale.Text{EN: name.EN, DE: name.DE}.In(lang)
}
