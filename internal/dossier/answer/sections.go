package answer

import (
	"cmp"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/dossier/paper"
	"github.com/assent-io/assent/internal/dossier/wording"
	"github.com/assent-io/assent/internal/locale"
)

// basisOf returns the legal basis that is relied on for messages on a channel; nothing where they may not be sent. Messages that need no
// consent have one only with what they are about.
func basisOf(c *dossier.Channel) locale.Text {
	switch {
	case c.LegalBasis != "":
		return basisName(c.LegalBasis)
	case c.Reason == string(consent.CodeReferenceMissing) && len(c.LegalBases) > 0:
		return basisName(c.LegalBases[0])
	default:
		return locale.Text{}
	}
}

// history returns the events in the order in which they happened, as people read them.
func history(d *dossier.Dossier) []*dossier.Event {
	list := make([]*dossier.Event, len(d.Events))
	for i := range d.Events {
		list[i] = &d.Events[i]
	}
	slices.SortStableFunc(list, func(a, b *dossier.Event) int { return cmp.Compare(a.OccurredTime, b.OccurredTime) })
	return list
}

// isSameHold reports whether two events are one legal hold, or its end: it is recorded for the address and for its mailbox.
func isSameHold(a, b *dossier.Event) bool {
	return a != nil && a.Kind == b.Kind && (a.Kind == "hold" || a.Kind == "release") && a.RecordedTime == b.RecordedTime
}

