package recipient

import (
	"strconv"
	"strings"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/dossier/wording"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/service/recipient"
)

// viewData fills the page of a person.
type viewData struct {
	frame

	Intro  string
	EndAll *button
	Rows   []rowData
}

// rowData is a channel on the page.
type rowData struct {
	ID, Name, Department, Why, State string
	Buttons                          []button
	Pause                            string // the text of the button; empty: it cannot be paused
}

func (p *pages) viewOf(v *recipient.View, answer *said) *viewData {
	d := &viewData{frame: p.frame(v.Controller)}
	d.Said = answer
	d.Intro = locale.Fill("recipient.intro", locale.Values{
		"address": locale.Same(v.Address), "controller": locale.Same(v.Controller.Name),
	}).In(p.lang)
	if v.CanEndAll {
		d.EndAll = &button{Action: string(recipient.ActEndAll), Text: locale.Get("recipient.endAll").In(p.lang)}
	}
	for i := range v.Rows {
		d.Rows = append(d.Rows, p.rowOf(&v.Rows[i]))
	}
	return d
}

func (p *pages) rowOf(r *recipient.Row) rowData {
	name := locale.Text{EN: r.Channel.Name.EN, DE: r.Channel.Name.DE}
	row := rowData{ID: r.Channel.ID, Name: name.In(p.lang), Why: p.why(r), State: p.state(r)}
	if r.Department != nil {
		row.Department = in(r.Department.Name, p.lang)
	}
	named := locale.Values{"channel": name}
	add := func(can bool, action recipient.Action, text locale.Text, quiet bool) {
		if can {
			row.Buttons = append(row.Buttons, button{Action: string(action), Channel: r.Channel.ID, Text: text.In(p.lang), Quiet: quiet})
		}
	}
	add(r.CanKeep, recipient.ActKeep, locale.Fill("recipient.keep", named), false)
	add(r.CanResume, recipient.ActResume, locale.Fill("recipient.resume", named), true)
	add(r.CanLeave, recipient.ActLeave, locale.Fill("recipient.leave", named), true)
	if r.CanPause {
		row.Pause = locale.Fill("recipient.pause", named).In(p.lang)
	}
	return row
}

// why says what was granted: "consent of 3 March 2026".
func (p *pages) why(r *recipient.Row) string {
	on := locale.Values{"day": dayOf(r.Since)}
	switch r.Basis {
	case "":
		return ""
	case catalog.BasisConsent:
		return locale.Fill("recipient.why.consent", on).In(p.lang)
	case catalog.BasisExistingCustomer:
		return locale.Fill("recipient.why.customer", on).In(p.lang)
	default:
		return locale.Fill("recipient.why.other", on).In(p.lang)
	}
}

// dayOf writes a day as people say it: the German one with the name of the month, as the English one has.
func dayOf(t consent.Instant) locale.Text {
	day := wording.Day(t)
	if t != 0 {
		at := t.Time().In(wording.Zone())
		day.DE = strconv.Itoa(at.Day()) + ". " + strings.Split(locale.Get("recipient.months").DE, " ")[at.Month()-1] + " " + strconv.Itoa(at.Year())
	}
	return day
}

func (p *pages) state(r *recipient.Row) string {
	until := locale.Values{"day": dayOf(r.Until)}
	switch r.State {
	case recipient.Receiving:
		return locale.Get("recipient.state.receiving").In(p.lang)
	case recipient.Left:
		return locale.Get("recipient.state.left").In(p.lang)
	case recipient.Paused:
		return locale.Fill("recipient.state.paused", until).In(p.lang)
	case recipient.Asked:
		return locale.Fill("recipient.state.asked", until).In(p.lang)
	default:
		return locale.Get("recipient.state.inactive").In(p.lang)
	}
}

// asked says, on a page that was opened by the link of an old message, what there is to clear up; nil if nothing is.
func (p *pages) asked(v *recipient.View) *said {
	for i := range v.Rows {
		if r := &v.Rows[i]; v.Old && r.Channel.ID == v.Channel && r.State != recipient.Left {
			text := locale.Get("recipient.old.text")
			if r.CanKeep {
				text = locale.Get("recipient.old.asked")
			}
			return p.say("defer", locale.Get("recipient.old.title"), text)
		}
	}
	return nil
}

// done answers an act.
func (p *pages) done(act *recipient.Act, v *recipient.View, changed bool) *said {
	if !changed {
		return p.say("defer", locale.Get("recipient.done.known"), locale.Text{})
	}
	values, after := locale.Values{"channel": locale.Text{}, "day": locale.Text{}}, recipient.State(0)
	for i := range v.Rows {
		if r := &v.Rows[i]; r.Channel.ID == act.Channel {
			values["channel"] = locale.Text{EN: r.Channel.Name.EN, DE: r.Channel.Name.DE}
			values["day"] = dayOf(r.Until)
			after = r.State
		}
	}
	title := locale.Fill("recipient.done.endAll", locale.Values{"controller": locale.Same(v.Controller.Name)})
	switch act.Action {
	case recipient.ActLeave:
		title = locale.Fill("recipient.done.leave", values)
	case recipient.ActKeep:
		// Something else can stand in the way, such as another spelling of the address, which the row says.
		title = locale.Fill("recipient.done.kept", values)
		if after == recipient.Receiving {
			title = locale.Fill("recipient.done.keep", values)
		}
	case recipient.ActPause:
		title = locale.Fill("recipient.done.paused", values)
		if after == recipient.Paused {
			title = locale.Fill("recipient.done.pause", values)
		}
	case recipient.ActResume:
		title = locale.Fill("recipient.done.resume", values)
	case recipient.ActEndAll:
	}
	return p.say("allow", title, locale.Text{})
}
