package translation

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/token"
	"golang.org/x/text/language"

	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/yamltext"
)

// Parse reads the texts of a language from a file that is called name: a mapping of keys to texts, as [Document] writes it. The error joins all
// problems, each with the line and what would be right.
func Parse(name string, tag language.Tag, document []byte) (*Texts, error) {
	p := &reading{file: name, texts: map[string]string{}, lines: map[string]int{}}
	mapping := p.mapping(document)
	if mapping == nil {
		return nil, errors.Join(p.problems...)
	}
	p.read(mapping)
	t := &Texts{tag: tag, texts: p.texts}
	if base := builtInOf(tag); base != nil {
		t.texts = maps.Clone(base.texts)
		maps.Copy(t.texts, p.texts)
	} else {
		p.wantAll()
	}
	p.wantSense(t)
	p.wantApart(t)
	if len(p.problems) > 0 {
		return nil, errors.Join(p.problems...)
	}
	return t, nil
}

// builtInOf returns the texts of the program in a language; nil if it has none.
func builtInOf(tag language.Tag) *Texts {
	for _, t := range builtIn() {
		if t.tag == tag {
			return t
		}
	}
	return nil
}

// reading is one file on its way to texts.
type reading struct {
	file     string
	texts    map[string]string // by the keys of package locale
	lines    map[string]int    // where a key stands
	problems []error
}

// fail adds a problem; line 0 is the whole file.
func (p *reading) fail(line int, format string, args ...any) {
	where := p.file
	if line > 0 {
		where = fmt.Sprintf("%s:%d", p.file, line)
	}
	p.problems = append(p.problems, fmt.Errorf(where+": "+format, args...))
}

// mapping returns the mapping that the document is; nil if it is none, which is a problem then.
func (p *reading) mapping(document []byte) *ast.MappingNode {
	switch {
	case len(document) > maxFile:
		p.fail(0, "it has more than %d KiB", maxFile>>10)
		return nil
	case !utf8.Valid(document):
		p.fail(0, "it is not UTF-8; save it in that encoding")
		return nil
	}
	document = bytes.ReplaceAll(bytes.TrimPrefix(document, []byte("\ufeff")), []byte("\r\n"), []byte("\n"))
	tokens := lexer.Tokenize(string(document))
	if line := notFlat(tokens); line > 0 {
		p.fail(line, `only lines KEY: "TEXT" may stand here, without lists, anchors, tags and a mapping within`)
		return nil
	}
	file, line, message := yamltext.Parse(tokens)
	if message != "" {
		p.fail(line, "this is not valid YAML: %s", message)
		return nil
	}
	if len(file.Docs) == 1 {
		switch body := file.Docs[0].Body.(type) {
		case *ast.MappingNode:
			return body
		case *ast.MappingValueNode:
			return ast.Mapping(body.Start, false, body)
		}
	}
	p.fail(0, "it has to be one document with lines KEY: \"TEXT\"; `assent texts` prints one to begin from")
	return nil
}

// notFlat returns the line of the first token that a mapping of keys to texts has no use for; 0 if there is none. What could nest deeply does not
// get as far as the parser.
func notFlat(tokens token.Tokens) int {
	flow := 0
	for _, tk := range tokens {
		switch tk.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType, token.DirectiveType, token.MappingKeyType,
			token.SequenceStartType, token.SequenceEntryType:
			return tk.Position.Line
		case token.MappingStartType:
			if flow++; flow > 1 {
				return tk.Position.Line
			}
		default:
		}
	}
	return 0
}

// read takes the texts of the mapping.
func (p *reading) read(mapping *ast.MappingNode) {
	meant := yamltext.Meant(mapping, fileKeys())
	for _, entry := range mapping.Values {
		line := entry.Key.GetToken().Position.Line
		short, _ := yamltext.Of(entry.Key)
		key := prefix + short
		english, known := locale.Find(key)
		text, isText := yamltext.Of(entry.Value)
		switch {
		case !known && meant[short] != "":
			p.fail(line, "there is no text %s; is it %s?", yamltext.Quote(short), meant[short])
		case !known:
			p.fail(line, "there is no text %s; remove the line", yamltext.Quote(short))
		case p.lines[key] != 0:
			p.fail(line, "the text %s stands in line %d, too; remove one of them", short, p.lines[key])
		case !isText:
			p.fail(line, "the text %s is %s; write it between quotes", short, yamltext.Kind(entry.Value))
		default:
			p.wantText(line, short, text, english.EN)
		}
		p.texts[key], p.lines[key] = text, line
	}
}

