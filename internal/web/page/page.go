// Package page writes the HTML pages of a server: one layout and one style for all, which come from nowhere else. A page has no script,
// and its headers keep a browser from loading anything, from framing it, and from telling other sites where it was.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

//go:embed layout.html
var layout string

//go:embed personal.html
var personal string

//go:embed style.css
var style string

// Layout is what pages have in common. It holds the parts that a page fills in as templates of the names "title" and "content".
type Layout struct {
	base   *template.Template
	policy string
}

// NewLayout returns the layout of pages for developers, which are in English.
func NewLayout() (*Layout, error) { return newLayout(layout, nil) }

// NewPersonalLayout returns the layout of pages for persons who know nothing of the program, in the language with the tag, which is written in
// the direction ltr or rtl. A page has the templates "title", "header", "content" and "footer". The functions are there besides those of the
// layout.
func NewPersonalLayout(lang, direction string, functions template.FuncMap) (*Layout, error) {
	all := template.FuncMap{"lang": func() string { return lang }, "direction": func() string { return direction }}
	maps.Copy(all, functions)
	return newLayout(personal, all)
}

func newLayout(text string, functions template.FuncMap) (*Layout, error) {
	base, err := template.New("layout").Funcs(functions).Funcs(template.FuncMap{
		"style": func() template.CSS { return template.CSS(style) }, //nolint:gosec // The style is part of the program.
		"prose": prose,
	}).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("parse the layout of pages: %w", err)
	}
	sum := sha256.Sum256([]byte(style))
	return &Layout{base: base, policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"}, nil
}

// Page is a page in the layout.
type Page struct {
	layout *Layout
	page   *template.Template
}

// NewPage returns the page made of the templates in the text.
func (l *Layout) NewPage(text string) (*Page, error) {
	base, err := l.base.Clone()
	if err != nil {
		return nil, err
	}
	page, err := base.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("parse a page: %w", err)
	}
	return &Page{layout: l, page: page}, nil
}

// Write answers with the page, filled with the data.
func (p *Page) Write(w http.ResponseWriter, code int, data any) {
	var out bytes.Buffer
	if err := p.page.Execute(&out, data); err != nil {
		http.Error(w, "the page could not be written", http.StatusInternalServerError)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Length", strconv.Itoa(out.Len()))
	header.Set("Content-Security-Policy", p.layout.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = w.Write(out.Bytes()) // A caller that went away misses its answer.
}

// prose returns a text as paragraphs, in which `words` between backticks are code.
func prose(text string) template.HTML {
	var out strings.Builder
	for paragraph := range strings.SplitSeq(text, "\n\n") {
		if paragraph = strings.TrimSpace(paragraph); paragraph == "" {
			continue
		}
		out.WriteString("<p>")
		for i, part := range strings.Split(paragraph, "`") {
			escaped := template.HTMLEscapeString(part)
			if i%2 == 1 {
				escaped = "<code>" + escaped + "</code>"
			}
			out.WriteString(escaped)
		}
		out.WriteString("</p>")
	}
	return template.HTML(out.String()) //nolint:gosec // All parts of the text were escaped.
}
