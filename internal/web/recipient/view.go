package recipient

import (
	"strconv"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/dossier/wording"
	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/web/translation"
)

// viewData fills the page of a person.
type viewData struct {
	frame

	Intro  string
	EndAll *button
	Rows   []rowData
	Wish   *wishData // nil: it is not offered, and nothing was wished
	Desk   *deskData // nil: it is not offered
}

// rowData is a channel on the page.
type rowData struct {
	ID, Name, Department, Why, State string
	Buttons                          []button
	Pause                            string // the text of the button; empty: it cannot be paused
}

// viewOf fills the page, with the answer to an act where there was one, and what could not be sent.
func (p *pages) viewOf(v *recipient.View, answer *said, unsent draft) *viewData {
	d := &viewData{frame: p.frame(v.Controller), Wish: p.wishOf(&v.Wish), Desk: p.deskOf(v, unsent)}
	d.Said = answer
	d.Intro = p.texts.Fill("recipient.intro", translation.Values{
		"address": v.Address, "controller": v.Controller.Name,
	})
	if v.CanEndAll {
		d.EndAll = &button{Action: string(recipient.ActEndAll), Text: p.texts.Get("recipient.endAll")}
	}
	for i := range v.Rows {
		d.Rows = append(d.Rows, p.rowOf(&v.Rows[i]))
	}
	return d
}

func (p *pages) rowOf(r *recipient.Row) rowData {
	name := p.texts.Called(r.Channel.Name)
	row := rowData{ID: r.Channel.ID, Name: name, Why: p.why(r), State: p.state(r)}
	if r.Department != nil {
		row.Department = p.texts.Called(r.Department.Name)
	}
	named := translation.Values{"channel": name}
	add := func(can bool, action recipient.Action, text string, quiet bool) {
		if can {
			row.Buttons = append(row.Buttons, button{Action: string(action), Channel: r.Channel.ID, Text: text, Quiet: quiet})
		}
	}
	add(r.CanKeep, recipient.ActKeep, p.texts.Fill("recipient.keep", named), false)
	add(r.CanResume, recipient.ActResume, p.texts.Fill("recipient.resume", named), true)
	add(r.CanLeave, recipient.ActLeave, p.texts.Fill("recipient.leave", named), true)
	if r.CanPause {
		row.Pause = p.texts.Fill("recipient.pause", named)
	}
	return row
}

// why says what was granted: "consent of 3 March 2026".
func (p *pages) why(r *recipient.Row) string {
	on := translation.Values{"day": p.dayOf(r.Since)}
	switch r.Basis {
	case "":
		return ""
	case catalog.BasisConsent:
		return p.texts.Fill("recipient.why.consent", on)
	case catalog.BasisExistingCustomer:
		return p.texts.Fill("recipient.why.customer", on)
	default:
		return p.texts.Fill("recipient.why.other", on)
	}
}

// dayOf writes the day of an instant, as people say it; nothing for none.
func (p *pages) dayOf(t consent.Instant) string {
	if t == 0 {
		return ""
	}
	return p.texts.Day(t.Time().In(wording.Zone()))
}

func (p *pages) state(r *recipient.Row) string {
	until := translation.Values{"day": p.dayOf(r.Until)}
	switch r.State {
	case recipient.Receiving:
		return p.texts.Get("recipient.state.receiving")
	case recipient.Left:
		return p.texts.Get("recipient.state.left")
	case recipient.Paused:
		return p.texts.Fill("recipient.state.paused", until)
	case recipient.Asked:
		return p.texts.Fill("recipient.state.asked", until)
	default:
		return p.texts.Get("recipient.state.inactive")
	}
}

// asked says, on a page that was opened by the link of an old message, what there is to clear up; nil if nothing is.
func (p *pages) asked(v *recipient.View) *said {
	for i := range v.Rows {
		if r := &v.Rows[i]; v.Old && r.Channel.ID == v.Channel && r.State != recipient.Left {
			text := p.texts.Get("recipient.old.text")
			if r.CanKeep {
				text = p.texts.Get("recipient.old.asked")
			}
			return p.say("defer", p.texts.Get("recipient.old.title"), text)
		}
	}
	return nil
}

// done answers an act.
func (p *pages) done(act *recipient.Act, v *recipient.View, changed bool) *said {
	if v.About != nil {
		return p.arrived(act, v, changed)
	}
	if !changed {
		return p.say("defer", p.texts.Get("recipient.done.known"), "")
	}
	values, after := translation.Values{"channel": "", "day": ""}, recipient.State(0)
	for i := range v.Rows {
		if r := &v.Rows[i]; r.Channel.ID == act.Channel {
			values["channel"] = p.texts.Called(r.Channel.Name)
			values["day"] = p.dayOf(r.Until)
			after = r.State
		}
	}
	title, text := p.texts.Fill("recipient.done.endAll", translation.Values{"controller": v.Controller.Name}), ""
	switch act.Action {
	case recipient.ActLeave:
		title = p.texts.Fill("recipient.done.leave", values)
	case recipient.ActKeep:
		// Something else can stand in the way, such as another spelling of the address, which the row says.
		title = p.texts.Fill("recipient.done.kept", values)
		if after == recipient.Receiving {
			title = p.texts.Fill("recipient.done.keep", values)
		}
	case recipient.ActPause:
		title = p.texts.Fill("recipient.done.paused", values)
		if after == recipient.Paused {
			title = p.texts.Fill("recipient.done.pause", values)
		}
	case recipient.ActResume:
		title = p.texts.Fill("recipient.done.resume", values)
	case recipient.ActLessOften:
		title = p.texts.Fill("recipient.done.lessOften", translation.Values{"days": strconv.Itoa(v.Wish.Days)})
		text = p.texts.Get("recipient.done.lessOften.text")
	case recipient.ActAsOften:
		title = p.texts.Get("recipient.done.asOften")
	case recipient.ActEndAll, recipient.ActComplain, recipient.ActAskAccess:
	}
	return p.say("allow", title, text)
}
