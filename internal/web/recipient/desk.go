package recipient

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/service/recipient/concerns"
	"github.com/assent-io/assent/internal/web/translation"
)

// wishData is the part of the page on which a person gets less.
type wishData struct {
	State string
	Days  []daysData
	Set   string // the text of the button; empty: nothing is to choose
	Lift  *button
}

// daysData is one of the choices.
type daysData struct {
	Days   int
	Text   string
	Chosen bool
}

// deskData is the part of the page on which a person complains and asks.
type deskData struct {
	Cases     []caseData
	Complaint complaintData
	Access    string // what a request for access is; empty: one waits already
}

// caseData is a case on the page.
type caseData struct{ Name, Number, Opened, State string }

// complaintData is the form of a complaint.
type complaintData struct {
	About, Hint string
	Most        int
	draft
}

// draft is what a person wrote that could not be sent.
type draft struct {
	Text    string
	Problem string // empty: there is none
}

// most are the characters of a complaint, as they are shown.
func most() translation.Values {
	return translation.Values{"most": strconv.Itoa(concerns.MaxComplaint)}
}

// wishOf shows how seldom the person wants marketing; nil where that is neither said nor to be said.
func (p *pages) wishOf(w *concerns.Wish) *wishData {
	if !w.Offered && w.Days == 0 {
		return nil
	}
	d := &wishData{State: p.texts.Get("recipient.lessOften.text")}
	within := func(key string, days int) string {
		return p.texts.Fill(key, translation.Values{"days": strconv.Itoa(days)})
	}
	if w.Days != 0 {
		d.State = within("recipient.lessOften.state", w.Days)
		if !w.Kept {
			d.State = within("recipient.lessOften.unkept", w.Days)
		}
		d.Lift = &button{Action: string(recipient.ActAsOften), Text: p.texts.Get("recipient.lessOften.lift"), Quiet: true}
	}
	if !w.Offered {
		return d
	}
	d.Set = p.texts.Get("recipient.lessOften.set")
	if w.Days != 0 {
		d.Set = p.texts.Get("recipient.lessOften.change")
	}
	for _, days := range concerns.WishDays() {
		d.Days = append(d.Days, daysData{days, within("recipient.lessOften.days", days), days == w.Days})
	}
	return d
}

// deskOf shows what the person complained of and asked for, and what they can; nil where nothing of it is offered.
func (p *pages) deskOf(v *recipient.View, unsent draft) *deskData {
	if !v.OpensCases {
		return nil
	}
	d := &deskData{
		Complaint: complaintData{Hint: p.texts.Fill("recipient.complain.hint", most()), Most: concerns.MaxComplaint, draft: unsent},
		Access: p.texts.Fill("recipient.access.text", translation.Values{
			"controller": v.Controller.Name, "address": v.Address,
		}),
	}
	for i := range v.Rows {
		if r := &v.Rows[i]; r.Channel.ID == v.Channel && r.Department != nil {
			d.Complaint.About = p.texts.Fill("recipient.complain.text", translation.Values{"department": p.texts.Called(r.Department.Name)})
		}
	}
	for i := range v.Cases {
		c := &v.Cases[i]
		d.Cases = append(d.Cases, p.caseOf(c, v.Now))
		if c.Kind == casework.Access && c.State != casework.Closed {
			d.Access = ""
		}
	}
	return d
}

// caseOf says how far a case is.
func (p *pages) caseOf(c *concerns.Case, now consent.Instant) caseData {
	key := "recipient.cases.complaint"
	if c.Kind == casework.Access {
		key = "recipient.cases.access"
	}
	on := func(key string, at consent.Instant) string {
		return p.texts.Fill(key, translation.Values{"day": p.dayOf(at)})
	}
	due := translation.Values{"day": p.dueDay(c)}
	d := caseData{Name: p.texts.Get(key), Number: c.Number, Opened: on("recipient.cases.opened", c.Opened)}
	switch {
	case c.State == casework.Closed:
		d.State = on("recipient.cases.closed", c.Closed)
	case c.State == casework.Answered:
		d.State = on("recipient.cases.answered", c.Answered)
	case c.Due <= now:
		d.State = p.texts.Fill("recipient.cases.late", due)
	default:
		d.State = p.texts.Fill("recipient.cases.open", due)
	}
	return d
}

// dueDay writes the last day on which the answer to a case is in time.
func (p *pages) dueDay(c *concerns.Case) string { return p.texts.Day(c.DueDay.At(0)) }

// arrived answers an act that opened a case, or found it open.
func (p *pages) arrived(act *recipient.Act, v *recipient.View, opened bool) *said {
	c, complaint := v.About, act.Action == recipient.ActComplain
	title, kind := "", "allow"
	switch {
	case complaint && opened:
		title = p.texts.Get("recipient.done.complain")
	case complaint:
		title, kind = p.texts.Get("recipient.done.complain.known"), "defer"
	case opened:
		title = p.texts.Get("recipient.done.access")
	default:
		title, kind = p.texts.Get("recipient.done.access.known"), "defer"
	}
	text := p.caseOf(c, v.Now).State
	if c.State == casework.Open && c.Due > v.Now {
		text = p.texts.Fill("recipient.done.answer", translation.Values{"address": v.Address, "day": p.dueDay(c)})
	}
	answer := p.say(kind, title, text)
	answer.Number = c.Number
	if complaint {
		answer.Note = p.texts.Get("recipient.complain.note")
	}
	return answer
}

// subjectOf returns what a case is called that an action opens; empty: it opens none.
func (p *pages) subjectOf(action recipient.Action) string {
	switch action {
	case recipient.ActComplain:
		return p.texts.Get("recipient.complain.subject")
	case recipient.ActAskAccess:
		return p.texts.Get("recipient.access.subject")
	default:
		return ""
	}
}

// unsent returns what to say of a complaint or a request that was not taken, with the code of the answer; false: that is not why the act failed.
func (p *pages) unsent(act *recipient.Act, err error) (answer *said, kept draft, code int, is bool) {
	kept.Text = act.Text
	refused, _ := errors.AsType[*fault.Error](err)
	switch {
	case errors.Is(err, concerns.ErrManyCases):
		text := p.texts.Fill("recipient.cases.many.text", translation.Values{"most": strconv.Itoa(concerns.MaxCases)})
		return p.say("deny", p.texts.Get("recipient.cases.many"), text), kept, http.StatusTooManyRequests, true
	case refused == nil || refused.Code != fault.InvalidRequest || refused.Field != "text":
		return nil, draft{}, 0, false
	}
	kept.Problem = p.texts.Fill("recipient.complain.long", most())
	if strings.TrimSpace(act.Text) == "" {
		kept.Problem = p.texts.Get("recipient.complain.empty")
	}
	return p.say("deny", kept.Problem, ""), kept, http.StatusBadRequest, true
}

// askAgain shows the page with what could not be sent, and reports whether that is why the act failed.
func (h *Handler) askAgain(ctx context.Context, w http.ResponseWriter, r *http.Request, p *pages, act *recipient.Act, err error) bool {
	answer, kept, code, is := p.unsent(act, err)
	if !is {
		return false
	}
	view, err := h.opts.Links.View(ctx, r.PathValue("token"))
	if err != nil {
		h.fail(w, r, p, err)
		return true
	}
	p.page.Write(w, code, p.viewOf(view, answer, kept))
	return true
}