// recorderOf names the client that recorded an event: as the list of recipients does, or by its department, or else by its id.
func recorderOf(d *dossier.Dossier, e *dossier.Event) locale.Text {
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

// recipientRow is what one client learnt on one channel.
type recipientRow struct {
	dossier.Recipient

	Channel  dossier.Named
	From, To string
	Count    int64
}

// recipientsOf puts the days of each client and channel together.
func recipientsOf(d *dossier.Dossier) []recipientRow {
	var rows []recipientRow
	for i := range d.Disclosures {
		o := &d.Disclosures[i]
		at := slices.IndexFunc(rows, func(r recipientRow) bool { return r.Client == o.Client && r.Channel.ID == o.Channel.ID })
		if at < 0 {
			row := recipientRow{Recipient: dossier.Recipient{Client: o.Client}, Channel: o.Channel, From: o.Day, To: o.Day}
			if of := slices.IndexFunc(d.Recipients, func(r dossier.Recipient) bool { return r.Client == o.Client }); of >= 0 {
				row.Recipient = d.Recipients[of]
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
	var outside, missing []locale.Text
	for i := range rows {
		switch r := &rows[i]; {
		case r.Country == "":
			missing = append(missing, locale.Same(cmp.Or(r.Name, r.Client)))
		case !slices.Contains(wording.EconomicArea(), r.Country):
			outside = append(outside, wording.Country(r.Country))
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

// joined lists texts, each once.
func joined(list []locale.Text) locale.Text {
	slices.SortFunc(list, func(a, b locale.Text) int { return cmp.Compare(a.EN, b.EN) })
	return locale.Join(slices.Compact(list))
}

// sourcesOf counts the events by where they come from.
func sourcesOf(events []dossier.Event) []locale.Text {
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
func originOf(e *dossier.Event) locale.Text {
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
		case consent.ReasonObjection, consent.ReasonUnsubscribeUnclear:
			return locale.Get("origin.person")
		default:
			return locale.Get("origin.controller")
		}
	}
	kind, _ := consent.KindNamed(e.Kind)
	switch {
	case e.Of != "":
		return locale.Get("origin.elsewhere")
	case e.LegalBasis != "" && e.LegalBasis != string(catalog.BasisConsent):
		return sourceName("")
	case kind == consent.KindConfirm:
		return locale.Get("origin.mail")
	case kind == consent.KindRequest, kind == consent.KindGrant, kind == consent.KindWithdraw, kind == consent.KindRefuse, kind == consent.KindErase:
		return locale.Get("origin.person")
	default:
		return locale.Get("origin.controller")
	}
}

func (b *writer) writeRecipients() {
	b.section("page.recipients")
	rows := recipientsOf(b.Dossier)
	if len(rows) == 0 {
		b.add(paper.Paragraph, b.t("page.noRecipients"))
	} else {
		b.add(paper.Lead, b.t("page.recipientsText"))
		table := paper.Block{Kind: paper.Table, Columns: b.columns(
			[]int{30, 0, 13, 13, 13, 11}, "page.recipient", "page.purpose", "page.country", "page.from", "page.to", "page.count")}
		for i := range rows {
			table.Rows = append(table.Rows, b.recipientCells(&rows[i]))
		}
		b.block(table)
	}
	if len(rows) == 0 {
		return
	}
	b.heading("page.countries")
	for _, text := range countriesOf(rows) {
		b.add(paper.Paragraph, b.in(text))
	}
}

func (b *writer) recipientCells(r *recipientRow) []paper.Cell {
	name := paper.Text(r.Name)
	if r.Name == "" {
		name = paper.Text(r.Client)
		name.AddLine(paper.Minor, b.t("page.missing"))
	}
	name.AddLine(paper.Minor, r.PostalAddress)
	if r.Role != "" {
		name.AddLine(paper.Minor, b.in(locale.Name("role", r.Role)))
	}
	return []paper.Cell{
		name, paper.Text(b.in(r.Channel.Name)), paper.Text(b.in(wording.Country(r.Country))),
		paper.Text(b.in(dateForPeople(r.From))), paper.Text(b.in(dateForPeople(r.To))), paper.Text(itoa(r.Count)),
	}
}

func (b *writer) writeRetention() {
	b.section("page.retention")
	var list []locale.Text
	for i := range b.Retention {
		list = append(list, b.Retention[i].Text)
	}
	for i := range b.Controllers {
		if c := &b.Controllers[i]; c.RetentionNote.EN != "" {
			list = append(list, locale.Fill("retention.ofController", locale.Values{"name": locale.Same(c.Name), "note": c.RetentionNote}))
		}
	}
	b.list(list)
	if isOnHold(b.Dossier) {
		b.add(paper.Paragraph, b.t("page.onHold"))
	}
}

// isOnHold reports whether a legal hold is in force.
func isOnHold(d *dossier.Dossier) bool {
	held := false
	for _, e := range history(d) {
		switch {
		case e.VoidedBy != 0:
		case e.Kind == "hold":
			held = true
		case e.Kind == "release":
			held = false
		}
	}
	return held
}

func (b *writer) writeSources() {
	b.section("page.source")
	if len(b.Events) == 0 {
		b.add(paper.Paragraph, b.t("page.noEvents"))
		return
	}
	b.add(paper.Lead, b.t("page.sourceText"))
	b.list(sourcesOf(b.Events))
}

func (b *writer) writeRights() {
	b.section("page.rights")
	b.add(paper.Lead, b.t("page.rightsText"))
	b.list([]locale.Text{
		locale.Get("page.right16"), locale.Get("page.right17"), locale.Get("page.right18"), locale.Get("page.right19"), locale.Get("page.right20"),
	})
	b.add(paper.Paragraph, b.t("page.rightNo"))
	b.add(paper.Paragraph, b.t("page.right21"))
}

func (b *writer) writeComplaint() {
	b.section("page.complaint")
	text := b.t("page.complaintText")
	if slices.ContainsFunc(b.Controllers, func(c dossier.Controller) bool { return c.SupervisoryAuthority != "" }) {
		text += " " + b.t("page.complaintOwn")
	}
	b.add(paper.Paragraph, text)
}

func (b *writer) writeProof() {
	b.section("page.proof")
	b.add(paper.Paragraph, b.t("page.proofText"))
	b.heading("page.checkpoint")
	b.add(paper.Code, b.Made.Checkpoint)
	b.heading("page.verifierKey")
	b.add(paper.Code, b.Made.VerifierKey)
	b.heading("page.rules")
	table := paper.Block{Kind: paper.Table, Columns: b.columns([]int{15, 30, 0}, "page.version", "page.effective", "page.document")}
	for i := range b.Catalogs {
		c := &b.Catalogs[i]
		since := paper.Text(b.t("page.always"))
		if c.EffectiveTime != 0 {
			since = paper.Text(b.day(c.EffectiveTime))
		}
		if c.InForce {
			since.AddLine(paper.Minor, b.t("page.current"))
		}
		table.Rows = append(table.Rows, []paper.Cell{
			paper.Text(itoa(c.Version)), since, {Lines: []paper.Line{{Text: c.SHA256, Style: paper.Minor}}},
		})
	}
	b.block(table)
}
