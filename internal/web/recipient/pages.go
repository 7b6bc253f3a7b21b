package recipient

import (
	_ "embed"
	"html/template"
	"net/http"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/web/page"
	"github.com/assent-io/assent/internal/web/translation"
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
	texts                *translation.Texts
	others               []*translation.Texts // the languages that the pages have besides
	page, confirm, noted *page.Page
}

func newPages(texts *translation.Texts, all []*translation.Texts) (*pages, error) {
	layout, err := page.NewPersonalLayout(texts.Tag(), texts.Direction(), template.FuncMap{"t": texts.Get, "names": texts.NamesTag})
	if err != nil {
		return nil, err
	}
	p := &pages{texts: texts}
	for _, other := range all {
		if other != texts {
			p.others = append(p.others, other)
		}
	}
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

// in returns the pages in the language that their address asks for by lang; else in the one that the browser asks for, English unless another one
// fits.
func (h *Handler) in(r *http.Request) *pages {
	return h.pages[h.opts.Texts.Match(r.URL.Query().Get("lang"), r.Header.Get("Accept-Language"))]
}

// frame is what all pages show.
type frame struct {
	Controller string
	Others     []*translation.Texts // the languages that the page has besides
	Contact    *contact
	Said       *said
}

// contact is who answers for the messages.
type contact struct{ Name, Address, Imprint, Privacy, Officer string }

// said answers an act.
type said struct {
	Kind, Title        string
	Number, Text, Note string // empty: there is none
}

// button is a form with one button.
type button struct {
	Action, Channel, Text string
	Quiet                 bool
}

func (p *pages) frame(of *catalog.Controller) frame {
	f := frame{Others: p.others}
	if of != nil {
		f.Controller = of.Name
		f.Contact = &contact{Name: of.Name, Address: of.PostalAddress, Imprint: of.ImprintURL, Privacy: of.PrivacyURL, Officer: of.PrivacyContact}
	}
	return f
}

// say returns the answer to an act: a title and, where there is one, a text.
func (p *pages) say(kind, title, text string) *said {
	return &said{Kind: kind, Title: title, Text: text}
}

// note answers with a page that says one thing.
func (p *pages) note(w http.ResponseWriter, code int, title, text string) {
	p.noted.Write(w, code, struct {
		frame

		Title, Text string
	}{p.frame(nil), title, text})
}
