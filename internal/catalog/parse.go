package catalog

import (
	"github.com/goccy/go-yaml/ast"

	"github.com/assent-io/assent/internal/catalog/document"
	"github.com/assent-io/assent/internal/catalog/yamlread"
)

// What a document may hold. The limits keep the work that a document causes
// within bounds and lie far above what companies have.
const (
	maxControllers  = 100
	maxRecipients   = 1000
	maxDepartments  = 500
	maxChannels     = 1000
	maxSenders      = 500
	maxDeclarations = 1000
	maxVersions     = 200              // of one declaration
	maxLimits       = 100              // quiet hours, freezes, and caps
	maxList         = document.MaxList // entries of any other list
)

// decoder reads the parts of a catalog; what they are made of is read by the reader below.
type decoder struct{ *yamlread.Reader }

// Parse reads a catalog document in YAML; name is what problems call it,
// usually its file. It returns the catalog and what is allowed but likely to
// be a mistake. The error is an *Invalid with every problem found, and then
// there is no catalog.
func Parse(name string, text []byte) (*Catalog, []Problem, error) {
	d := &decoder{yamlread.New(name, false)}
	return d.parse(d.read(text))
}

// ParseStored reads a document that was accepted before, such as a version of the catalog that is in the database. It does what
// Parse does, but rules that became stricter since then do not refuse it, for what was decided by it must stay readable: look-alike
// senders are a warning, as is a soft opt-in by terms without assessment, and counts_as: contract, which counts as none.
func ParseStored(name string, text []byte) (*Catalog, []Problem, error) {
	d := &decoder{yamlread.New(name, true)}
	return d.parse(d.read(text))
}

// ParseNode reads a catalog that is part of a larger YAML file. The tree of that file is
// already there; lines are those of the file. It does what Parse does from
// there on.
func ParseNode(name string, node ast.Node) (*Catalog, []Problem, error) {
	d := &decoder{yamlread.New(name, false)}
	return d.parse(node)
}

// parse reads the catalog from the tree, unless there is none because the
// document could not be read.
func (d *decoder) parse(body ast.Node) (*Catalog, []Problem, error) {
	c := &Catalog{file: d.File(), lines: d.Lines()}
	if body != nil {
		d.catalog(c, body)
		c.index()
		d.validate(c)
		d.limits(c)
		d.lookalikes(c)
		d.advise(c)
	}
	if d.Failed() {
		return nil, d.Warnings(), &Invalid{Problems: d.Problems()}
	}
	return c, d.Warnings(), nil
}

// read turns the document into a tree, or reports why it cannot and returns
// nil.
func (d *decoder) read(text []byte) ast.Node {
	body, line, message := document.Read(text)
	if message != "" {
		d.FailAt(line, "", "%s", message)
	}
	return body
}
