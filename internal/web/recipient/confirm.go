package recipient

import (
	"context"
	"net/http"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/service/recipient"
)

// The actions of the page of a confirmation link.
const (
	actConfirm = "confirm"
	actNotMe   = "not_me"
)

// confirmData fills the page of a confirmation link.
type confirmData struct {
	frame

	Intro, Declaration, DeclarationLang string
	Buttons                             []button
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
	p := h.pages[h.speaks.of(r)]
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
		answer = p.say("deny", locale.Get("recipient.confirm.ended"), locale.Text{})
	case fault.Is(err, fault.NothingPending):
		answer = p.say("deny", locale.Get("recipient.confirm.expired"), locale.Text{})
	case err != nil:
		h.countFailure(action, err)
		h.fail(w, r, p, err)
		return
	case action == actConfirm:
		answer = p.say("allow", locale.Get("recipient.confirm.done"), locale.Text{})
	default:
		answer = p.say("allow", locale.Get("recipient.confirm.refused"), locale.Text{})
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
	p := h.pages[h.speaks.of(r)]
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
	d.Intro = locale.Fill("recipient.confirm.intro", locale.Values{
		"address": locale.Same(a.Address), "controller": locale.Same(d.Controller),
		"channel": {EN: a.Channel.Name.EN, DE: a.Channel.Name.DE},
	}).In(p.lang)
	if a.Declaration != nil {
		d.Declaration, d.DeclarationLang = a.Declaration.Text, a.Declaration.Language
	}
	if answer == nil {
		switch {
		case a.Refused:
			d.Said = p.say("defer", locale.Get("recipient.confirm.isRefused"), locale.Text{})
		case a.Ended:
			d.Said = p.say("deny", locale.Get("recipient.confirm.ended"), locale.Text{})
		case a.Confirmed:
			d.Said = p.say("allow", locale.Get("recipient.confirm.isDone"), locale.Text{})
		case !a.Waits:
			d.Said = p.say("deny", locale.Get("recipient.confirm.expired"), locale.Text{})
		}
	}
	if a.Waits {
		d.Buttons = append(d.Buttons, button{Action: actConfirm, Text: locale.Get("recipient.confirm.yes").In(p.lang)})
	}
	if !a.Refused {
		d.Buttons = append(d.Buttons, button{Action: actNotMe, Text: locale.Get("recipient.confirm.notMe").In(p.lang), Quiet: true})
	}
	return d
}
