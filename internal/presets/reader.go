package presets

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/listtime"
)

// Reader reads the rows of one file. It keeps nothing of a row, and is for one goroutine.
type Reader struct {
	preset  *Preset
	options Options
	status  *status
	rules   listtime.Rules
	times   Times
}

// NewReader is for a file with these columns: those of its header, of [Preset.Headless], or of its first JSON object. The error refuses the
// file as a whole: it is not of this preset, or an option is missing without which no row would be right.
func (p *Preset) NewReader(c *Columns, o Options) (*Reader, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	if p.Name == ByColumns {
		if o.Columns[fieldAddress] == "" {
			return nil, errors.New("--columns is missing: it names at least the column of the addresses, as in address=Email")
		}
		p = byColumns(o.Columns)
		for _, field := range Fields() {
			if name := o.Columns[field]; name != "" && !c.has(name) {
				return nil, fmt.Errorf("there is no column %q, which --columns names for %s", name, field)
			}
		}
	}
	if !c.hasAny(p.address) {
		return nil, fmt.Errorf("there is no column of addresses; a file of %s has %s", p.Tool, strings.Join(p.address, " or "))
	}
	s, err := p.choose(&o, c)
	switch {
	case err != nil:
		return nil, err
	case s.channel && o.Channel == "" && !c.hasAny(s.channelUnless):
		return nil, errors.New("the file is of one list, and does not say which; give --channel")
	case s.declaration && o.Declaration == "":
		return nil, errors.New("the file is of subscribers, and does not say to which text they agreed; give --declaration")
	}
	if o.Order == OrderOfPreset && p.dayFirst {
		o.Order = DayFirst
	}
	return &Reader{preset: p, options: o, status: s, rules: o.rules()}, nil
}

// Status is what kind of file it was taken for; empty: the preset has one kind only.
func (r *Reader) Status() string { return r.status.name }

// Times counts the times that were not exact, in the rows so far.
func (r *Reader) Times() Times { return r.times }

// maxMeanings is how many things one row may say: a row must not become a transaction of any size. See also [MaxRecords].
const maxMeanings = 100

// MaxRecords is how many records a row has at most.
const MaxRecords = maxMeanings

// Read says what a row is worth.
func (r *Reader) Read(row Row) Result {
	one := &reading{of: r, row: row}
	if len(row.Cells) != len(row.Columns.Names) {
		return Result{Outcome: Rejected, Cause: AmbiguousRow, Why: "it has more or fewer cells than there are columns"}
	}
	result := Result{}
	if p := one.who(r.preset, &result); p.outcome != "" {
		result.Outcome, result.Cause, result.Column, result.Why = p.outcome, p.cause, p.column, p.why
		return result
	}
	var parts []part
	says := withoutYes(r.status.says(one))
	if len(says) > maxMeanings {
		says = says[:maxMeanings]
		parts = append(parts, rejected(TooMany, fmt.Sprintf("it says more than %d things, such as tags or lists; only the first %d were taken", maxMeanings, maxMeanings)))
	}
	for _, m := range says {
		if result.Domain != "" {
			m = ofDomain(m)
		}
		parts = append(parts, one.fact(m))
	}
	if one.ambiguous != "" {
		result.Outcome, result.Cause, result.Column = Rejected, AmbiguousRow, one.ambiguous
		result.Why = "the column is there twice, with different cells"
		return result
	}
	result.add(parts)
	return result
}

// withoutYes leaves out that a person is on a list where the row also says no: what it would prove counts for nothing then.
func withoutYes(says []meaning) []meaning {
	isNo := func(m meaning) bool {
		return slices.Contains([]what{bouncedHard, complained, left, leftAll, blocked, mayHaveRefused}, m.what)
	}
	if !slices.ContainsFunc(says, isNo) {
		return says
	}
	return slices.DeleteFunc(says, func(m meaning) bool { return m.what == subscribed })
}

