package presets

import (
	"fmt"
	"slices"
	"strings"
)

// Certainty is how sure [Detect] is.
type Certainty string

// The certainties. Only a file of which one is Certain may be imported without a person who looked at the answer.
const (
	Certain Certainty = "certain" // columns that one tool has and no other
	Likely  Certainty = "likely"  // columns that other files may have as well
	Unknown Certainty = "unknown" // none
)

// Detect names the preset of a file by its columns, its first rows and its name. The header is nil of a file without one; the rows are those
// behind it. It says why in a sentence that repeats no cell; where the preset is nil, the sentence says what to do.
func Detect(header []string, rows [][]string, fileName string) (preset *Preset, certainty Certainty, why string) {
	if header == nil {
		return detectHeadless(rows, fileName)
	}
	columns := NewColumns(header)
	best, of := detectByMarks(columns, fileName)
	switch {
	case len(of) == 1 && isOwnMark(best):
		return of[0], Certain, fmt.Sprintf("the columns %s are those of %s", strings.Join(best, ", "), of[0].Tool)
	case len(of) == 1:
		return of[0], Likely, fmt.Sprintf("the columns %s are those of %s, and may be those of others", strings.Join(best, ", "), of[0].Tool)
	case len(of) > 1:
		var tools []string
		for _, p := range of {
			tools = append(tools, p.Tool)
		}
		return of[0], Likely, fmt.Sprintf("the columns %s may be those of %s", strings.Join(best, ", "), strings.Join(tools, " or "))
	}
	if p := toolOfFile(fileName); p != nil && columns.hasAny(p.address) {
		return p, Likely, "the name of the file names " + p.Tool
	}
	if p := plainPreset(); len(header) == 1 && columns.hasAny(p.address) {
		return p, Likely, "it has one column, of addresses"
	}
	return nil, Unknown, "the columns are those of no tool that is known; name the tool with --preset, or the columns with --columns"
}

// detectByMarks finds the presets of the largest mark that is in the columns. The name of the file decides between several.
func detectByMarks(columns *Columns, fileName string) (best []string, of []*Preset) {
	for _, p := range All() {
		for _, mark := range p.marks {
			if len(mark) < len(best) || slices.ContainsFunc(mark, func(name string) bool { return !columns.has(name) }) {
				continue
			}
			if len(mark) > len(best) {
				best, of = mark, nil
			}
			if !slices.Contains(of, p) {
				of = append(of, p)
			}
		}
	}
	if named := toolOfFile(fileName); named != nil && len(of) > 1 {
		for _, p := range of {
			if p.Name == named.Name {
				return best, []*Preset{p}
			}
		}
	}
	return best, of
}

// isOwnMark reports whether a mark has a column that is not one that any program may have.
func isOwnMark(mark []string) bool {
	common := []string{
		"email", "address", "name", "firstname", "status", "reason", "created", "createdat", "type", "source", "ip", "recipient", "origin",
	}
	return slices.ContainsFunc(mark, func(name string) bool { return !slices.Contains(common, plainName(name)) })
}

// toolOfFile is the preset whose name is a word of the file's name; nil: there is none, or there are two.
func toolOfFile(fileName string) *Preset {
	words := fileWords(fileName)
	var found *Preset
	for _, p := range All() {
		if !strings.Contains(words, fileWords(p.Name)) && !strings.Contains(words, fileWords(p.Tool)) {
			continue
		}
		if found != nil {
			return nil
		}
		found = p
	}
	return found
}

// detectHeadless is for files whose first line is a row.
func detectHeadless(rows [][]string, fileName string) (*Preset, Certainty, string) {
	if len(rows) == 0 {
		return nil, Unknown, "the file has no rows"
	}
	isJob := func(row []string) bool {
		return len(row) == 2 && slices.Contains([]string{"bounce", "complaint"}, plainName(row[1]))
	}
	if !slices.ContainsFunc(rows, func(row []string) bool { return !isJob(row) }) {
		return ses(), Certain, "each line has an address and BOUNCE or COMPLAINT, as an import job of Amazon SES has"
	}
	if slices.ContainsFunc(rows, func(row []string) bool { return len(row) != 1 }) {
		return nil, Unknown, "the file has several columns and no header; add one, and name the columns with --columns"
	}
	if p := toolOfFile(fileName); p != nil && p.Headless != nil {
		return p, Likely, "it has one entry a line, and its name names " + p.Tool
	}
	return plainPreset(), Likely, "it has one entry a line"
}
