package catalog

import (
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/casework/holiday"
	"github.com/assent-io/assent/internal/casework/worktime"
	"github.com/assent-io/assent/internal/catalog/yamlread"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/wallclock"
	"github.com/assent-io/assent/internal/yamltext"
)

const (
	maxMembers  = 200       // of a desk
	maxCapacity = 1_000_000 // cases a day
	maxClosures = 1000      // days that are added, and removed
)

// desk reads the part of a department that answers cases; nil when it has none.
func (d *decoder) desk(department *yamlread.Object) *casework.Desk {
	o := department.Child("desk", "mailboxes", "members", "answer_within", "hours", "holidays", "resubmit", "escalate_to", "answer_capacity", "language")
	if o == nil {
		return nil
	}
	desk := &casework.Desk{
		Mailboxes:      o.Emails("mailboxes", maxMembers),
		Members:        members(o),
		AnswerWithin:   answerWithin(o),
		Hours:          hours(o),
		Holidays:       holidays(o),
		Resubmit:       workingTime(o, "resubmit"),
		AnswerCapacity: o.Count("answer_capacity", maxCapacity, 0),
		Language:       o.Language("language"),
	}
	if l := desk.Language; l != "" && l != "de" && l != "en" {
		o.Fail("language", "%s is no language of mails; write de or en, or omit the key for both", yamltext.Quote(l))
	}
	if to := o.Child("escalate_to", "member", "department"); to != nil {
		desk.EscalateTo = casework.Escalation{Member: to.Token("member"), Department: to.Token("department")}
		if to.Has("member") == to.Has("department") {
			o.Fail("escalate_to", "this must be one of {member: …} and {department: …}; omit the key if late cases go to the officer at once")
		}
	}
	return desk
}

func members(o *yamlread.Object) []casework.Member {
	var list []casework.Member
	for _, entry := range o.Items("members", maxMembers) {
		m := entry.Object("id", "email")
		m.Require("id", "email")
		list = append(list, casework.Member{ID: m.Token("id"), Email: m.Email("email")})
	}
	return list
}

func answerWithin(o *yamlread.Object) map[casework.Kind]period.Period {
	kinds := casework.Kinds()
	keys := make([]string, len(kinds))
	for i, k := range kinds {
		keys[i] = string(k)
	}
	within := o.Child("answer_within", keys...)
	if within == nil {
		return nil
	}
	periods := map[casework.Kind]period.Period{}
	for _, k := range kinds {
		if within.Has(string(k)) {
			periods[k] = workingTime(within, string(k))
		}
	}
	return periods
}

// workingTime reads a period of working days and hours.
func workingTime(o *yamlread.Object, key string) period.Period {
	p := o.Period(key, period.Period{})
	if months, _, _ := p.Parts(); months != 0 {
		o.Fail(key, "%s has months, and working time has none; write working days or hours, such as P20D or PT8H", yamltext.Quote(p.String()))
		return period.Period{}
	}
	return p
}

// hours reads the working hours of a week. What is wrong with one interval is said there; what is wrong between them, at the list.
func hours(desk *yamlread.Object) worktime.Hours {
	o := desk.Child("hours", "zone", "week")
	if o == nil {
		return worktime.Hours{}
	}
	o.Require("zone", "week")
	var h worktime.Hours
	zone := o.Zone("zone")
	if zone != nil {
		h.Zone = zone.String()
	}
	right := zone != nil && o.Has("week")
	for _, entry := range o.Items("week", maxLimits) {
		i := entry.Object("days", "from", "until")
		i.Require("days", "from", "until")
		interval := worktime.Interval{Days: i.Days("days"), From: i.Clock("from"), Until: i.Clock("until")}
		if i.Has("from") && i.Has("until") && interval.From >= interval.Until {
			i.Fail("until", "the interval ends before it begins; write a later end, and a night as two intervals, the first until 24:00")
			right = false
		}
		h.Week = append(h.Week, interval)
		right = right && i.Has("days") && i.Has("from") && interval.Days != 0
	}
	if right && len(h.Week) > 0 {
		if err := h.Check(); err != nil {
			o.Fail("week", "%s", err)
		}
	}
	return h
}

// holidays reads the place of a desk, with the days that are added and removed.
func holidays(desk *yamlread.Object) holiday.Selection {
	o := desk.Child("holidays", "base", "add", "remove")
	if o == nil {
		return holiday.Selection{}
	}
	var s holiday.Selection
	if o.Has("base") {
		s.Base = o.Line("base", yamlread.MaxLine)
		if _, err := holiday.New(s); err != nil {
			o.Fail("base", "%s", err)
			s.Base = ""
		}
	}
	var texts []string
	for _, entry := range o.Items("add", maxClosures) {
		text, _ := yamltext.Of(entry.Node)
		day, err := wallclock.ParseDate(text)
		if err != nil {
			entry.Fail("%s is not a date; write it as 2026-12-24", yamlread.Shown(entry.Node))
			continue
		}
		s.Add, texts = append(s.Add, day), append(texts, text)
	}
	o.Unique("add", texts)
	texts = nil
	for _, entry := range o.Items("remove", maxClosures) {
		text, _ := yamltext.Of(entry.Node)
		with := s
		if day, err := wallclock.ParseDate(text); err == nil {
			with.RemoveDates, with.RemoveNames = []wallclock.Date{day}, nil
			s.RemoveDates = append(s.RemoveDates, day)
		} else {
			with.RemoveDates, with.RemoveNames = nil, []string{text}
			s.RemoveNames = append(s.RemoveNames, text)
		}
		texts = append(texts, text)
		if _, err := holiday.New(with); err != nil && (s.Base != "" || !o.Has("base")) {
			entry.Fail("%s", err)
		}
	}
	o.Unique("remove", texts)
	return s
}