// ofDomain is what a meaning is of a domain: of what is recorded it can only be blocked.
func ofDomain(m meaning) meaning {
	switch m.what {
	case mayHaveRefused:
		m.what = blocked
	case bouncedHard, complained, left, leftAll, subscribed:
		return meaning{what: contradicts, why: "a domain can only be blocked; it is no person who left or whose mailbox is gone"}
	default:
	}
	return m
}

// add puts the parts together. What was rejected leads, then what was recorded. A grant is recorded only alone: a row that also says no, or
// that could not be read as a whole, gives none.
func (r *Result) add(parts []part) {
	r.Outcome = Skipped
	says := func(o Outcome) func(part) bool { return func(p part) bool { return p.outcome == o } }
	isNo := func(p part) bool { return p.outcome == Recorded && p.record.Verb != Grant }
	switch {
	case slices.ContainsFunc(parts, says(Rejected)):
		r.Outcome = Rejected
	case slices.ContainsFunc(parts, says(Recorded)):
		r.Outcome = Recorded
	}
	mayGrant := r.Outcome == Recorded && !slices.ContainsFunc(parts, isNo)
	var whys []string
	for _, p := range parts {
		isLeftOut := p.outcome == Recorded && !isNo(p) && !mayGrant
		if p.outcome == r.Outcome && !isLeftOut && !slices.Contains(whys, p.why) {
			whys = append(whys, p.why)
		}
		if p.outcome == r.Outcome && r.Cause == "" {
			r.Cause, r.Column = p.cause, p.column
		}
		if p.unmapped != "" && !slices.Contains(r.Unmapped, p.unmapped) {
			r.Unmapped = append(r.Unmapped, p.unmapped)
		}
		if p.outcome == Recorded && !isLeftOut {
			r.record(p.record)
		}
	}
	if r.Why = strings.Join(whys, "; "); slices.ContainsFunc(r.Records, func(one Record) bool { return one.Imported }) {
		r.Why += "; the row has no time of that"
	}
}

// record adds a record, or makes an equal one as late as this.
func (r *Result) record(one Record) {
	for i := range r.Records {
		if had := &r.Records[i]; had.Verb == one.Verb && had.Reason == one.Reason && had.Scope == one.Scope && had.Channel == one.Channel {
			if one.Time.After(had.Time) {
				*had = one
			}
			return
		}
	}
	r.Records = append(r.Records, one)
}

// reading is one row that is being read.
type reading struct {
	of        *Reader
	row       Row
	ambiguous string // the column that is there twice with different cells
}

// text is the cell of a column; empty: there is none.
func (r *reading) text(column string) string {
	text, ambiguous := r.row.cell(plainName(column))
	if ambiguous {
		r.ambiguous = column
	}
	return text
}

// has reports whether a column has a text.
func (r *reading) has(column string) bool { return r.text(column) != "" }

// who finds the address or domain of the row. The part is empty, or says why there is none.
func (r *reading) who(p *Preset, to *Result) part {
	text, column := "", ""
	for _, column = range p.address {
		if text = r.text(column); text != "" {
			break
		}
	}
	if text == "" {
		return part{outcome: Rejected, cause: NoAddress, column: p.address[0], why: "there is no address"}
	}
	if p.domains {
		if domain, ok := entryDomain(text); ok {
			canonical, err := address.ParseDomain(domain)
			if err != nil {
				return part{outcome: Rejected, cause: InvalidAddress, column: column, why: "it is neither an address nor a domain"}
			}
			to.Domain = canonical
			return part{}
		}
	}
	if _, err := address.Parse(text); err != nil {
		return part{outcome: Rejected, cause: InvalidAddress, column: column, why: "it is no address: " + err.Error()}
	}
	to.Address = text
	return part{}
}

// entryDomain is the domain of an entry such as *@firma.example, @firma.example or firma.example.
func entryDomain(text string) (string, bool) {
	if domain, found := strings.CutPrefix(strings.TrimPrefix(text, "*"), "@"); found {
		return domain, true
	}
	return text, !strings.Contains(text, "@")
}
