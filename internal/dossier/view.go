package dossier

import (
	"cmp"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/dossier/wording"
	"github.com/assent-io/assent/internal/locale"
)

// view is the dossier as the page shows it.
type view struct {
	*Dossier

	Status     locale.Text
	Nothing    bool // nothing is held
	Purposes   []purposeRow
	Blocks     []blockRow
	History    []eventRow
	Recipients []recipientRow
	Countries  []locale.Text // what is said of transfers to other countries
	Retention  []locale.Text
	Sources    []locale.Text
	Authority  bool // a controller names its supervisory authority
}

type purposeRow struct {
	Name, Department, Class, Answer, Why locale.Text
	Basis                                locale.Text // that is relied on; empty: none
}

type blockRow struct {
	Stops, Of, Why locale.Text
	Since, Until   Time
}

type eventRow struct {
	*Event

	Title    locale.Text
	Recorder locale.Text
	Fields   []field
}

// field is a line about an event; a value that is the same in both languages stands in both.
type field struct {
	Label locale.Text
	Value locale.Text
}

type recipientRow struct {
	Recipient

	RoleName locale.Text
	Channel  Named
	From, To string
	Count    int64
}

func viewOf(d *Dossier) *view {
	v := &view{Dossier: d, Status: statusText(d)}
	v.Nothing = d.Subject.Status == StatusUnknown && len(d.Events) == 0 && len(d.Disclosures) == 0 && len(d.Suppressions) == 0
	for i := range d.Channels {
		v.Purposes = append(v.Purposes, purposeOfChannel(&d.Channels[i]))
	}
	for i := range d.Suppressions {
		s := &d.Suppressions[i]
		row := blockRow{Stops: s.Stops, Why: s.Explanation, Since: s.SinceTime, Until: s.UntilTime}
		switch {
		case s.Domain != "":
			row.Of = locale.Fill("page.ofDomain", locale.Values{"domain": locale.Same(s.Domain)})
		case s.Linked:
			row.Of = locale.Get("page.ofLinked")
		}
		v.Blocks = append(v.Blocks, row)
	}
	for i := range d.Events {
		e := &d.Events[i]
		v.History = append(v.History, eventRow{
			Event: e, Title: titleOf(e), Recorder: d.recorderOf(e), Fields: fieldsOf(e, d.Subject.ExactForm),
		})
	}
	// People read what happened in the order in which it happened, not in that in which it was recorded.
	slices.SortStableFunc(v.History, func(a, b eventRow) int { return cmp.Compare(a.OccurredTime, b.OccurredTime) })
	v.Recipients = recipientsOf(d)
	v.Countries = countriesOf(v.Recipients)
	v.Sources = sourcesOf(d.Events)
	for i := range d.Retention {
		v.Retention = append(v.Retention, d.Retention[i].Text)
	}
	for i := range d.Controllers {
		c := &d.Controllers[i]
		v.Authority = v.Authority || c.SupervisoryAuthority != ""
		if c.RetentionNote.EN != "" {
			v.Retention = append(v.Retention, locale.Fill("retention.ofController", locale.Values{
				"name": locale.Same(c.Name), "note": c.RetentionNote,
			}))
		}
	}
	return v
}

// purposeOfChannel says of a channel whether it may be used, and on which legal basis. Messages that need no consent have one only with what
// they are about.
func purposeOfChannel(c *Channel) purposeRow {
	row := purposeRow{Name: c.Name, Department: c.Department.Name, Class: className(c.Class)}
	row.Answer, row.Why = answerOf(c)
	switch {
	case c.LegalBasis != "":
		row.Basis = basisName(c.LegalBasis)
	case c.Reason == string(consent.CodeReferenceMissing) && len(c.LegalBases) > 0:
		row.Basis = basisName(c.LegalBases[0])
	}
	return row
}

// recorderOf names the client that recorded an event: as the list of recipients does, or by its department, or else by its id.
func (d *Dossier) recorderOf(e *Event) locale.Text {
	for i := range d.Recipients {
		if r := &d.Recipients[i]; r.Client == e.Actor && r.Name != "" {
			return locale.Same(r.Name)
		}
	}
	if e.ActorDepartment != nil {
		return e.ActorDepartment.Name
	}
	return locale.Same(e.Actor)
}

