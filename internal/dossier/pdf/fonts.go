package pdf

import (
	"fmt"
	"strings"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"
)

// family is what the fonts are called in the file.
const family = "Go"

// style is how a line looks.
type style struct {
	size float64 // in points
	bold bool
	grey bool
}

const millimetresPerPoint = 25.4 / 72

// height is from one line to the next.
func (s style) height() float64 { return s.size * millimetresPerPoint * 1.38 }

// ascent is from the top of a line to where its letters stand.
func (s style) ascent() float64 { return s.size * millimetresPerPoint * 1.05 }

// fonts measure texts and write what they lack in another way.
type fonts struct {
	regular, bold *face
	coded         bool // a character was written as its number
}

// face is one of the fonts.
type face struct {
	font   *sfnt.Font
	buffer sfnt.Buffer
	widths map[rune]float64 // for letters of one point, in millimetres; a negative one: the font lacks the character
}

func newFonts() (*fonts, error) {
	regular, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		return nil, fmt.Errorf("read the regular font: %w", err)
	}
	bold, err := sfnt.Parse(gobold.TTF)
	if err != nil {
		return nil, fmt.Errorf("read the bold font: %w", err)
	}
	return &fonts{regular: &face{font: regular, widths: map[rune]float64{}}, bold: &face{font: bold, widths: map[rune]float64{}}}, nil
}

// addTo embeds the fonts in a file.
func (f *fonts) addTo(file *fpdf.Fpdf) {
	file.AddUTF8FontFromBytes(family, "", goregular.TTF)
	file.AddUTF8FontFromBytes(family, "B", gobold.TTF)
}

// use makes a file write in the style.
func (f *fonts) use(file *fpdf.Fpdf, s style) {
	weight, grey := "", 26
	if s.bold {
		weight = "B"
	}
	if s.grey {
		grey = 85
	}
	file.SetFont(family, weight, s.size)
	file.SetTextColor(grey, grey, grey)
}

func (f *fonts) of(s style) *face {
	if s.bold {
		return f.bold
	}
	return f.regular
}

// advance returns the width of a character, or less than nothing where the font lacks it.
func (c *face) advance(r rune) float64 {
	if width, known := c.widths[r]; known {
		return width
	}
	width := -1.0
	// A file names the characters by 16 bits.
	if index, err := c.font.GlyphIndex(&c.buffer, r); err == nil && index != 0 && r <= 0xffff {
		units := fixed.I(int(c.font.UnitsPerEm()))
		if advance, err := c.font.GlyphAdvance(&c.buffer, index, units, font.HintingNone); err == nil {
			width = float64(advance) / float64(units) * millimetresPerPoint
		}
	}
	c.widths[r] = width
	return width
}

// width returns the width of a text that the font has.
func (f *fonts) width(text string, s style) float64 {
	face, sum := f.of(s), 0.0
	for _, r := range text {
		sum += max(face.advance(r), 0)
	}
	return sum * s.size
}

// shown returns a text as the file can show it, so that nothing is lost and nothing can hide: characters that the font lacks, and those
// that show nothing or change the direction of a line, become their number. Line feeds stay, other space is a space.
func (f *fonts) shown(text string, s style) string {
	var b strings.Builder
	face := f.of(s)
	for _, r := range norm.NFC.String(strings.ReplaceAll(text, "\r\n", "\n")) {
		switch {
		case r == '\n':
			b.WriteRune(r)
		case r == '\t', r == ' ', r == '\u00a0':
			b.WriteByte(' ')
		case !unicode.IsPrint(r), face.advance(r) < 0:
			f.coded = true
			fmt.Fprintf(&b, "[U+%04X]", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// wrap returns a text as lines that are not wider than the width.
func (f *fonts) wrap(text string, s style, width float64) []string {
	return f.wrapAfter(text, s, 0, width)
}

// wrapAfter is wrap for a text whose first line has something before it. Lines break at spaces, which stay at their ends, and a word that is wider than
// a line breaks where the line ends.
func (f *fonts) wrapAfter(text string, s style, before, width float64) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(f.shown(text, s), "\n") {
		line, used := strings.Builder{}, before
		before = 0
		for word := range strings.SplitAfterSeq(paragraph, " ") {
			long := f.width(strings.TrimRight(word, " "), s)
			if used > 0 && used+long > width {
				lines = append(lines, line.String())
				line.Reset()
				used = 0
			}
			if long <= width {
				line.WriteString(word)
				used += f.width(word, s)
				continue
			}
			for _, r := range word {
				one := f.of(s).advance(r) * s.size
				if used > 0 && used+one > width {
					lines = append(lines, line.String())
					line.Reset()
					used = 0
				}
				line.WriteRune(r)
				used += one
			}
		}
		lines = append(lines, line.String())
	}
	return lines
}

// trimLineEnd takes the line feeds from the end of a text.
func trimLineEnd(text string) string { return strings.TrimRight(text, "\r\n") }