// desks holds the desks against one another and against the departments.
func (d *decoder) desks(c *Catalog) {
	owners, people := map[string]string{}, map[string]string{}
	for i := range c.Departments {
		department := &c.Departments[i]
		if department.Desk == nil {
			continue
		}
		path := at("departments", i) + ".desk"
		d.deskMailboxes(c, department, owners, path)
		distinct(d.Reader, path+".members", "id", department.Desk.Members, func(m *casework.Member) string { return m.ID })
		for j, m := range department.Desk.Members {
			if known, twice := people[m.ID]; twice && known != m.Email && m.ID != "" && m.Email != "" {
				d.Fail(at(path+".members", j)+".email", "the member %s has another address on another desk; give both the same, or give this one another id",
					yamltext.Quote(m.ID))
			}
			people[m.ID] = m.Email
		}
		d.escalation(c, department, path)
		d.adviseDesk(department.Desk, path)
	}
}

// deskMailboxes refuses a mailbox of two departments: it would be open to which a mail belongs.
func (d *decoder) deskMailboxes(c *Catalog, department *Department, owners map[string]string, path string) {
	for _, mailbox := range department.Desk.Mailboxes {
		owner, taken := owners[mailbox]
		owners[mailbox] = department.ID
		for i := range c.Departments {
			if other := &c.Departments[i]; other.ID != department.ID && other.ComplaintsTo == mailbox {
				owner, taken = other.ID, true
			}
		}
		if taken && owner != department.ID {
			d.Fail(path+".mailboxes", "a mailbox is of the department %s, too; name it at one of the two", yamltext.Quote(owner))
		}
	}
}

func (d *decoder) escalation(c *Catalog, department *Department, path string) {
	path += ".escalate_to"
	to := department.Desk.EscalateTo
	if to.Member != "" {
		if _, ok := department.Desk.Member(to.Member); !ok {
			d.Fail(path+".member", "no member of the desk has the id %s; name one of members, or a department", yamltext.Quote(to.Member))
		}
	}
	if to.Department == "" || !refer(d.Reader, path+".department", "department", to.Department, c.departments) {
		return
	}
	next := c.departments[to.Department]
	switch {
	case next.ID == department.ID:
		d.Fail(path+".department", "a department cannot escalate to itself; name another one, or a member")
	case next.Desk == nil:
		d.Fail(path+".department", "the department %s has no desk; give it one, or name another department", yamltext.Quote(next.ID))
	default:
		if levels, circle := casework.Levels(department.ID, c.Desk); circle {
			d.Warn(path, "late cases go in a circle: %s; the officer gets them after the last of these, remove one escalate_to",
				strings.Join(append([]string{department.ID}, levels...), ", then "))
		}
	}
}

// adviseDesk warns of what a desk lacks.
func (d *decoder) adviseDesk(desk *casework.Desk, path string) {
	if len(desk.Members) == 0 {
		d.Warn(path, "the desk has no members, so that each of its cases is escalated at once; add members: [{id: …, email: …}]")
	}
	if desk.Hours.IsZero() {
		d.Warn(path, "the desk has no hours, so that it counts as working Monday to Friday from 09:00 to 17:00 in UTC; add hours: {zone: …, week: […]}")
	}
	if desk.Holidays.IsZero() {
		d.Warn(path, "the desk has no holidays, so that deadlines fall on public holidays; add holidays: {base: …}, such as AT, DE-BY or CH-ZH, or {add: […]}")
	}
}

// Desk returns the desk of a department; nil if it has none.
func (c *Catalog) Desk(department string) *casework.Desk {
	if d, ok := c.departments[department]; ok {
		return d.Desk
	}
	return nil
}

// MailboxOwners returns the ids of the departments that an address belongs to, in its exact form: as a mailbox of the desk, else where complaints
// go, else as a sender identity's reply-to or From address. Several departments may share one; none: the address is not ours.
func (c *Catalog) MailboxOwners(exact string) []string {
	var owners []string
	add := func(department string, is bool) {
		if is && !slices.Contains(owners, department) {
			owners = append(owners, department)
		}
	}
	for i := range c.Departments {
		department := &c.Departments[i]
		add(department.ID, department.Desk != nil && department.Desk.Owns(exact))
	}
	if len(owners) > 0 {
		return owners
	}
	for i := range c.Departments {
		add(c.Departments[i].ID, c.Departments[i].ComplaintsTo == exact)
	}
	if len(owners) > 0 {
		return owners
	}
	for i := range c.SenderIdentities {
		s := &c.SenderIdentities[i]
		add(s.Department, s.ReplyTo == exact || s.From.Address == exact)
	}
	return owners
}
