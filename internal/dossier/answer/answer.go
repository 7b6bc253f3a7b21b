// Package answer writes a dossier as the answer to a request for access (GDPR Art. 15) that is sent to the person.
package answer

import (
	"cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/dossier/paper"
	"github.com/assent-io/assent/internal/locale"
)

// HTML returns the dossier as one page to read and print, in the language of the dossier: no scripts, nothing from elsewhere.
func HTML(d *dossier.Dossier) ([]byte, error) { return paper.HTML(Paper(d)) }

// Paper returns the dossier as people read it: the answer to a request for access (GDPR Art. 15), in the language of the dossier.
func Paper(d *dossier.Dossier) *paper.Paper {
	b := &writer{Dossier: d, lang: d.Lang(), paper: &paper.Paper{Language: d.Language, Made: consent.Instant(d.Made.Time).Time()}}
	p := b.paper
	p.Title, p.Subtitle = b.t("page.title"), b.t("page.subtitle")
	p.Page, p.Of, p.Codes = b.t("page.page"), b.t("page.of"), b.t("page.codes")
	b.writeLetter()
	if holdsNothing(d) {
		b.writeNothing()
		return p
	}
	b.writeControllers()
	b.writePurposes()
	b.writeHeld()
	b.writeEvents()
	b.writeDeclarations()
	b.writeRecipients()
	b.writeRetention()
	b.writeSources()
	b.writeRights()
	b.writeComplaint()
	b.section("page.automated")
	b.add(paper.Paragraph, b.t("page.automatedText"))
	b.writeProof()
	return p
}

// holdsNothing reports whether nothing is held, which one page says.
func holdsNothing(d *dossier.Dossier) bool {
	return d.Subject.Status == dossier.StatusUnknown && len(d.Events) == 0 && len(d.Disclosures) == 0 && len(d.Suppressions) == 0 &&
		!d.HoldsBeside()
}

// writer writes a dossier as a paper in one language.
type writer struct {
	*dossier.Dossier

	lang     locale.Language
	paper    *paper.Paper
	sections int
}

// t returns the text under a key.
func (b *writer) t(key string) string { return locale.Get(key).In(b.lang) }

func (b *writer) in(text locale.Text) string { return text.In(b.lang) }

func (b *writer) day(t dossier.Time) string { return b.in(t.Day()) }

func (b *writer) block(block paper.Block) { b.paper.Blocks = append(b.paper.Blocks, block) }

func (b *writer) add(kind paper.Kind, text string) { b.block(paper.Block{Kind: kind, Text: text}) }

func (b *writer) heading(key string) { b.add(paper.Heading, b.t(key)) }

func (b *writer) section(key string) {
	b.sections++
	b.add(paper.Section, itoa(int64(b.sections))+". "+b.t(key))
}

func (b *writer) list(texts []locale.Text) {
	items := make([]string, len(texts))
	for i, text := range texts {
		items[i] = b.in(text)
	}
	b.block(paper.Block{Kind: paper.List, Items: items})
}

// columns returns the head of a table: the texts under the keys, each with the width in percent of its column.
func (b *writer) columns(widths []int, keys ...string) []paper.Column {
	list := make([]paper.Column, len(keys))
	for i, key := range keys {
		list[i] = paper.Column{Name: b.t(key), Width: widths[i]}
	}
	return list
}

// factRows are the rows of a table of labels and values.
type factRows [][]paper.Cell

// add adds a row unless it has no value.
func (f *factRows) add(label, value string) {
	if value != "" {
		*f = append(*f, []paper.Cell{paper.Text(label), paper.Text(value)})
	}
}

