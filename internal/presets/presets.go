// Package presets says what a row of another tool's file is worth as facts: a hard bounce is a suppression, an unsubscribe a withdrawal, an
// opt-in with its proof a grant. It is pure: rows come from a reader of files, and what is recorded, and when, is the caller's.
//
// It works in two steps. A preset (tools_*.go) knows the columns and the words of one tool, and says what a row means in the few meanings
// that all tools share (meaning.go). What a meaning becomes is one table for all tools (facts.go): so no preset can make a soft bounce a
// suppression, an allowlist a consent, or widen an unsubscribe from one list to all of them. No meaning lifts anything.
//
// A row is never dropped silently: its [Result] says what became of it and why, in words that repeat no cell.
package presets

// Preset is what is known of the files of one tool. Presets are got by [Named] and [All].
type Preset struct {
	// Name is what --preset takes, Tool how the tool calls itself.
	Name, Tool string
	// Lists are the members of a JSON document that hold its rows, for the reader of JSON lists.
	Lists []string
	// Headless are the columns of a file without a header, in their order; nil: the files have one.
	Headless []string

	address  []string // the columns of the address, the first that has one
	statuses []status // the kinds of files that the tool makes
	marks    [][]string
	domains  bool // an entry may be a domain instead of an address
	dayFirst bool // 03/04/2025 is in April
	// byOption: the status is never taken from the name of the file, which a person gave it and no tool.
	byOption bool
}

// status is one kind of file of a tool.
type status struct {
	name string
	// aka are other names of it, in names of files and as --status.
	aka  []string
	says rule
	// columns are those of which a file of this kind has at least one, and not those that it never has. nil: any.
	columns, not []string
	// asked: it is this kind only where the name or the option says so, because the columns are those of any list of addresses.
	asked bool
	// usual: it is this kind where the columns leave several, and neither name nor option says which.
	usual bool
	// channel: the file is of one list, so --channel is needed, unless there is one of the columns that name the list.
	channel       bool
	channelUnless []string
	// declaration: all rows are subscribers, so --declaration is needed.
	declaration bool
}

// Names of the two presets that belong to no tool.
const (
	// Plain is a file of addresses, one a line.
	Plain = "plain"
	// ByColumns is what --columns says. It is not among All, because it is no tool's.
	ByColumns = "columns"
)

// Statuses returns the statuses that --status can give to a file of the preset.
func (p *Preset) Statuses() []string {
	var names []string
	for i := range p.statuses {
		if p.statuses[i].name != "" {
			names = append(names, p.statuses[i].name)
		}
	}
	return names
}
