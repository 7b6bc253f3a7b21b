package recipient

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/service/recipient/concerns"
)

// servePage shows the page of a person.
func (h *Handler) servePage(w http.ResponseWriter, r *http.Request) {
	p := h.in(r)
	if !h.within(w, r, p) {
		return
	}
	view, err := h.opts.Links.View(r.Context(), r.PathValue("token"))
	if err != nil {
		h.fail(w, r, p, err)
		return
	}
	p.page.Write(w, http.StatusOK, p.viewOf(view, p.asked(view), draft{}))
}

// servePost carries out one click, or an act of the page.
func (h *Handler) servePost(w http.ResponseWriter, r *http.Request) {
	fields, err := readForm(w, r)
	switch {
	case errors.Is(err, errTooLarge):
		http.Error(w, "the body is larger than 64 KiB", http.StatusRequestEntityTooLarge)
		return
	case err != nil:
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return
	case isOneClick(fields):
		h.oneClick(w, r)
	case fields.Get("action") == "":
		h.servePage(w, r) // It says nothing, so it is answered as one that asks.
	default:
		h.act(w, r, fields)
	}
}

// saysNo reports whether an act only says no. Such an act has no limits.
func saysNo(action recipient.Action) bool {
	switch action {
	case recipient.ActLeave, recipient.ActEndAll, recipient.ActPause:
		return true
	default:
		return false
	}
}

// act carries out what a form of the page says.
func (h *Handler) act(w http.ResponseWriter, r *http.Request, fields url.Values) {
	p := h.in(r)
	act := recipient.Act{Action: recipient.Action(fields.Get("action")), Channel: fields.Get("channel"), By: byOf(r)}
	if !saysNo(act.Action) && !h.within(w, r, p) {
		return
	}
	if act.Action == recipient.ActPause {
		act.Months, _ = strconv.Atoi(fields.Get("months")) // What is no number is no number of months.
	}
	act.Days, _ = strconv.Atoi(fields.Get("days"))
	act.Text, act.Subject = fields.Get("text"), p.subjectOf(act.Action)
	// A closed connection must not take along what the person said.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), actTimeout)
	defer cancel()
	view, changed, err := h.opts.Links.Do(ctx, r.PathValue("token"), act)
	if err != nil {
		h.countFailure(string(act.Action), err)
		if !h.askAgain(ctx, w, r, p, &act, err) {
			h.fail(w, r, p, err)
		}
		return
	}
	outcome := "new"
	if !changed {
		outcome = "known"
	}
	h.opts.Counted(string(act.Action), outcome)
	p.page.Write(w, http.StatusOK, p.viewOf(view, p.done(&act, view, changed), draft{}))
}

// countFailure counts an act that nothing came of. Of what is no act at all there is nothing to count.
func (h *Handler) countFailure(action string, err error) {
	switch recipient.Action(action) {
	case recipient.ActEndAll, recipient.ActLeave, recipient.ActKeep, recipient.ActPause, recipient.ActResume, recipient.ActLessOften,
		recipient.ActAsOften, recipient.ActComplain, recipient.ActAskAccess, actConfirm, actNotMe:
	default:
		return
	}
	switch {
	case errors.Is(err, recipient.ErrNonsense):
		h.opts.Counted(action, recipient.Nonsense.String())
	case fault.Is(err, fault.InvalidRequest), errors.Is(err, concerns.ErrManyCases):
		h.opts.Counted(action, "refused")
	default:
		h.opts.Counted(action, "failed")
	}
}

// within answers a request that is beyond the limits, and reports whether it was within.
func (h *Handler) within(w http.ResponseWriter, r *http.Request, p *pages) bool {
	if h.admits(r) {
		return true
	}
	w.Header().Set("Retry-After", "30")
	p.note(w, http.StatusTooManyRequests, p.texts.Get("recipient.busy.title"), p.texts.Get("recipient.busy.text"))
	return false
}

// fail answers a request that led to no page.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, p *pages, err error) {
	switch {
	case errors.Is(err, recipient.ErrNonsense):
		p.note(w, http.StatusNotFound, p.texts.Get("recipient.nonsense.title"), p.texts.Get("recipient.nonsense.text"))
	case fault.Is(err, fault.InvalidRequest):
		p.note(w, http.StatusBadRequest, p.texts.Get("recipient.badAct.title"), p.texts.Get("recipient.badAct.text"))
	default:
		h.logFault(r, err)
		w.Header().Set("Retry-After", "30")
		p.note(w, http.StatusServiceUnavailable, p.texts.Get("recipient.fault.title"), p.texts.Get("recipient.fault.text"))
	}
}