func (b *writer) writeLetter() {
	rows := factRows{{paper.Text(b.t("page.address")), {Lines: []paper.Line{{Text: b.Subject.Address, Style: paper.Strong}}}}}
	r := &b.Request
	rows.add(b.t("page.requester"), r.Name)
	rows.add(b.t("page.fileNumber"), r.FileNumber)
	rows.add(b.t("page.requestDate"), b.in(dateForPeople(r.Date)))
	rows.add(b.t("page.dueDate"), b.in(dateForPeople(r.DueDate)))
	rows.add(b.t("page.identity"), r.IdentityCheck)
	rows.add(b.t("page.asOf"), b.in(b.Made.Time.ForPeople()))
	if only := b.Made.Department; only != nil {
		rows.add(b.t("page.onlyOf"), b.t("page.department")+" "+b.in(only.Name))
	}
	rows.add(b.t("page.onlyOf"), b.controllerName(b.Made.Controller))
	b.block(paper.Block{Kind: paper.Facts, Rows: rows})
	if holdsNothing(b.Dossier) {
		b.add(paper.Paragraph, b.t("page.letterNothing"))
		return
	}
	b.add(paper.Paragraph, b.t("page.letter"))
	b.block(paper.Block{Kind: paper.Summary, Label: b.t("page.status") + ":", Text: b.in(b.status())})
	b.add(paper.Small, b.t("page.person")+" "+b.t("page.zone"))
}

// status says in short what is held, and of an answer about a part that it is one.
func (b *writer) status() locale.Text {
	text := statusText(b.Dossier)
	if b.Made.IsLimited() {
		return locale.Fill("status.limited", locale.Values{"status": text})
	}
	return text
}

// writeNothing says of an address of which nothing is held who says so, and whom the person may complain to.
func (b *writer) writeNothing() {
	b.writeControllers()
	b.section("page.held")
	for _, text := range b.Held.Statements {
		b.add(paper.Paragraph, b.in(text))
	}
	b.writeComplaint()
}

func (b *writer) writeControllers() {
	b.section("page.controllers")
	for i := range b.Controllers {
		c := &b.Controllers[i]
		rows := factRows{{paper.Text(b.t("page.controller")), {Lines: []paper.Line{{Text: c.Name, Style: paper.Strong}, {Text: c.PostalAddress}}}}}
		rows.add(b.t("page.privacy"), c.PrivacyContact)
		rows.add(b.t("page.imprint"), c.ImprintURL)
		rows.add(b.t("page.authority"), c.SupervisoryAuthority)
		b.block(paper.Block{Kind: paper.Facts, Rows: rows})
	}
}

func (b *writer) writePurposes() {
	b.section("page.purposes")
	b.add(paper.Lead, b.t("page.purposesText"))
	table := paper.Block{
		Kind: paper.Table, Columns: b.columns([]int{25, 15, 30, 0}, "page.purpose", "page.standing", "page.basis", "page.why"),
	}
	for i := range b.Channels {
		c := &b.Channels[i]
		answer, why := answerOf(c)
		basis := paper.Text(b.t("page.noBasis"))
		if name := basisOf(c); name.EN != "" {
			basis = paper.Text(b.in(name))
		}
		name := paper.Text(b.in(c.Name))
		name.AddLine(paper.Minor, b.in(className(c.Class)))
		name.AddLine(paper.Minor, b.in(c.Department.Name))
		if len(b.Controllers) > 1 {
			name.AddLine(paper.Minor, b.controllerName(c.Controller))
		}
		table.Rows = append(table.Rows, []paper.Cell{
			name, {Lines: []paper.Line{{Text: b.in(answer), Style: paper.Strong}}}, basis, b.reasons(c, why),
		})
	}
	b.block(table)
	b.heading("page.own")
	own := paper.Block{Kind: paper.Table, Columns: b.columns([]int{0, 0}, "page.purpose", "page.basis")}
	for _, keys := range [][2]string{
		{"page.ownProof", "page.ownProofBasis"}, {"page.ownBlocks", "page.ownBlocksBasis"}, {"page.ownLog", "page.ownLogBasis"},
	} {
		own.Rows = append(own.Rows, []paper.Cell{paper.Text(b.t(keys[0])), paper.Text(b.t(keys[1]))})
	}
	b.block(own)
}

// reasons returns why messages may be sent on a channel or not: what decides, and below it what stands in the way besides.
func (b *writer) reasons(c *dossier.Channel, why locale.Text) paper.Cell {
	cell := paper.Text(b.in(why))
	for _, code := range c.Reasons {
		if text, ok := locale.Find("reason." + code + ".explanation"); ok && code != c.Reason {
			cell.AddLine(paper.Minor, b.in(text))
		}
	}
	if c.RefusedTime != 0 {
		cell.AddLine(paper.Minor, locale.Fill("page.refused", locale.Values{"day": c.RefusedTime.Day()}).In(b.lang))
	}
	return cell
}

