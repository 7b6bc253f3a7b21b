package catalog

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// withDesk returns the example with a desk of the first department, whose keys are given in braces.
func withDesk(t testing.TB, desk string) (document string, line int) {
	t.Helper()
	document = example(t, "acme.yaml")
	const department = "    complaints_to: newsletter-beschwerden@acme.example\n"
	before, _, _ := strings.Cut(document, department)
	return replaced(t, document, department, department+"    desk: "+desk+"\n"), 2 + strings.Count(before, "\n")
}

const (
	rightMembers  = "members: [{id: anna, email: anna@acme.example}]"
	rightHours    = "hours: {zone: Europe/Vienna, week: [{days: [mon, tue], from: 08:00, until: 12:00}]}"
	rightHolidays = "holidays: {base: AT}"
)

func TestParse_DesksThatAreWrong_AreRefusedWithLineAndRemedy(t *testing.T) {
	week := func(intervals string) string { return "{hours: {zone: Europe/Vienna, week: [" + intervals + "]}}" }
	for name, c := range map[string]struct{ desk, path, message string }{
		"unknown key":               {"{member: []}", "", `unknown key "member"; did you mean members?`},
		"no mapping":                {"[anna]", "", "this must be a mapping with the keys mailboxes, members"},
		"member without e-mail":     {"{members: [{id: anna}]}", ".members[0]", "the key email is missing"},
		"member as text":            {"{members: [anna]}", ".members[0]", "this must be a mapping with the keys id, email"},
		"no members":                {"{members: []}", ".members", "the list is empty"},
		"member twice":              {"{members: [{id: anna, email: a@acme.example}, {id: anna, email: b@acme.example}]}", ".members[1].id", `"anna" is defined twice`},
		"e-mail that is none":       {"{members: [{id: anna, email: anna}]}", ".members[0].email", "not a valid e-mail address"},
		"mailbox that is none":      {"{mailboxes: [desk]}", ".mailboxes[0]", "not a valid e-mail address"},
		"mailbox that is no text":   {"{mailboxes: [[x]]}", ".mailboxes[0]", "this must be an e-mail address, not a list"},
		"mailbox twice":             {"{mailboxes: [a@acme.example, A@acme.example]}", ".mailboxes", "is in the list twice"},
		"mailbox of another":        {"{mailboxes: [marketing-beschwerden@acme.example]}", ".mailboxes", `a mailbox is of the department "marketing", too`},
		"unknown kind":              {"{answer_within: {rants: P1D}}", ".answer_within", `unknown key "rants"; the keys here are complaint, inquiry, access`},
		"period that is none":       {"{answer_within: {complaint: 1 day}}", ".answer_within.complaint", "is not a period"},
		"period of nothing":         {"{answer_within: {complaint: P0D}}", ".answer_within.complaint", "zero length; give a longer one"},
		"months of working time":    {"{answer_within: {access: P1M}}", ".answer_within.access", "has months, and working time has none; write working days or hours"},
		"end of the year":           {"{resubmit: P1Y/EOY}", ".resubmit", "has months"},
		"hours without zone":        {"{hours: {week: [{days: [mon], from: 08:00, until: 12:00}]}}", ".hours", "the key zone is missing"},
		"zone that is none":         {"{hours: {zone: Europe/Wien, week: [{days: [mon], from: 08:00, until: 12:00}]}}", ".hours.zone", "is not a time zone; write the name"},
		"hours without week":        {"{hours: {zone: UTC}}", ".hours", "the key week is missing"},
		"interval without days":     {week("{from: 08:00, until: 12:00}"), ".hours.week[0]", "the key days is missing"},
		"unknown day":               {week("{days: [monday], from: 08:00, until: 12:00}"), ".hours.week[0].days[0]", "is not a day of the week; use mon, tue"},
		"interval backwards":        {week("{days: [mon], from: 22:00, until: 06:00}"), ".hours.week[0].until", "write a later end, and a night as two intervals"},
		"interval of no length":     {week("{days: [mon], from: 08:00, until: 08:00}"), ".hours.week[0].until", "ends before it begins"},
		"intervals that overlap":    {week("{days: [mon], from: 08:00, until: 12:00}, {days: [sun, mon], from: 11:59, until: 17:00}"), ".hours.week", "overlap on mon; let the one begin when the other ends"},
		"time of day that is none":  {week("{days: [mon], from: 8am, until: 12:00}"), ".hours.week[0].from", "is not a time of day"},
		"unknown place":             {"{holidays: {base: FR}}", ".holidays.base", `the holidays of "FR" are not known; right are AT, CH-BE`},
		"country of cantons":        {"{holidays: {base: CH}}", ".holidays.base", "by canton, such as CH-ZH"},
		"added no date":             {"{holidays: {add: [christmas]}}", ".holidays.add[0]", `"christmas" is not a date; write it as 2026-12-24`},
		"added no day of the year":  {"{holidays: {add: [2027-02-29]}}", ".holidays.add[0]", "is not a date"},
		"added twice":               {"{holidays: {add: [2026-12-24, 2026-12-24]}}", ".holidays.add", "in the list twice"},
		"removed no holiday":        {"{holidays: {base: AT, remove: [2026-12-24]}}", ".holidays.remove[0]", "2026-12-24 is no holiday of AT"},
		"removed no name":           {"{holidays: {base: AT, remove: [Karfreitag]}}", ".holidays.remove[0]", `"Karfreitag" is no holiday of AT; right are a date, or Neujahrstag`},
		"removed without base":      {"{holidays: {remove: [Karfreitag]}}", ".holidays.remove[0]", "for there is no base"},
		"escalation to both":        {"{escalate_to: {member: anna, department: marketing}}", ".escalate_to", "one of {member: …} and {department: …}"},
		"escalation to neither":     {"{escalate_to: {}}", ".escalate_to", "one of {member: …} and {department: …}"},
		"escalation to a stranger":  {"{" + rightMembers + ", escalate_to: {member: zoe}}", ".escalate_to.member", `no member of the desk has the id "zoe"`},
		"escalation to nowhere":     {"{escalate_to: {department: board}}", ".escalate_to.department", `no department has the id "board"; the catalog defines`},
		"escalation to itself":      {"{escalate_to: {department: newsletter-desk}}", ".escalate_to.department", "a department cannot escalate to itself"},
		"escalation without a desk": {"{escalate_to: {department: marketing}}", ".escalate_to.department", `the department "marketing" has no desk; give it one`},
		"capacity below one":        {"{answer_capacity: 0}", ".answer_capacity", "use a whole number from 1"},
		"language of no mail":       {"{language: fr}", ".language", "write de or en"},
		"language that is none":     {"{language: deutsch}", ".language", "write a tag such as de or en-GB"},
		"capacity that is no count": {"{answer_capacity: many}", ".answer_capacity", "use a whole number from 1"},
	} {
		document, line := withDesk(t, c.desk)
		problems := refused(t, document)
		if !slices.ContainsFunc(problems, func(p Problem) bool {
			return p.Path == "departments[0].desk"+c.path && strings.Contains(p.Message, c.message) && p.Line == line
		}) {
			t.Errorf("%s: want departments[0].desk%s: %s on line %d, got\n%s", name, c.path, c.message, line, &Invalid{Problems: problems})
		}
	}
}

