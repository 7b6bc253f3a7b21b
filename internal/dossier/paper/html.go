package paper

import (
	"bytes"
	_ "embed" // For the page.
	"fmt"
	"html/template"
)

//go:embed page.html
var page string

// HTML returns the paper as one page to read and print: no scripts, nothing from elsewhere.
func HTML(p *Paper) ([]byte, error) {
	parsed, err := template.New("page").Parse(page)
	if err != nil {
		return nil, fmt.Errorf("read the page of a paper: %w", err)
	}
	var b bytes.Buffer
	if err := parsed.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("write a paper as HTML: %w", err)
	}
	return b.Bytes(), nil
}
