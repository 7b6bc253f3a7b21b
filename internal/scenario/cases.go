package scenario

import (
	"cmp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/yamltext"
)

// Absence is a time in which a member of a desk answers nothing. All absences are known from the beginning.
type Absence struct {
	Line       int
	Department string
	casework.Absence
}

// Case is a complaint, an inquiry or a request of a person: a letter, or what an officer wrote down.
type Case struct {
	Line   int
	At     consent.Instant // when it came
	Letter *Letter         // nil: an officer opened it
	Opened Opened
	Assign string // the member that it is assigned to as soon as it came; empty: nothing is said
	Expect CaseExpect
}

// Opened is what an officer says of a case.
type Opened struct {
	Kind           casework.Kind
	Address        string // as written; empty: not known
	Channel        string
	SenderIdentity string
	Department     string
	Assignee       string
	Text           string
}

// Letter is a mail of a person.
type Letter struct {
	From    string
	To      []string
	Subject string
	Text    string
}

// The evidence of cases besides that of package casework.
const (
	// EvidenceNamed: an officer named the department, or the channel.
	EvidenceNamed = "named"
	// EvidenceNone: nothing said whose the case is, so that it is the officers'.
	EvidenceNone = "none"
)

// CaseExpect is what has to become of a case. The department is always set; of the others a nil or a zero means that anything will do.
type CaseExpect struct {
	Department string // empty: the officers have it
	Evidence   *string
	Kind       *string
	Channel    *string
	Sender     *string
	Candidates []string // the departments that may have sent, in order
	Due        consent.Instant
	DueRule    *string
	LawDue     consent.Instant
	LawDueRule *string
	Assignee   *string
	Moments    []Moment
}

// Moment is what has to hold at a time after the case came.
type Moment struct {
	Line     int
	At       consent.Instant
	InCharge []string // the members who are to act, in the order of the desk; nil: anyone
	Working  *bool    // whether the desk works then; nil: either
}

// GotCase is what a surface made of a case, in the words of scenario files.
type GotCase struct {
	Department     string
	Evidence       string // of the likeliest candidate; empty: there is none
	Kind           string
	Channel        string
	SenderIdentity string
	Candidates     []string
	Due, LawDue    consent.Instant
	DueRule        string
	LawDueRule     string
	Assignee       string
}

// Compare returns what differs, in the order of the fields; nothing if all is as expected.
func (c *Case) Compare(got *GotCase) []Difference {
	var differences []Difference
	add := func(field, want, got string) {
		if want != got {
			differences = append(differences, Difference{field, want, got})
		}
	}
	optional := func(field string, want *string, got string) {
		if want != nil {
			add(field, *want, got)
		}
	}
	moment := func(field string, want, got consent.Instant) {
		if want != 0 && want != got {
			add(field, want.String(), shown(got))
		}
	}
	e := &c.Expect
	add("department", e.Department, got.Department)
	optional("evidence", e.Evidence, c.evidence(got.Evidence))
	optional("kind", e.Kind, got.Kind)
	optional("channel", e.Channel, got.Channel)
	optional("sender_identity", e.Sender, got.SenderIdentity)
	if e.Candidates != nil {
		add("candidates", strings.Join(e.Candidates, ", "), strings.Join(got.Candidates, ", "))
	}
	moment("due", e.Due, got.Due)
	optional("due_rule", e.DueRule, got.DueRule)
	moment("law_due", e.LawDue, got.LawDue)
	optional("law_due_rule", e.LawDueRule, got.LawDueRule)
	optional("assignee", e.Assignee, got.Assignee)
	return differences
}

// shown writes a time, and nothing for none.
func shown(t consent.Instant) string {
	if t == 0 {
		return ""
	}
	return t.String()
}

// evidence returns why the desk has the case, where that is the evidence of the likeliest candidate.
func (c *Case) evidence(ofCandidate string) string {
	if c.Letter == nil && (c.Opened.Department != "" || c.Opened.Channel != "") {
		return EvidenceNamed
	}
	return cmp.Or(ofCandidate, EvidenceNone)
}

// Compare returns what differs at the time; nothing if all is as expected. Working is nil where a surface does not say it.
func (m *Moment) Compare(inCharge []string, working *bool) []Difference {
	var differences []Difference
	if want, got := strings.Join(m.InCharge, ", "), strings.Join(inCharge, ", "); m.InCharge != nil && want != got {
		differences = append(differences, Difference{"in_charge at " + m.At.String(), want, got})
	}
	if m.Working != nil && working != nil && *m.Working != *working {
		words := map[bool]string{true: "true", false: "false"}
		differences = append(differences, Difference{"working at " + m.At.String(), words[*m.Working], words[*working]})
	}
	return differences
}