func TestParse_DesksThatLackSomething_AreWarnedOf(t *testing.T) {
	for name, c := range map[string]struct{ desk, path, message string }{
		"no members":  {"{" + rightHours + ", " + rightHolidays + "}", "", "the desk has no members, so that each of its cases is escalated at once"},
		"no hours":    {"{" + rightMembers + ", " + rightHolidays + "}", "", "Monday to Friday from 09:00 to 17:00 in UTC; add hours"},
		"no holidays": {"{" + rightMembers + ", " + rightHours + "}", "", "deadlines fall on public holidays; add holidays"},
	} {
		document, _ := withDesk(t, c.desk)
		warnings, err := newWarnings(t, "acme.yaml", document)
		if err != nil || len(warnings) != 1 || warnings[0].Path != "departments[0].desk"+c.path || !strings.Contains(warnings[0].Message, c.message) {
			t.Errorf("%s: %v, %v", name, err, warnings)
		}
	}
	document, _ := withDesk(t, "{"+rightMembers+", "+rightHours+", "+rightHolidays+"}")
	if warnings, err := newWarnings(t, "acme.yaml", document); err != nil || len(warnings) != 0 {
		t.Errorf("a whole desk: %v, %v", err, warnings)
	}
}

func TestParse_EscalationInACircle_IsWarnedOf(t *testing.T) {
	document := replaced(t, example(t, "every-key.yaml"), "      escalate_to: {member: cora}\n", "      escalate_to: {department: press}\n")
	_, warnings, err := Parse("catalog.yaml", []byte(document))
	var found []string
	for _, w := range warnings {
		if strings.Contains(w.Message, "in a circle") {
			found = append(found, w.Path+": "+w.Message)
		}
	}
	if err != nil || len(found) != 2 || !strings.Contains(found[0], "departments[0].desk.escalate_to: late cases go in a circle: press, then sales; the officer gets them") {
		t.Errorf("%v, %q", err, found)
	}
}

