// Package paper is a document that is made to be printed: headings, paragraphs, lists and tables, and its form as one page of HTML. What
// makes another form of it reads the same blocks, so that the forms say the same.
package paper

import "time"

// Paper is a document in one language.
type Paper struct {
	Language string // BCP 47
	Title    string
	Subtitle string
	Made     time.Time
	Page, Of string // the words of the number of a page: page, of
	// Codes says what [U+1F600] stands for, for a form that cannot show every character.
	Codes  string
	Blocks []Block
}

// Kind is what a block is.
type Kind string

// The kinds of blocks.
const (
	Section   Kind = "section" // a heading
	Heading   Kind = "heading" // below a section
	Paragraph Kind = "paragraph"
	Lead      Kind = "lead"  // a paragraph that stays with what follows
	Small     Kind = "small" // a paragraph in small letters
	Summary   Kind = "summary"
	List      Kind = "list"
	Quote     Kind = "quote" // lines stay as they are
	Code      Kind = "code"  // likewise
	Table     Kind = "table"
	Facts     Kind = "facts" // a table of two columns without a head: labels and values
)

// Block is a part of a paper from top to bottom.
type Block struct {
	Kind     Kind
	Text     string
	Label    string // of a summary: what stands before it
	Aside    string // of a heading: what stands after it in small letters
	Language string // of a quote, where it is not that of the paper
	Items    []string
	Columns  []Column
	Rows     [][]Cell
}

// Column is a column of a table.
type Column struct {
	Name  string
	Width int // in percent; 0: an equal share of what is left
}

// Cell is a cell of a table: lines, and below them fields.
type Cell struct {
	Lines  []Line
	Fields []Field
}

// Style is how a line looks.
type Style string

// The styles of a line.
const (
	Plain  Style = ""
	Strong Style = "strong"
	Minor  Style = "minor" // in small letters
)

// Line is a line of a cell. It is as long as its text; a form breaks it where there is no room.
type Line struct {
	Text  string
	Style Style
}

// Field is a label with a value, in small letters.
type Field struct{ Label, Text string }

// Text returns a cell of one line.
func Text(text string) Cell { return Cell{Lines: []Line{{Text: text}}} }

// AddLine adds a line to a cell, unless it is empty.
func (c *Cell) AddLine(style Style, text string) {
	if text != "" {
		c.Lines = append(c.Lines, Line{Text: text, Style: style})
	}
}

// Texts returns every text of the paper, from top to bottom.
func (p *Paper) Texts() []string {
	list := []string{p.Title, p.Subtitle}
	for i := range p.Blocks {
		b := &p.Blocks[i]
		list = append(list, b.Label, b.Text, b.Aside)
		list = append(list, b.Items...)
		for _, column := range b.Columns {
			list = append(list, column.Name)
		}
		for _, row := range b.Rows {
			for j := range row {
				for _, line := range row[j].Lines {
					list = append(list, line.Text)
				}
				for _, field := range row[j].Fields {
					list = append(list, field.Label, field.Text)
				}
			}
		}
	}
	return list
}
