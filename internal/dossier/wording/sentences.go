package wording

import (
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/locale"
)

// Names gives the name of a channel, department, controller or sender identity in both languages; kind is one of the kinds of scopes
// of package consent.
type Names func(kind, id string) locale.Text

// Describe returns what an event says, in a sentence.
func Describe(e *consent.Event, names Names) locale.Text {
	on := locale.Values{"on": listed(e.Channels, names)}
	switch e.Kind {
	case consent.KindRequest:
		return requested(on["on"], e.Expires)
	case consent.KindGrant:
		return granted(e.Basis, on["on"])
	case consent.KindConfirm:
		return locale.Fill("event.confirm", on)
	case consent.KindMail:
		return locale.Fill("event.mail", on)
	case consent.KindWithdraw:
		return locale.Fill("event.withdraw", on)
	case consent.KindRefuse:
		return locale.Fill("event.refuse", on)
	case consent.KindSuppress:
		return locale.Fill("event.suppress", locale.Values{
			"why": ReasonExplained(e.Reason), "scope": Stops(e.Scope, e.Binds, names),
		})
	case consent.KindMove:
		if e.Move == consent.MovedAway {
			return locale.Get("event.move.away")
		}
		return locale.Get("event.move")
	case consent.KindLift:
		return locale.Fill("event.lift", locale.Values{"name": ReasonName(e.Reason)})
	default:
		return describeRest(e.Kind.String())
	}
}

// describeRest describes the kinds that carry no more than what they are. It goes by names: what a later version of the ledger
// records is described here before it is decoded here.
func describeRest(kind string) locale.Text {
	if text, ok := locale.Find("event." + kind); ok {
		return text
	}
	return locale.Fill("event.other", locale.Values{"kind": locale.Same(kind)})
}

func requested(on locale.Text, until consent.Instant) locale.Text {
	if until == 0 {
		return locale.Fill("event.request", locale.Values{"on": on})
	}
	return locale.Fill("event.request.until", locale.Values{"on": on, "day": Day(until)})
}

func granted(basis catalog.Basis, on locale.Text) locale.Text {
	key := "event.grant." + string(basis)
	if _, known := locale.Find(key); !known {
		key = "event.grant.other"
	}
	return locale.Fill(key, locale.Values{"on": on})
}

// codeOf is the code of decisions that a suppression of the reason gives.
func codeOf(reason consent.Reason) consent.Code {
	if reason == consent.ReasonManual {
		return consent.CodeSuppressed
	}
	return consent.Code(reason)
}

// ReasonExplained returns the sentence that says what a suppression of the reason means.
func ReasonExplained(reason consent.Reason) locale.Text { return Explanation(codeOf(reason)) }

// ReasonRemedy returns the sentence that says what ends a suppression of the reason.
func ReasonRemedy(reason consent.Reason) locale.Text { return Remedy(codeOf(reason)) }

// Explanation returns what a code of a decision means, in both languages.
func Explanation(code consent.Code) locale.Text { return locale.Explanation(string(code)) }

// Remedy returns what would change a decision with the code, in both languages.
func Remedy(code consent.Code) locale.Text { return locale.Remedy(string(code)) }

// ReasonName returns the name of a reason of suppressions.
func ReasonName(reason consent.Reason) locale.Text { return locale.Name("suppression", string(reason)) }

// Stops returns what a suppression of the scope stops. A listing that binds existing customers leaves consents alone.
func Stops(scope consent.Scope, binds consent.Binds, names Names) locale.Text {
	t := scopeName(scope, names)
	if binds == consent.BindsExistingCustomer {
		return locale.Fill("scope.unlessConsent", locale.Values{"scope": t})
	}
	return t
}

// scopeName returns what a scope covers.
func scopeName(scope consent.Scope, names Names) locale.Text {
	kind, id := scope.Split()
	name := locale.Same(id)
	if id != "" {
		name = names(kind, id)
	}
	switch kind {
	case string(consent.ScopeAll), string(consent.ScopeMarketing), consent.ScopeController, consent.ScopeDepartment, consent.ScopeSender:
		return locale.Fill("scope."+kind, locale.Values{"name": name})
	case consent.ScopeChannel:
		return name
	default:
		return locale.Same(string(scope))
	}
}

// listed joins the names of channels with quotation marks, for names may be several words.
func listed(channels []string, names Names) locale.Text {
	list := make([]locale.Text, len(channels))
	for i, id := range channels {
		list[i] = locale.Fill("list.quoted", locale.Values{"name": names(consent.ScopeChannel, id)})
	}
	return locale.Join(list)
}

// KindName returns what an event of the kind is called.
func KindName(kind string) locale.Text { return locale.Name("kind", kind) }
