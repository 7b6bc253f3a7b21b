// Package pdf writes a paper as PDF: text that can be searched and copied, in the Go fonts, with page numbers and an outline. The same
// paper gives the same bytes.
package pdf

import (
	"bytes"
	"fmt"

	"codeberg.org/go-pdf/fpdf"

	"github.com/assent-io/assent/internal/dossier/paper"
)

// The page: A4, in millimetres.
const (
	pageWidth, pageHeight = 210.0, 297.0
	left, right           = 18.0, 18.0
	top, bottom           = 20.0, 22.0
	bodyWidth             = pageWidth - left - right
	bodyBottom            = pageHeight - bottom
)

// The sizes of letters, in points.
const (
	sizeTitle, sizeSection, sizeText, sizeMinor, sizeCode, sizeFoot = 18.0, 12.5, 10.0, 8.5, 7.5, 8.0
)

// reserve is how much room there must be for a row that is longer than a page to begin on a page.
const reserve = 30.0

// Write returns the paper as PDF.
func Write(p *paper.Paper) ([]byte, error) {
	fonts, err := newFonts()
	if err != nil {
		return nil, err
	}
	w := &writer{f: fpdf.New("P", "mm", "A4", ""), fonts: fonts}
	w.describe(p)
	w.addPage()
	w.paragraph(p.Title, style{size: sizeTitle, bold: true}, 0)
	w.paragraph(p.Subtitle, style{size: sizeText, grey: true}, 0)
	w.y += 1.5
	w.rule(0.5, 26)
	w.y += 4
	for i := range p.Blocks {
		w.need(w.together(p.Blocks[i:]))
		w.block(&p.Blocks[i])
	}
	if w.fonts.coded {
		w.y += 4
		w.paragraph(p.Codes, style{size: sizeMinor, grey: true}, 0)
	}
	w.writeFoot(p)
	var b bytes.Buffer
	if err := w.f.Output(&b); err != nil {
		return nil, fmt.Errorf("write a paper as PDF: %w", err)
	}
	return b.Bytes(), nil
}

// writer puts blocks on pages.
type writer struct {
	f     *fpdf.Fpdf
	fonts *fonts
	y     float64 // where the next line begins
}

// describe says what the file is. Everything in it follows from the paper, so that the same paper gives the same bytes.
func (w *writer) describe(p *paper.Paper) {
	w.f.SetCatalogSort(true)
	w.f.SetCreationDate(p.Made)
	w.f.SetModificationDate(p.Made)
	w.f.SetProducer("assent", true)
	w.f.SetTitle(p.Title, true)
	w.f.SetSubject(p.Subtitle, true)
	w.f.SetLang(p.Language)
	w.f.SetMargins(left, top, right)
	w.f.SetAutoPageBreak(false, 0)
	w.fonts.addTo(w.f)
}

func (w *writer) addPage() {
	w.f.AddPage()
	w.y = top
}

// need begins a new page unless there is room for the height. A page that is still empty has to do.
func (w *writer) need(height float64) {
	if w.y+height > bodyBottom && w.y > top {
		w.addPage()
	}
}

// together is the room that the first of the blocks needs with what must not part from it: a heading or a lead with what follows, and the head
// of a table with its first row.
func (w *writer) together(blocks []paper.Block) float64 {
	height := 0.0
	for i := range blocks {
		switch b := &blocks[i]; b.Kind {
		case paper.Section, paper.Heading, paper.Lead:
			height += float64(len(w.fonts.wrap(b.Text, style{size: sizeSection}, bodyWidth)))*style{size: sizeSection}.height() + 6
			continue
		case paper.Table:
			height += w.beginOfTable(b)
		default:
			height += 2 * style{size: sizeText}.height()
		}
		break
	}
	return min(height, 0.7*(bodyBottom-top))
}

// writeFoot writes title and number at the foot of every page, when it is known how many there are.
func (w *writer) writeFoot(p *paper.Paper) {
	s := style{size: sizeFoot, grey: true}
	for page := 1; page <= w.f.PageCount(); page++ {
		w.f.SetPage(page)
		number := fmt.Sprintf("%s %d %s %d", p.Page, page, p.Of, w.f.PageCount())
		w.text(left, pageHeight-12, p.Title, s)
		w.text(pageWidth-right-w.fonts.width(number, s), pageHeight-12, number, s)
	}
}

