package bulk

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/value"
)

//go:embed report.html.tmpl
var reportTemplate string

// report gathers what the page of --report shows: texts by outcome, and when it was decided.
type report struct {
	texts   map[outcome]outcomeTexts
	decided time.Time
}

// outcomeTexts are the sentences of the server about an outcome, in the language of the call.
type outcomeTexts struct {
	explanation string
	remedy      string
}

// note keeps the sentences of an outcome.
func (r *report) note(o *answered) {
	if r.texts == nil {
		r.texts = map[outcome]outcomeTexts{}
	}
	if o.decision == nil {
		return
	}
	r.texts[o.outcome] = outcomeTexts{o.decision.GetExplanation(), o.decision.GetRemedy()}
	if at := o.decision.GetDecidedTime().AsTime(); at.After(r.decided) {
		r.decided = at
	}
}

// page is the data of the template; numbers are written in the language of the page.
type page struct {
	Language, Channel, File, Decided, Past string
	Addresses, Allowed, Denied, Broken     string
	AllowedShare                           string
	Text                                   pageText
	Outcomes                               []pageOutcome
	Remedies                               []pageRemedy
}

// pageOutcome is a bar of the chart.
type pageOutcome struct {
	Verdict, Reason, Explanation, Class, Count, Share string
	// Width is that of the bar in percent of the longest.
	Width float64
}

// pageRemedy is what would win back addresses, with the reasons that it is about.
type pageRemedy struct {
	Remedy  string
	Reasons []string
	Count   string
	count   int64
}

// writePage writes the page about a check of a file.
func (c *fileCheck) writePage(to io.Writer, counts []outcomeCount) error {
	parsed, err := template.New("report").Parse(reportTemplate)
	if err != nil {
		return fmt.Errorf("the template of the report: %w", err)
	}
	return parsed.Execute(to, c.page(counts))
}

func (c *fileCheck) page(counts []outcomeCount) page {
	tag, text := language.English, englishPage()
	if strings.HasPrefix(strings.ToLower(c.server.Language()), "de") {
		tag, text = language.German, germanPage()
	}
	printer := message.NewPrinter(tag)
	number := func(n int64) string { return printer.Sprintf("%d", n) }
	all := summarize(c.asked, counts)
	share := func(n int64) string { return printer.Sprintf("%.1f %%", 100*float64(n)/float64(max(all.Addresses, 1))) }
	p := page{
		Language: tag.String(), Channel: c.asked.Channel, File: filepath.Base(c.in.Name), Text: text,
		Decided: c.report.decided.UTC().Format("2006-01-02 15:04 UTC"), Addresses: number(all.Addresses), Allowed: number(all.Allowed),
		AllowedShare: share(all.Allowed),
	}
	if c.asked.Moment.IsPast() {
		p.Past = text.Past
		if at := c.asked.Moment.AsOf.String(); at != "" {
			p.Past += "; " + text.AsOf + " " + at
		}
		if at := c.asked.Moment.Known.String(); at != "" {
			p.Past += "; " + text.KnownAsOf + " " + at
		}
		p.Past += "."
	}
	var broken int64
	for _, row := range counts {
		texts := c.report.texts[row.outcome]
		if row.Verdict == "ERROR" {
			broken += row.Count
			texts.explanation = text.BrokenNote
		}
		p.Outcomes = append(p.Outcomes, pageOutcome{
			Verdict: row.Verdict, Reason: row.Reason, Explanation: texts.explanation, Class: classOf(row.Verdict), Count: number(row.Count),
			Share: share(row.Count), Width: 100 * float64(row.Count) / float64(counts[0].Count),
		})
	}
	p.Denied = number(all.Denied - broken)
	if broken > 0 {
		p.Broken = number(broken)
	}
	p.Remedies = c.remedies(counts, number)
	return p
}

// remedies sums up the addresses that are not allowed by what would change that, the most first.
func (c *fileCheck) remedies(counts []outcomeCount, number func(int64) string) []pageRemedy {
	var all []pageRemedy
	for _, row := range counts {
		remedy := c.report.texts[row.outcome].remedy
		if remedy == "" || row.Verdict == value.VerdictName(assentv1.Verdict_VERDICT_ALLOW) {
			continue
		}
		at := slices.IndexFunc(all, func(r pageRemedy) bool { return r.Remedy == remedy })
		if at < 0 {
			at = len(all)
			all = append(all, pageRemedy{Remedy: remedy})
		}
		all[at].count += row.Count
		all[at].Reasons = append(all[at].Reasons, row.Reason)
	}
	slices.SortStableFunc(all, func(x, y pageRemedy) int { return cmp.Compare(y.count, x.count) })
	for i := range all {
		all[i].Count = number(all[i].count)
	}
	return all
}

// classOf returns the class of the style for a verdict.
func classOf(verdict string) string {
	switch verdict {
	case "ALLOW":
		return "yes"
	case "DENY":
		return "no"
	case "DEFER":
		return "wait"
	default:
		return "bad"
	}
}

// pageText are the fixed texts of the page.
type pageText struct {
	Title, Channel, File, Decided, Addresses, Allowed, Denied, Broken, BrokenNote, Past, AsOf, KnownAsOf string
	Reasons, Reason, Count, WinBack, WinBackNote, Remedy, UpTo, Foot                                     string
}

func englishPage() pageText {
	return pageText{
		Title: "Who may be written to", Channel: "Channel", File: "File", Decided: "Decided at", Addresses: "addresses",
		Allowed: "may be written to", Denied: "may not", Broken: "are no valid addresses", BrokenNote: "This is no valid e-mail address.",
		Past: "These answers are about the past and not for sending now", AsOf: "as of", KnownAsOf: "as known at",
		Reasons: "Reasons", Reason: "Reason", Count: "Addresses", WinBack: "What would win back how many",
		WinBackNote: "The most addresses that each step can win back. An address may have further reasons, which show after the first is gone. " +
			"Respect a person's no. A mail that asks for consent is advertising itself: ask on a web page, in a shop or on paper.",
		Remedy: "What has to happen", UpTo: "Up to",
		Foot: "This page holds numbers only, no addresses. It was made by assent check --file --report.",
	}
}

func germanPage() pageText {
	return pageText{
		Title: "Wer angeschrieben werden darf", Channel: "Kanal", File: "Datei", Decided: "Entschieden am", Addresses: "Adressen",
		Allowed: "dürfen angeschrieben werden", Denied: "dürfen nicht angeschrieben werden", Broken: "sind keine gültigen Adressen",
		BrokenNote: "Das ist keine gültige E-Mail-Adresse.",
		Past:       "Diese Antworten gelten für die Vergangenheit und nicht für einen Versand jetzt",
		AsOf:       "Stand", KnownAsOf: "nach dem, was bekannt war bei",
		Reasons: "Gründe", Reason: "Grund", Count: "Adressen", WinBack: "Was wie viele zurückgewinnen würde",
		WinBackNote: "Wie viele Adressen jeder Schritt höchstens zurückgewinnt. Eine Adresse kann weitere Gründe haben, die sich erst danach " +
			"zeigen. Ein Nein der Person ist zu achten. Eine E-Mail, die um Einwilligung bittet, ist selbst Werbung: Fragen Sie auf einer " +
			"Webseite, im Geschäft oder auf Papier.",
		Remedy: "Was geschehen muss", UpTo: "Höchstens",
		Foot: "Diese Seite enthält nur Zahlen und keine Adressen. Erstellt mit assent check --file --report.",
	}
}