func (b *writer) controllerName(id string) string {
	for i := range b.Controllers {
		if b.Controllers[i].ID == id {
			return b.Controllers[i].Name
		}
	}
	return ""
}

func (b *writer) writeHeld() {
	b.section("page.held")
	b.heading("page.categories")
	b.add(paper.Paragraph, b.t("page.categoriesText"))
	b.list(b.Held.Statements)
	b.writeSuppressions()
	b.writeMessages()
	b.writeCases()
}

func (b *writer) writeSuppressions() {
	if len(b.Suppressions) == 0 {
		return
	}
	b.heading("page.suppressions")
	b.add(paper.Lead, b.t("page.suppressionsText"))
	table := paper.Block{
		Kind: paper.Table, Columns: b.columns([]int{25, 0, 15, 15}, "page.scope", "page.why", "page.since", "page.until"),
	}
	for i := range b.Suppressions {
		s := &b.Suppressions[i]
		stops := paper.Text(b.in(s.Stops))
		switch {
		case s.Domain != "":
			stops.AddLine(paper.Minor, locale.Fill("page.ofDomain", locale.Values{"domain": locale.Same(s.Domain)}).In(b.lang))
		case s.Linked:
			stops.AddLine(paper.Minor, b.t("page.ofLinked"))
		}
		until := b.t("page.noEnd")
		if s.UntilTime != 0 {
			until = b.day(s.UntilTime)
		}
		table.Rows = append(table.Rows, []paper.Cell{stops, paper.Text(b.in(s.Explanation)), paper.Text(b.day(s.SinceTime)), paper.Text(until)})
	}
	b.block(table)
}

func (b *writer) writeEvents() {
	b.section("page.events")
	if len(b.Events) == 0 {
		b.add(paper.Paragraph, b.t("page.noEvents"))
		return
	}
	table := paper.Block{Kind: paper.Table, Columns: b.columns([]int{20, 0, 20}, "page.when", "page.event", "page.recordedBy")}
	var before *dossier.Event
	for _, e := range history(b.Dossier) {
		if isSameHold(before, e) {
			when := &table.Rows[len(table.Rows)-1][0]
			when.Lines[len(when.Lines)-1].Text += ", " + itoa(e.Position)
			continue
		}
		before = e
		when := paper.Text(b.day(e.OccurredTime))
		when.AddLine(paper.Minor, b.in(e.OccurredTime.Clock()))
		when.AddLine(paper.Minor, b.t("page.recorded")+" "+b.day(e.RecordedTime))
		when.AddLine(paper.Minor, b.t("page.number")+" "+itoa(e.Position))
		what := paper.Cell{Lines: []paper.Line{{Text: b.in(titleOf(e)), Style: paper.Strong}, {Text: b.in(e.Summary)}}}
		for _, f := range fieldsOf(e, b.Subject.ExactForm) {
			what.Fields = append(what.Fields, paper.Field{Label: b.in(f.Label), Text: b.in(f.Value)})
		}
		table.Rows = append(table.Rows, []paper.Cell{when, what, paper.Text(cmp.Or(b.in(recorderOf(b.Dossier, e)), b.t("page.notTold")))})
	}
	b.block(table)
}

func (b *writer) writeDeclarations() {
	b.section("page.declarations")
	if len(b.Declarations) == 0 {
		b.add(paper.Paragraph, b.t("page.noDeclarations"))
	}
	for i := range b.Declarations {
		of := &b.Declarations[i]
		heading := paper.Block{Kind: paper.Heading, Text: of.ID + ", " + b.t("page.version") + " " + of.Version}
		if of.CatalogVersion != 0 {
			from := locale.Fill("page.wordingFrom", locale.Values{"version": locale.Same(itoa(of.CatalogVersion))})
			heading.Aside = "(" + b.in(from) + ")"
		}
		b.block(heading)
		if of.Text == "" {
			b.add(paper.Paragraph, b.t("page.noWording"))
			continue
		}
		b.block(paper.Block{Kind: paper.Quote, Text: of.Text, Language: of.Language})
	}
}