func (w *writer) block(b *paper.Block) {
	switch b.Kind {
	case paper.Section:
		w.y += 4
		w.heading(b, style{size: sizeSection, bold: true}, 0)
	case paper.Heading:
		w.y += 1.5
		w.heading(b, style{size: sizeText, bold: true}, 1)
	case paper.Small:
		w.paragraph(b.Text, style{size: sizeMinor, grey: true}, 0)
	case paper.Summary:
		w.summary(b)
	case paper.List:
		w.list(b.Items)
	case paper.Quote:
		w.quote(b.Text, style{size: sizeText})
	case paper.Code:
		w.quote(b.Text, style{size: sizeCode})
	case paper.Table:
		w.table(b)
	case paper.Facts:
		w.facts(b)
	default:
		w.paragraph(b.Text, style{size: sizeText}, 0)
	}
}

func (w *writer) heading(b *paper.Block, s style, level int) {
	text := w.fonts.shown(b.Text, s)
	w.fonts.use(w.f, s) // An outline is written in the encoding of the font that is in use.
	w.f.Bookmark(text, level, w.y)
	w.paragraph(b.Text, s, 0)
	if b.Aside != "" {
		w.paragraph(b.Aside, style{size: sizeMinor, grey: true}, 0)
	}
}

// paragraph writes a text, and leaves a gap below it. An indent moves it to the right.
func (w *writer) paragraph(text string, s style, indent float64) {
	for _, line := range w.fonts.wrap(text, s, bodyWidth-indent) {
		w.need(s.height())
		w.text(left+indent, w.y, line, s)
		w.y += s.height()
	}
	w.y += 1.5
}

// summary writes a text behind a label, on grey.
func (w *writer) summary(b *paper.Block) {
	const padding = 3.0
	plain, strong := style{size: sizeText}, style{size: sizeText, bold: true}
	label := w.fonts.shown(b.Label, strong) + " "
	begin := w.fonts.width(label, strong)
	lines := w.fonts.wrapAfter(b.Text, plain, begin, bodyWidth-2*padding)
	height := float64(len(lines))*plain.height() + 2*padding
	w.y++
	w.need(height)
	w.f.SetFillColor(245, 245, 245)
	w.f.Rect(left, w.y, bodyWidth, height, "F")
	w.text(left+padding, w.y+padding, label, strong)
	for i, line := range lines {
		x := left + padding
		if i == 0 {
			x += begin
		}
		w.text(x, w.y+padding+float64(i)*plain.height(), line, plain)
	}
	w.y += height + 3
}

func (w *writer) list(items []string) {
	s := style{size: sizeText}
	const indent = 5.0
	for _, item := range items {
		w.need(s.height())
		w.text(left+1, w.y, "•", s)
		w.paragraph(item, s, indent)
		w.y -= 0.7
	}
	w.y += 1.5
}

// quote writes a text line by line, on grey beside a bar.
func (w *writer) quote(text string, s style) {
	const indent = 4.0
	lines := w.fonts.wrap(trimLineEnd(text), s, bodyWidth-2*indent)
	for i, line := range lines {
		w.need(s.height())
		height := s.height()
		if i == len(lines)-1 {
			height++
		}
		w.f.SetFillColor(245, 245, 245)
		w.f.Rect(left, w.y, bodyWidth, height, "F")
		w.f.SetFillColor(150, 150, 150)
		w.f.Rect(left, w.y, 0.8, height, "F")
		w.text(left+indent, w.y+0.5, line, s)
		w.y += s.height()
	}
	w.y += 3.5
}

// rule draws a line over the width of the page.
func (w *writer) rule(width float64, grey int) {
	w.f.SetLineWidth(width)
	w.f.SetDrawColor(grey, grey, grey)
	w.f.Line(left, w.y, pageWidth-right, w.y)
}

// text writes a line whose letters begin at the top y. It must have been wrapped or shown by the fonts.
func (w *writer) text(x, y float64, line string, s style) {
	w.fonts.use(w.f, s)
	w.f.Text(x, y+s.ascent(), line)
}
