package recipient

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/service/recipient"
)

// servePage shows the page of a person.
func (h *Handler) servePage(w http.ResponseWriter, r *http.Request) {
	p := h.pages[h.speaks.of(r)]
	if !h.within(w, r, p) {
		return
	}
	view, err := h.opts.Links.View(r.Context(), r.PathValue("token"))
	if err != nil {
		h.fail(w, r, p, err)
		return
	}
	p.page.Write(w, http.StatusOK, p.viewOf(view, p.asked(view)))
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
		return
	}
	h.act(w, r, fields)
}

// act carries out what a form of the page says.
func (h *Handler) act(w http.ResponseWriter, r *http.Request, fields url.Values) {
	p := h.pages[h.speaks.of(r)]
	if !h.within(w, r, p) {
		return
	}
	act := recipient.Act{Action: recipient.Action(fields.Get("action")), Channel: fields.Get("channel"), By: byOf(r)}
	if act.Action == recipient.ActPause {
		act.Months, _ = strconv.Atoi(fields.Get("months")) // What is no number is no number of months.
	}
	view, changed, err := h.opts.Links.Do(r.Context(), r.PathValue("token"), act)
	if err != nil {
		h.fail(w, r, p, err)
		return
	}
	outcome := "new"
	if !changed {
		outcome = "known"
	}
	h.opts.Counted(string(act.Action), outcome)
	p.page.Write(w, http.StatusOK, p.viewOf(view, p.done(&act, view, changed)))
}

// within answers a request that is beyond the limits, and reports whether it was within.
func (h *Handler) within(w http.ResponseWriter, r *http.Request, p *pages) bool {
	if h.admits(r) {
		return true
	}
	w.Header().Set("Retry-After", "30")
	p.note(w, http.StatusTooManyRequests, locale.Get("recipient.busy.title"), locale.Get("recipient.busy.text"))
	return false
}

// fail answers a request that led to no page.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, p *pages, err error) {
	switch {
	case errors.Is(err, recipient.ErrNonsense):
		p.note(w, http.StatusNotFound, locale.Get("recipient.nonsense.title"), locale.Get("recipient.nonsense.text"))
	case fault.Is(err, fault.InvalidRequest):
		p.note(w, http.StatusBadRequest, locale.Get("recipient.badAct.title"), locale.Get("recipient.badAct.text"))
	default:
		h.logFault(r, err)
		w.Header().Set("Retry-After", "30")
		p.note(w, http.StatusServiceUnavailable, locale.Get("recipient.fault.title"), locale.Get("recipient.fault.text"))
	}
}
