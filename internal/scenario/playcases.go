package scenario

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"mime"
	"slices"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/casework/desks"
	"github.com/assent-io/assent/internal/casework/wish"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/intake/mail"
	"github.com/assent-io/assent/internal/message"
)

// Mail returns the letter as it comes in, with a Message-ID of its own. The case must have one.
func (c *Case) Mail() []byte {
	var b bytes.Buffer
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	header("From", c.Letter.From)
	header("To", strings.Join(c.Letter.To, ",\r\n "))
	header("Date", c.At.Time().Format(time.RFC1123Z))
	header("Subject", mime.BEncoding.Encode("utf-8", c.Letter.Subject))
	header("Message-ID", fmt.Sprintf("<%d.%d@scenario.example>", c.Line, c.At))
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "base64")
	b.WriteString("\r\n")
	body := base64.StdEncoding.EncodeToString([]byte(c.Letter.Text))
	for ; len(body) > 76; body = body[76:] {
		b.WriteString(body[:76] + "\r\n")
	}
	b.WriteString(body + "\r\n")
	return b.Bytes()
}

// wrongCases returns a result for each absence or case that cannot be as it is stated.
func (s *Scenario) wrongCases() (wrong []Result) {
	fail := func(line int, err error) { wrong = append(wrong, Result{Scenario: s, Line: line, Refused: err}) }
	var known []casework.Absence
	for i := range s.Absences {
		a := &s.Absences[i]
		desk, ok := desks.Of(s.Catalog, a.Department)
		switch {
		case !ok:
			fail(a.Line, fault.Errorf(fault.DeskMissing, "department", "the catalog has no department %q", a.Department))
			continue
		case len(desk.Members) == 0:
			fail(a.Line, desks.NeedMember(&desk, "member", a.Member))
			continue
		}
		if err := desks.CheckAbsence(&desk, a.Absence, known); err != nil {
			fail(a.Line, err)
			continue
		}
		known = append(known, a.Absence)
	}
	for i := range s.Cases {
		c := &s.Cases[i]
		if err := s.wrongCase(c); err != nil {
			wrong = append(wrong, Result{Scenario: s, Line: c.Line, Case: c, Refused: err})
		}
	}
	return wrong
}

// wrongCase returns why a case cannot be as it is stated, apart from what was sent to the person.
func (s *Scenario) wrongCase(c *Case) error {
	m, err := s.matter(c, nil)
	if err != nil {
		return err
	}
	desk, ok := desks.Of(s.Catalog, m.Department)
	if c.Letter == nil && m.Department != "" && !ok {
		return fault.Errorf(fault.DeskMissing, "department", "the catalog has no department %q", m.Department)
	}
	if c.Opened.Assignee != "" && m.Department != "" {
		return desks.NeedMember(&desk, "assignee", c.Opened.Assignee)
	}
	return nil
}

// matter returns what is known of a case when it comes, settled by the catalog. Sent is what went to an address lately; nil: nothing did.
func (s *Scenario) matter(c *Case, sent func(a address.Address) []casework.Candidate) (*desks.Matter, error) {
	o := &c.Opened
	m := &desks.Matter{
		Kind: o.Kind, Received: c.At.Time(), Channel: o.Channel, SenderIdentity: o.SenderIdentity, Department: o.Department, Asked: true,
	}
	from := o.Address
	if c.Letter != nil {
		var err error
		if m, err = s.read(c); err != nil {
			return nil, err
		}
		from = c.Letter.From
	}
	if a, err := address.Parse(from); err == nil && sent != nil {
		m.Sent = sent(a)
	}
	return m, m.Settle(s.Catalog, desks.Of)
}

// read reads a letter as a server does.
func (s *Scenario) read(c *Case) (*desks.Matter, error) {
	reader := mail.New(mail.Settings{Limits: message.DefaultLimits()})
	got, err := reader.Read(mail.Envelope{From: c.Letter.From, To: c.Letter.To}, bytes.NewReader(c.Mail()))
	if err != nil {
		return nil, err
	}
	if got.Letter == nil {
		return nil, fault.Errorf(fault.InvalidRequest, "mail", "the mail opens no case: it is read as %s (%s)", got.Kind, got.Why)
	}
	if s.isDesk(c.Letter.From) {
		return nil, fault.Errorf(fault.InvalidRequest, "from", "a mail of a desk opens no case; write the address of a person")
	}
	m := &desks.Matter{Kind: wish.Read(got.Subject, got.Letter.Text, got.AsksToLeave)[0].Kind, Received: c.At.Time()}
	m.Mailbox, _ = desks.MailboxOf(s.Catalog, got.Letter.To, desks.Of)
	return m, nil
}

