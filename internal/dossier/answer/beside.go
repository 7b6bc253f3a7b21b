package answer

import (
	"strings"

	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/dossier/paper"
	"github.com/assent-io/assent/internal/locale"
)

// writeMessages lists the messages of marketing that the person got, or is to get.
func (b *writer) writeMessages() {
	if len(b.Messages) == 0 {
		return
	}
	b.heading("page.messages")
	b.add(paper.Lead, b.t("page.messagesText"))
	table := paper.Block{Kind: paper.Table, Columns: b.columns([]int{20, 20, 0, 25}, "page.when", "page.messageState", "page.purpose", "page.sender")}
	for i := range b.Messages {
		m := &b.Messages[i]
		when := paper.Text(b.day(m.Time))
		when.AddLine(paper.Minor, b.in(m.Time.Clock()))
		what := paper.Text(b.in(m.Channel.Name))
		what.AddLine(paper.Minor, m.Send)
		table.Rows = append(table.Rows, []paper.Cell{when, paper.Text(b.in(locale.Name("message", m.State))), what, paper.Text(m.SenderIdentity)})
	}
	b.block(table)
}

// writeCases lists what the person complained of and asked, with what they wrote.
func (b *writer) writeCases() {
	if len(b.Cases) == 0 {
		return
	}
	b.heading("page.cases")
	b.add(paper.Lead, b.t("page.casesText"))
	table := paper.Block{Kind: paper.Table, Columns: b.columns([]int{20, 25, 0}, "page.when", "page.case", "page.letters")}
	for i := range b.Cases {
		table.Rows = append(table.Rows, b.caseCells(&b.Cases[i]))
	}
	b.block(table)
}

func (b *writer) caseCells(c *dossier.Case) []paper.Cell {
	when := paper.Text(b.day(c.ReceivedTime))
	when.AddLine(paper.Minor, b.t("page.caseOpened")+" "+b.day(c.OpenedTime))
	if c.AnsweredTime != 0 {
		when.AddLine(paper.Minor, b.t("page.caseAnswered")+" "+b.day(c.AnsweredTime))
	}
	if c.ClosedTime != 0 {
		when.AddLine(paper.Minor, b.t("page.caseClosed")+" "+b.day(c.ClosedTime))
	}
	what := paper.Cell{Lines: []paper.Line{{Text: c.Number, Style: paper.Strong}, {Text: b.in(locale.Name("case.kind", c.Kind))}}}
	what.AddLine(paper.Minor, b.in(locale.Name("case.state", c.State)))
	if c.Outcome != "" {
		what.AddLine(paper.Minor, b.in(locale.Name("case.outcome", c.Outcome)))
	}
	if c.Department != nil {
		what.AddLine(paper.Minor, b.in(c.Department.Name))
	}
	wrote := paper.Cell{Lines: []paper.Line{}}
	wrote.AddLine(paper.Strong, c.Subject)
	for i := range c.Letters {
		l := &c.Letters[i]
		wrote.AddLine(paper.Minor, b.day(l.Time))
		for line := range strings.Lines(l.Text) {
			if line = strings.TrimSpace(line); line != "" {
				wrote.Lines = append(wrote.Lines, paper.Line{Text: line})
			}
		}
	}
	if len(wrote.Lines) == 0 {
		wrote = paper.Text(b.t("page.noLetters"))
	}
	return []paper.Cell{when, what, wrote}
}