// maxText is how many bytes a text may have.
const maxText = 2000

// wantText holds that a text says something, and has the placeholders of the English one.
func (p *reading) wantText(line int, key, text, english string) {
	switch {
	case strings.TrimSpace(text) == "":
		p.fail(line, "the text %s says nothing; write one", key)
		return
	case len(text) > maxText:
		p.fail(line, "the text %s has more than %d bytes", key, maxText)
		return
	case strings.ContainsFunc(text, unicode.IsControl):
		p.fail(line, "the text %s has a line end or another control character; write it in one line", key)
		return
	}
	want, got := placeholders(english), placeholders(text)
	for _, name := range want {
		if !slices.Contains(got, name) {
			p.fail(line, "the text %s lacks the placeholder {%s}; it has to have %s", key, name, inBraces(want))
		}
	}
	for _, name := range got {
		if !slices.Contains(want, name) {
			p.fail(line, "the text %s has the placeholder {%s}, which nothing is known for; it may have %s", key, name, inBraces(want))
		}
	}
	if strings.ContainsAny(placeholder().ReplaceAllString(text, ""), "{}") {
		p.fail(line, "the text %s has a brace that belongs to no placeholder; it may have %s", key, inBraces(want))
	}
}

func placeholder() *regexp.Regexp { return regexp.MustCompile(`\{(\w+)\}`) }

// placeholders returns the names in braces, each once.
func placeholders(text string) []string {
	var names []string
	for _, match := range placeholder().FindAllStringSubmatch(text, -1) {
		names = append(names, match[1])
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func inBraces(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return "{" + strings.Join(names, "}, {") + "}"
}

// wantAll holds that no text is missing.
func (p *reading) wantAll() {
	var missing []string
	for _, key := range fileKeys() {
		if p.lines[prefix+key] == 0 {
			missing = append(missing, key)
		}
	}
	const shown = 8
	switch n := len(missing); {
	case n == 0:
	case n <= shown:
		p.fail(0, "it lacks %s; `assent texts` prints what stands there in English", strings.Join(missing, ", "))
	default:
		p.fail(0, "it lacks %s and %d more; `assent texts` prints what stands there in English", strings.Join(missing[:shown], ", "), n-shown)
	}
}

// wantSense holds that the texts which say something about the language do so.
func (p *reading) wantSense(t *Texts) {
	switch names := t.texts[keyNames]; {
	case names == locale.English.Tag():
		t.names = locale.English
	case names == locale.German.Tag():
		t.names = locale.German
	case p.lines[keyNames] != 0:
		p.fail(p.lines[keyNames], "names is %s; it has to be en or de, the languages of names in the catalog", yamltext.Quote(names))
	}
	if n := len(months(t.texts[keyMonths])); n != monthsOfYear && p.lines[keyMonths] != 0 {
		p.fail(p.lines[keyMonths], "months has %d names; it has to have 12, from January on, separated by commas", n)
	}
}

// wantApart holds that no two buttons that stand on one page, and no two lengths of a pause, say the same: people could not tell them apart.
func (p *reading) wantApart(t *Texts) {
	for _, group := range [][]string{
		{"keep", "leave", "resume", "pause", "endAll"}, {"confirm.yes", "confirm.notMe"}, {"pause.months1", "pause.months3", "pause.months6"},
	} {
		for i, key := range group {
			for _, other := range group[:i] {
				line := max(p.lines[prefix+key], p.lines[prefix+other])
				if text := t.texts[prefix+key]; line != 0 && text != "" && text == t.texts[prefix+other] {
					p.fail(line, "the texts %s and %s are the same, %s; people choose between them", other, key, yamltext.Quote(text))
				}
			}
		}
	}
}
