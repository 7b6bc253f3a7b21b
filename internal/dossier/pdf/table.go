package pdf

import (
	"github.com/assent-io/assent/internal/dossier/paper"
)

// gap is between two columns, padding above and below a row.
const (
	gap     = 3.0
	padding = 1.2
)

// piece is a line of a cell, where it stands in the cell.
type piece struct {
	x, y float64
	text string
	s    style
}

// cell is what a cell has, from top to bottom.
type cell struct {
	x      float64 // on the page
	pieces []piece
	height float64
}

// facts writes labels and values.
func (w *writer) facts(b *paper.Block) {
	first := bodyWidth * 0.32
	for _, row := range b.Rows {
		cells := make([]cell, 0, len(row))
		for i := range row {
			x, width := left, first-gap
			if i > 0 {
				x, width = left+first, bodyWidth-first
			}
			cells = append(cells, w.layOut(&row[i], x, width, i == 0))
		}
		w.row(cells, nil)
	}
	w.y += 2.5
}

// table writes a table, and its head on every page anew.
func (w *writer) table(b *paper.Block) {
	widths := columnWidths(b.Columns)
	head := w.headOf(b, widths)
	w.head(head)
	for _, row := range b.Rows {
		w.row(w.rowOf(row, widths), head)
	}
	w.y += 2.5
}

// beginOfTable returns the height of a head with the first row.
func (w *writer) beginOfTable(b *paper.Block) float64 {
	widths := columnWidths(b.Columns)
	height := tallest(w.headOf(b, widths)) + 4*padding
	if len(b.Rows) > 0 {
		height += tallest(w.rowOf(b.Rows[0], widths))
	}
	return height
}

func (w *writer) headOf(b *paper.Block, widths []float64) []cell {
	names := make([]paper.Cell, len(b.Columns))
	for i := range b.Columns {
		names[i].AddLine(paper.Strong, b.Columns[i].Name)
	}
	return w.rowOf(names, widths)
}

func (w *writer) rowOf(row []paper.Cell, widths []float64) []cell {
	cells, x := make([]cell, len(row)), left
	for i := range row {
		cells[i] = w.layOut(&row[i], x, widths[i]-gap, false)
		x += widths[i]
	}
	return cells
}

// columnWidths returns the widths in millimetres.
func columnWidths(columns []paper.Column) []float64 {
	rest, shares := 100, 0
	for _, c := range columns {
		rest -= c.Width
		if c.Width == 0 {
			shares++
		}
	}
	widths := make([]float64, len(columns))
	for i, c := range columns {
		percent := float64(c.Width)
		if c.Width == 0 {
			percent = float64(rest) / float64(shares)
		}
		widths[i] = bodyWidth * percent / 100
	}
	return widths
}

// layOut breaks a cell into lines of the width.
func (w *writer) layOut(c *paper.Cell, x, width float64, label bool) cell {
	out := cell{x: x}
	for _, line := range c.Lines {
		s := style{size: sizeText, bold: line.Style == paper.Strong, grey: label}
		if line.Style == paper.Minor {
			s = style{size: sizeMinor, grey: true}
		}
		out.height = out.put(w.fonts.wrap(line.Text, s, width), s, 0, out.height)
	}
	s := style{size: sizeMinor}
	labels := s
	labels.grey = true
	labelWidth := min(width*0.36, 34)
	for i, field := range c.Fields {
		if i == 0 {
			out.height++
		}
		begin := out.height
		end := out.put(w.fonts.wrap(field.Label, labels, labelWidth-2), labels, 0, begin)
		out.height = max(end, out.put(w.fonts.wrap(field.Text, s, width-labelWidth), s, labelWidth, begin))
	}
	return out
}

// put adds lines from a height on, and returns the height below them.
func (c *cell) put(lines []string, s style, x, y float64) float64 {
	for _, line := range lines {
		c.pieces = append(c.pieces, piece{x: x, y: y, text: line, s: s})
		y += s.height()
	}
	return y
}

// head writes the head of a table.
func (w *writer) head(cells []cell) {
	w.segment(cells, tallest(cells))
	w.rule(0.3, 26)
}

// row writes a row. One that has no room goes to the next page; one that is longer than a page goes on there.
func (w *writer) row(cells, head []cell) {
	whole := bodyBottom - top - tallest(head) - 4*padding
	if height := tallest(cells); height <= whole {
		if w.y+height+2*padding > bodyBottom && w.y > top {
			w.nextPage(head)
		}
		w.segment(cells, height)
		w.rule(0.2, 208)
		return
	}
	if w.y+reserve > bodyBottom {
		w.nextPage(head)
	}
	for {
		room := bodyBottom - w.y - 2*padding
		rest := make([]cell, len(cells))
		more := false
		for i := range cells {
			cells[i], rest[i] = cells[i].cut(room)
			more = more || len(rest[i].pieces) > 0
		}
		w.segment(cells, tallest(cells))
		w.rule(0.2, 208)
		if !more {
			return
		}
		cells = rest
		w.nextPage(head)
	}
}

func (w *writer) nextPage(head []cell) {
	w.addPage()
	if head != nil {
		w.head(head)
	}
}

// segment writes what fits on a page, cell by cell, so that whoever copies it gets the text of each cell in one piece.
func (w *writer) segment(cells []cell, height float64) {
	for i := range cells {
		for _, p := range cells[i].pieces {
			w.text(cells[i].x+p.x, w.y+padding+p.y, p.text, p.s)
		}
	}
	w.y += height + 2*padding
}

// cut returns the part of a cell that has room, and the rest, which begins at the top.
func (c *cell) cut(room float64) (fits, rest cell) {
	fits.x, rest.x = c.x, c.x
	begin := -1.0
	for _, p := range c.pieces {
		below := p.y + p.s.height()
		if begin < 0 && below > room {
			begin = p.y
		}
		// The value of a field stands beside its label, and may begin above where the cell is cut.
		if begin >= 0 && p.y >= begin || below > room {
			p.y -= begin
			rest.pieces, rest.height = append(rest.pieces, p), max(rest.height, below-begin)
			continue
		}
		fits.pieces, fits.height = append(fits.pieces, p), max(fits.height, below)
	}
	return fits, rest
}

func tallest(cells []cell) float64 {
	height := 0.0
	for i := range cells {
		height = max(height, cells[i].height)
	}
	return height
}
