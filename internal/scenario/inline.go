package scenario

import (
	"bytes"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/assent-io/assent/internal/catalog"
)

// inline reads a catalog that stands in the scenario itself. Its text is cut out of the file, so that the catalog is read by
// the same rules as any other, and its problems have the lines of the file.
func (c *catalogs) inline(o *object, later []*ast.DocumentNode) (*catalog.Catalog, []byte) {
	mapping, ok := o.fields["catalog"].(*ast.MappingNode)
	if !ok {
		return nil, nil
	}
	lines := strings.Split(string(c.data), "\n")
	var text []string
	first := lineOf(mapping)
	if mapping.IsFlowStyle {
		text = cutFlow(lines, mapping)
	} else {
		text = cutBlock(lines[first-1:c.end(o, first, len(lines), later)], mapping.Values[0].Key.GetToken().Position.Column)
	}
	body := strings.TrimRight(strings.Join(text, "\n"), "\n") + "\n"
	parsed := c.parse(c.d.file, append(bytes.Repeat([]byte("\n"), first-1), body...), first)
	return parsed, []byte(body)
}

// end returns the last line of a block that begins at first: up to the next key of the scenario, or to the next document.
func (c *catalogs) end(o *object, first, last int, later []*ast.DocumentNode) int {
	for _, line := range o.lines {
		if line > first {
			last = min(last, line-1)
		}
	}
	if len(later) > 0 && later[0].Start != nil {
		last = min(last, later[0].Start.Position.Line-1)
	}
	return last
}

// cutBlock takes the indentation off lines of a block with keys at the column.
func cutBlock(lines []string, column int) []string {
	text := make([]string, len(lines))
	for i, line := range lines {
		indented := len(line) - len(strings.TrimLeft(line, " "))
		text[i] = line[min(indented, column-1):]
	}
	return text
}

// cutFlow cuts a mapping in braces out of the lines.
func cutFlow(lines []string, mapping *ast.MappingNode) []string {
	start, end := mapping.Start.Position, mapping.End.Position
	text := append([]string{}, lines[start.Line-1:end.Line]...)
	final := []rune(text[len(text)-1])
	text[len(text)-1] = string(final[:min(end.Column, len(final))])
	opening := []rune(text[0])
	text[0] = string(opening[min(start.Column-1, len(opening)):])
	return text
}