func (d *decoder) absence(node ast.Node) *Absence {
	o := d.object(node, "an absence", "department", "member", "from", "until", "deputy")
	if o == nil || !o.require("department", "member", "from", "until") {
		return nil
	}
	a := &Absence{Line: o.line, Department: o.text("department"), Absence: casework.Absence{Member: o.text("member"), Deputy: o.text("deputy")}}
	if from, until := o.instant("from"), o.instant("until"); from != 0 && until != 0 {
		a.From, a.Until = from.Time(), until.Time()
	}
	return a
}

func (d *decoder) kase(node ast.Node) *Case {
	o := d.object(node, "a case", "at", "mail", "opened", "assign", "expect")
	if o == nil || !o.require("at", "expect") {
		return nil
	}
	c := &Case{Line: o.line, At: o.instant("at"), Assign: o.text("assign")}
	switch {
	case o.has("mail") == o.has("opened"):
		d.fail(o.line, "a case is a mail, or opened by an officer; write exactly one of mail and opened")
	case o.has("mail"):
		c.Letter = d.letter(o.fields["mail"])
	default:
		c.Opened = d.opened(o.fields["opened"])
	}
	d.caseExpect(o.fields["expect"], c)
	return c
}

func (d *decoder) letter(node ast.Node) *Letter {
	l := &Letter{}
	o := d.object(node, "mail", "from", "to", "subject", "text")
	if o == nil || !o.require("from", "to", "text") {
		return l
	}
	l.From, l.To, l.Subject, l.Text = o.mailbox("from", o.text("from")), o.texts("to"), o.text("subject"), o.text("text")
	if o.has("to") && len(l.To) == 0 {
		o.fail("to", "the mail has no recipient; name at least one address")
	}
	for i, to := range l.To {
		l.To[i] = o.mailbox("to", to)
	}
	if strings.ContainsFunc(l.Subject, func(r rune) bool { return r < ' ' }) {
		o.fail("subject", "a subject is one line of text, without control characters")
	}
	return l
}

// mailbox returns the exact form of an address that stands in a mail.
func (o *object) mailbox(key, text string) string {
	a, err := address.Parse(text)
	if err != nil {
		o.fail(key, "%s is no address; write it as anna@example.com", yamltext.Quote(text))
		return ""
	}
	return a.Exact()
}

func (d *decoder) opened(node ast.Node) Opened {
	o := d.object(node, "opened", "kind", "address", "channel", "sender_identity", "department", "assignee", "text")
	if o == nil || !o.require("kind") {
		return Opened{}
	}
	kinds := casework.Kinds()
	words := make([]string, len(kinds))
	for i, kind := range kinds {
		words[i] = string(kind)
	}
	opened := Opened{
		Kind: casework.Kind(o.oneOf("kind", words...)), Channel: o.text("channel"), SenderIdentity: o.text("sender_identity"),
		Department: o.text("department"), Assignee: o.text("assignee"), Text: o.text("text"),
	}
	if o.has("address") {
		opened.Address = o.mailbox("address", o.text("address"))
	}
	return opened
}

func (d *decoder) caseExpect(node ast.Node, c *Case) {
	o := d.object(node, "expect", "department", "evidence", "kind", "channel", "sender_identity", "candidates", "due", "due_rule", "law_due", "law_due_rule",
		"assignee", "moments")
	if o == nil || !o.require("department") {
		return
	}
	c.Expect = CaseExpect{
		Department: o.text("department"), Kind: o.maybe("kind"), Channel: o.maybe("channel"), Sender: o.maybe("sender_identity"),
		Candidates: o.texts("candidates"), Due: o.instant("due"), DueRule: o.maybe("due_rule"), LawDue: o.instant("law_due"),
		LawDueRule: o.maybe("law_due_rule"), Assignee: o.maybe("assignee"),
	}
	if o.has("evidence") {
		evidence := o.oneOf("evidence", string(casework.ByContact), string(casework.ByAllow), string(casework.ByMailbox), EvidenceNamed, EvidenceNone)
		c.Expect.Evidence = &evidence
	}
	for _, node := range o.list("moments") {
		if m := d.moment(node, c); m != nil {
			c.Expect.Moments = append(c.Expect.Moments, *m)
		}
	}
	slices.SortStableFunc(c.Expect.Moments, func(a, b Moment) int { return cmp.Compare(a.At, b.At) })
}

func (d *decoder) moment(node ast.Node, c *Case) *Moment {
	o := d.object(node, "a moment", "at", "in_charge", "working")
	if o == nil || !o.require("at") {
		return nil
	}
	m := &Moment{Line: o.line, At: o.instant("at"), InCharge: o.texts("in_charge")}
	if m.At != 0 && m.At < c.At {
		o.fail("at", "the moment is before the case comes; write a later one")
	}
	if o.has("working") {
		working := o.flag("working")
		m.Working = &working
	}
	if m.InCharge == nil && m.Working == nil {
		d.fail(o.line, "the moment expects nothing; write in_charge, working or both")
	}
	return m
}