func TestParse_OneMemberOnTwoDesks_HasOneAddress(t *testing.T) {
	document := replaced(t, example(t, "every-key.yaml"), "{id: cora, email: cora.bauer@netz.example}", "{id: anna, email: cora.bauer@netz.example}, {id: cora, email: c@netz.example}")
	problems := refused(t, document)
	if len(problems) != 1 || problems[0].Path != "departments[1].desk.members[0].email" || !strings.Contains(problems[0].Message, `the member "anna" has another address`) {
		t.Error(problems)
	}
	mustParse(t, replaced(t, document, "{id: anna, email: cora.bauer@netz.example}", "{id: anna, email: anna.moser@netz.example}"))
}

func TestCatalog_MailboxOwners_AreTheDeskElseThoseOfTheSenders(t *testing.T) {
	c := mustParse(t, example(t, "every-key.yaml"))
	for mailbox, want := range map[string][]string{
		"leserpost@netz.example":        {"press"}, // of the desk
		"presse@netz.example":           {"press"}, // complaints_to
		"vertrieb@netz.example":         {"sales"},
		"redaktion@netz.example":        {"press"}, // reply_to
		"tarife@tarife.netz.example":    {"sales"}, // From
		"niemand@netz.example":          nil,
		"anna.moser@netz.example":       nil, // a person
		"stoerung@dienst.netz.example":  {"press"},
		"magazin@mag.netz.example":      {"press"},
		"magazin@mag.netz.example.evil": nil,
	} {
		if diff := cmp.Diff(want, c.MailboxOwners(mailbox)); diff != "" {
			t.Errorf("%s: %s", mailbox, diff)
		}
	}
	c.Departments[1].ComplaintsTo = "presse@netz.example"
	if got := c.MailboxOwners("presse@netz.example"); !slices.Equal(got, []string{"press", "sales"}) {
		t.Errorf("a mailbox that two share is of %v", got)
	}
	if c.Desk("press") != c.Departments[0].Desk || c.Desk("nobody") != nil {
		t.Error("a desk is not found by its department")
	}
}

// TestParse_EveryDesk_HasACalendar holds that what is accepted can be reckoned with.
func TestParse_EveryDesk_HasACalendar(t *testing.T) {
	c := mustParse(t, example(t, "every-key.yaml"))
	for i := range c.Departments {
		if _, err := c.Departments[i].Desk.Calendar(); err != nil {
			t.Errorf("%s: %v", c.Departments[i].ID, err)
		}
	}
}
