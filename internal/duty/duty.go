// Package duty writes the documents that a company owes to authorities and courts: the record of its processing (GDPR Art. 30), the
// documentation of a consent with its uses (UWG section 7a), and the sheet of a personal-data breach (GDPR Art. 33).
//
// Each document is a struct whose texts are written in one language already, so that its JSON and its page say the same. What the program
// cannot know is left to be filled in by hand, and the page says so.
package duty

import (
	"bytes"
	_ "embed" // For the pages.
	"fmt"
	"html/template"
	"time"

	"github.com/assent-io/assent/internal/locale"
)

//go:embed layout.html
var layout string

// writePage fills the template of a document in the layout that all documents share.
func writePage(lang locale.Language, content string, document any) ([]byte, error) {
	parsed, err := template.New("layout").Funcs(template.FuncMap{
		"t": func(key string) (string, error) {
			text, ok := locale.Find(key)
			if !ok {
				return "", fmt.Errorf("the template has no text for %q", key)
			}
			return text.In(lang), nil
		},
		"day":  func(at time.Time) string { return dayOf(at).In(lang) },
		"time": func(at time.Time) string { return timeOf(at).In(lang) },
	}).Parse(layout)
	if err != nil {
		return nil, fmt.Errorf("read the layout of documents: %w", err)
	}
	if parsed, err = parsed.Parse(content); err != nil {
		return nil, fmt.Errorf("read the page of a document: %w", err)
	}
	var b bytes.Buffer
	if err := parsed.Execute(&b, document); err != nil {
		return nil, fmt.Errorf("write a document as HTML: %w", err)
	}
	return b.Bytes(), nil
}

// dayOf writes the day of a time in UTC as people write it; nothing for the zero time.
func dayOf(at time.Time) locale.Text { return writtenTime("time.day", at) }

// timeOf writes a time in UTC as people write it, with the zone; nothing for the zero time.
func timeOf(at time.Time) locale.Text { return writtenTime("duty.time", at) }

func writtenTime(key string, at time.Time) locale.Text {
	if at.IsZero() {
		return locale.Text{}
	}
	pattern := locale.Get(key)
	return locale.Text{EN: at.UTC().Format(pattern.EN), DE: at.UTC().Format(pattern.DE)}
}

// inLanguage returns the texts in a language.
func inLanguage(lang locale.Language, texts ...locale.Text) []string {
	list := make([]string, len(texts))
	for i := range texts {
		list[i] = texts[i].In(lang)
	}
	return list
}