// recipientsOf puts the days of each client and channel together.
func recipientsOf(d *Dossier) []recipientRow {
	var rows []recipientRow
	for i := range d.Disclosures {
		o := &d.Disclosures[i]
		at := slices.IndexFunc(rows, func(r recipientRow) bool { return r.Client == o.Client && r.Channel.ID == o.Channel.ID })
		if at < 0 {
			row := recipientRow{Recipient: Recipient{Client: o.Client}, Channel: o.Channel, From: o.Day, To: o.Day}
			if of := slices.IndexFunc(d.Recipients, func(r Recipient) bool { return r.Client == o.Client }); of >= 0 {
				row.Recipient = d.Recipients[of]
			}
			if row.Role != "" {
				row.RoleName = locale.Name("role", row.Role)
			}
			rows = append(rows, row)
			at = len(rows) - 1
		}
		r := &rows[at]
		r.From, r.To, r.Count = min(r.From, o.Day), max(r.To, o.Day), r.Count+o.Count
	}
	slices.SortStableFunc(rows, func(a, b recipientRow) int {
		return cmp.Or(cmp.Compare(a.Client, b.Client), cmp.Compare(a.Channel.ID, b.Channel.ID))
	})
	return rows
}

// countriesOf says whether the recipients are in third countries (GDPR Art. 15(2)), and of which that is not known.
func countriesOf(rows []recipientRow) []locale.Text {
	var outside, missing []string
	for i := range rows {
		switch r := &rows[i]; {
		case r.Country == "":
			missing = append(missing, r.Client)
		case !slices.Contains(wording.EconomicArea(), r.Country):
			outside = append(outside, r.Country)
		}
	}
	var list []locale.Text
	if len(outside) > 0 {
		list = append(list, locale.Fill("page.outside", locale.Values{"countries": joined(outside)}))
	}
	if len(missing) > 0 {
		list = append(list, locale.Fill("page.countryMissing", locale.Values{"recipients": joined(missing)}))
	}
	if list == nil {
		list = append(list, locale.Get("page.inside"))
	}
	return list
}

// joined lists what is the same in both languages, each once.
func joined(list []string) locale.Text {
	slices.Sort(list)
	var texts []locale.Text
	for _, one := range slices.Compact(list) {
		texts = append(texts, locale.Same(one))
	}
	return locale.Join(texts)
}

// sourcesOf counts the events by where they come from.
func sourcesOf(events []Event) []locale.Text {
	var order []locale.Text
	counts := map[locale.Text]int{}
	for i := range events {
		source := originOf(&events[i])
		if counts[source]++; counts[source] == 1 {
			order = append(order, source)
		}
	}
	slices.SortStableFunc(order, func(a, b locale.Text) int { return cmp.Compare(counts[b], counts[a]) })
	var list []locale.Text
	for _, source := range order {
		list = append(list, locale.Count("source.count", counts[source], locale.Values{"source": source}))
	}
	return list
}

// originOf says where an event comes from (GDPR Art. 15(1)(g)): its source where one was stated, else what follows from what it is.
func originOf(e *Event) locale.Text {
	if e.Source != "" {
		return sourceName(e.Source)
	}
	if e.Kind == consent.KindSuppress.String() {
		switch consent.Reason(e.Reason) {
		case consent.ReasonExternalList:
			return locale.Fill("origin.list", locale.Values{"list": locale.Same(e.List)})
		case consent.ReasonComplaint:
			return locale.Get("origin.complaint")
		case consent.ReasonHardBounce:
			return locale.Get("origin.bounce")
		case consent.ReasonObjection:
			return locale.Get("origin.person")
		default:
			return locale.Get("origin.controller")
		}
	}
	kind, _ := consent.KindNamed(e.Kind)
	switch {
	case e.Of != "", e.LegalBasis != "" && e.LegalBasis != string(catalog.BasisConsent):
		return sourceName("")
	case kind == consent.KindConfirm:
		return locale.Get("origin.mail")
	case kind == consent.KindRequest, kind == consent.KindGrant, kind == consent.KindWithdraw, kind == consent.KindRefuse, kind == consent.KindErase:
		return locale.Get("origin.person")
	default:
		return locale.Get("origin.controller")
	}
}
