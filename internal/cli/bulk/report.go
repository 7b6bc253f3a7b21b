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
	"github.com/assent-io/assent/internal/locale"
)

//go:embed report.html.tmpl
var reportTemplate string

// report gathers what the page of --report shows: texts by outcome, and when it was decided.
type report struct {
	texts   map[outcome]outcomeTexts
	decided time.Time
	// ending counts the addresses that are allowed by a grant that ends within each of the terms.
	ending [len(endTerms)]int64
}

// endTerms are the days within which the page says how many grants end.
//
//nolint:gochecknoglobals // immutable
var endTerms = [...]int{30, 90}

// noteEnd counts an address that is allowed by a grant with an end.
func (r *report) noteEnd(decided, end time.Time) {
	for i, days := range endTerms {
		if !end.After(decided.AddDate(0, 0, days)) {
			r.ending[i]++
		}
	}
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
	Outcomes                               []pageOutcome
	Remedies                               []pageRemedy
	Ending                                 []pageEnding
}

// pageEnding is how many addresses are allowed by a grant that ends within a number of days.
type pageEnding struct{ Days, Count, Share string }

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
	lang := c.language()
	parsed, err := template.New("report").Funcs(template.FuncMap{
		"t": func(key string) string { return locale.Get(key).In(lang) },
	}).Parse(reportTemplate)
	if err != nil {
		return fmt.Errorf("the template of the report: %w", err)
	}
	return parsed.Execute(to, c.page(lang, counts))
}

// language returns the language of the page, which is that of the call.
func (c *fileCheck) language() locale.Language {
	if strings.HasPrefix(strings.ToLower(c.server.Language()), locale.German.Tag()) {
		return locale.German
	}
	return locale.English
}

func (c *fileCheck) page(lang locale.Language, counts []outcomeCount) page {
	text := func(key string) string { return locale.Get(key).In(lang) }
	printer := message.NewPrinter(language.Make(lang.Tag()))
	number := func(n int64) string { return printer.Sprintf("%d", n) }
	all := summarize(c.asked, counts)
	share := func(n int64) string { return printer.Sprintf("%.1f %%", 100*float64(n)/float64(max(all.Addresses, 1))) }
	p := page{
		Language: lang.Tag(), Channel: c.asked.Channel, File: filepath.Base(c.in.Name),
		Decided: c.report.decided.UTC().Format("2006-01-02 15:04 UTC"), Addresses: number(all.Addresses), Allowed: number(all.Allowed),
		AllowedShare: share(all.Allowed),
	}
	if c.asked.Moment.IsPast() {
		p.Past = text("report.past")
		if at := c.asked.Moment.AsOf.String(); at != "" {
			p.Past += "; " + text("report.asOf") + " " + at
		}
		if at := c.asked.Moment.Known.String(); at != "" {
			p.Past += "; " + text("report.knownAsOf") + " " + at
		}
		p.Past += "."
	}
	var broken int64
	for _, row := range counts {
		texts := c.report.texts[row.outcome]
		if row.Verdict == "ERROR" {
			broken += row.Count
			texts.explanation = text("report.brokenNote")
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
	for i, days := range endTerms {
		p.Ending = append(p.Ending, pageEnding{Days: number(int64(days)), Count: number(c.report.ending[i]), Share: share(c.report.ending[i])})
	}
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
