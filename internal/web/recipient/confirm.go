package recipient

import (
	"context"
	"net/http"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/web/translation"
)

// The actions of the page of a confirmation link.
const (
	actConfirm = "confirm"
	actNotMe   = "not_me"
)

// confirmData fills the page of a confirmation link.
type confirmData struct {
	frame

	Heading, Intro               string
	Declaration, DeclarationLang string // of what waits or was confirmed
	Buttons                      []button
}

// serveConfirmation shows the page of a confirmation link.
func (h *Handler) serveConfirmation(w http.ResponseWriter, r *http.Request) {
	h.showConfirmation(w, r, nil)
}

// serveConfirm carries out what its forms say.
func (h *Handler) serveConfirm(w http.ResponseWriter, r *http.Request) {
	fields, err := readForm(w, r)
	if err != nil {
		http.Error(w, "the form could not be read", http.StatusBadRequest)
		return
	}
	p := h.in(r)
	token, known := r.PathValue("token"), false
	action := fields.Get("action")
	if action == "" {
		h.showConfirmation(w, r, nil)
		return
	}
	if action != actNotMe && !h.within(w, r, p) {
		return
	}
	// A closed connection must not take along what the person said.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), actTimeout)
	defer cancel()
	switch action {
	case actConfirm:
		known, err = h.opts.Links.Confirm(ctx, token, byOf(r))
	case actNotMe:
		known, err = h.opts.Links.NotMe(ctx, token, byOf(r))
	default:
		err = fault.Errorf(fault.InvalidRequest, "action", "the action must be confirm or not_me")
	}
	var answer *said
	switch {
	case fault.Is(err, fault.RequestEnded):
		answer = p.say("deny", p.texts.Get("recipient.confirm.ended"), "")
	case fault.Is(err, fault.NothingPending):
		answer = p.say("deny", p.texts.Get("recipient.confirm.expired"), "")
	case err != nil:
		h.countFailure(action, err)
		h.fail(w, r, p, err)
		return
	case action == actConfirm:
		answer = p.say("allow", p.texts.Get("recipient.confirm.done"), "")
	default:
		answer = p.say("allow", p.texts.Get("recipient.confirm.refused"), "")
	}
	outcome := "new"
	switch {
	case err != nil:
		outcome = "refused"
	case known:
		outcome = "known"
	}
	h.opts.Counted(action, outcome)
	h.showConfirmation(w, r, answer)
}

// showConfirmation shows the page of a confirmation link, with the answer to an act where there was one.
func (h *Handler) showConfirmation(w http.ResponseWriter, r *http.Request, answer *said) {
	p := h.in(r)
	if answer == nil && !h.within(w, r, p) {
		return
	}
	a, err := h.opts.Links.Asking(r.Context(), r.PathValue("token"))
	if err != nil {
		h.fail(w, r, p, err)
		return
	}
	p.confirm.Write(w, http.StatusOK, p.askingOf(a, answer))
}

func (p *pages) askingOf(a *recipient.Asking, answer *said) *confirmData {
	d := &confirmData{frame: p.frame(a.Controller)}
	d.Said = answer
	// A person who has answered is not asked any more.
	d.Heading = p.texts.Get("recipient.confirm.heading")
	if a.Waits && answer == nil {
		d.Heading = p.texts.Get("recipient.confirm.title")
	}
	d.Intro = p.texts.Fill("recipient.confirm.intro", translation.Values{
		"address": a.Address, "controller": d.Controller,
		"channel": p.texts.Called(a.Channel.Name),
	})
	if a.Declaration != nil && (a.Waits || a.Confirmed && !a.Refused) {
		d.Declaration, d.DeclarationLang = a.Declaration.Text, a.Declaration.Language
	}
	if answer == nil {
		switch {
		case a.Refused:
			d.Said = p.say("defer", p.texts.Get("recipient.confirm.isRefused"), "")
		case a.Ended:
			d.Said = p.say("deny", p.texts.Get("recipient.confirm.ended"), "")
		case a.Confirmed:
			d.Said = p.say("allow", p.texts.Get("recipient.confirm.isDone"), "")
		case !a.Waits:
			d.Said = p.say("deny", p.texts.Get("recipient.confirm.expired"), "")
		}
	}
	if a.Waits {
		d.Buttons = append(d.Buttons, button{Action: actConfirm, Text: p.texts.Get("recipient.confirm.yes")})
	}
	if !a.Refused {
		d.Buttons = append(d.Buttons, button{Action: actNotMe, Text: p.texts.Get("recipient.confirm.notMe"), Quiet: true})
	}
	return d
}