// isDesk reports whether an address is a mailbox of a desk, or of a member of one.
func (s *Scenario) isDesk(from string) bool {
	return slices.ContainsFunc(s.Catalog.Departments, func(d catalog.Department) bool {
		desk, _ := desks.Of(s.Catalog, d.ID)
		return desk.Owns(from) || slices.ContainsFunc(desk.Members, func(m casework.Member) bool { return m.Email == from })
	})
}

// open returns the result of a case, by what was sent up to its time.
func (s *Scenario) open(c *Case, places *places) Result {
	result := Result{Scenario: s, Line: c.Line, Case: c}
	m, err := s.matter(c, func(a address.Address) []casework.Candidate { return places.candidates(s, a) })
	if err != nil {
		result.Refused = err
		return result
	}
	desk := desks.Answering(s.Catalog, m.Department, m.Channel, desks.Of)
	due, law, err := desks.Due(&desk, m.Kind, m.Received)
	if err != nil {
		result.Refused = err
		return result
	}
	assignee, err := c.assignee(&desk)
	if err != nil {
		result.Refused = err
		return result
	}
	got := &GotCase{
		Department: m.Department, Kind: string(m.Kind), Channel: m.Channel, SenderIdentity: m.SenderIdentity, Assignee: assignee,
		Due: consent.InstantOf(due.At), DueRule: due.Rule, LawDueRule: law.Rule,
	}
	if !law.IsZero() {
		got.LawDue = consent.InstantOf(law.At)
	}
	for i := range m.Candidates {
		got.Candidates = append(got.Candidates, m.Candidates[i].Department)
	}
	if len(m.Candidates) > 0 {
		got.Evidence = string(m.Candidates[0].Evidence)
	}
	result.Differences = append(c.Compare(got), s.moments(c, &desk, assignee)...)
	return result
}

// assignee returns who works on the case at the desk that has it.
func (c *Case) assignee(desk *casework.Desk) (string, error) {
	for _, one := range []struct{ field, member string }{{"assignee", c.Opened.Assignee}, {"assign", c.Assign}} {
		if one.member == "" {
			continue
		}
		if err := desks.NeedMember(desk, one.field, one.member); err != nil {
			return "", err
		}
	}
	return cmp.Or(c.Assign, desks.FirstAssignee(desk, c.Opened.Assignee)), nil
}

// moments returns what differs at the moments of a case.
func (s *Scenario) moments(c *Case, desk *casework.Desk, assignee string) (differences []Difference) {
	absences := make([]casework.Absence, len(s.Absences))
	for i := range s.Absences {
		absences[i] = s.Absences[i].Absence
	}
	calendar, err := desk.Calendar()
	if err != nil {
		return nil // Due has told it.
	}
	for i := range c.Expect.Moments {
		m := &c.Expect.Moments[i]
		working := calendar.Open(m.At.Time())
		differences = append(differences, m.Compare(desk.InCharge(assignee, absences, m.At.Time()).Members, &working)...)
	}
	return differences
}

// candidates returns what was sent to a person so far, the latest first, and what a check has allowed.
func (p *places) candidates(s *Scenario, a address.Address) []casework.Candidate {
	var sent []casework.Candidate
	for _, k := range p.of[a.Folded()] {
		send := s.sendOf(k.Send)
		if k.State == campaign.ContactPlanned || send == nil {
			continue
		}
		one := casework.Candidate{
			Department: send.Department, Channel: k.Channel, SenderIdentity: send.SenderIdentity, Send: k.Send, Evidence: casework.ByContact,
			Time: consent.Instant(k.Sent).Time(),
		}
		if k.State == campaign.ContactReserved {
			one.Evidence, one.Time = casework.ByAllow, p.asked[place{a.Folded(), k.Send}].Time()
		}
		sent = append(sent, one)
	}
	slices.SortStableFunc(sent, func(x, y casework.Candidate) int { return cmp.Or(y.Time.Compare(x.Time), cmp.Compare(x.Send, y.Send)) })
	return sent
}
