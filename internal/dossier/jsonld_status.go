package dossier

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/assent-io/assent/internal/consent"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// statuses returns what became of a consent, or another legal basis, in the order in which it happened.
func statuses(d *Dossier, e *Event) []any {
	type status struct {
		at Time
		n  node
	}
	begun := status{e.OccurredTime, begin(e)}
	var later []status
	if e.ExpiresTime != 0 && e.Kind == "grant" && e.ExpiresTime <= d.Made.Time {
		later = append(later, status{e.ExpiresTime, stateNode(e, "dpv:ConsentExpired", e.ExpiresTime, "assent:time-limit")})
	}
	for i := range d.Events {
		o := &d.Events[i]
		if o.OccurredTime < e.OccurredTime || o.Position == e.Position || o.VoidedBy != 0 {
			continue
		}
		if kind := endedBy(d, e, o); kind != "" {
			n := stateNode(o, kind, o.OccurredTime, method(o))
			later = append(later, status{o.OccurredTime, n})
		}
	}
	if lapsed(d, e) {
		later = append(later, status{d.Made.Time, stateNode(e, "dpv:ConsentExpired", d.Made.Time, "assent:lapse")})
	}
	slices.SortStableFunc(later, func(a, b status) int { return cmp.Compare(a.at, b.at) })
	list := []any{begun.n}
	for _, s := range later {
		list = append(list, s.n)
	}
	return list
}

// begin is the first status: requested or given.
func begin(e *Event) node {
	at, kind := e.OccurredTime, "dpv:ConsentGiven"
	if e.Kind == "request" {
		kind = "dpv:ConsentRequested"
	}
	n := stateNode(e, kind, at, method(e))
	if e.ConfirmedTime != 0 {
		n["assent:confirmedTime"] = dateTime(e.ConfirmedTime)
	}
	return n
}

// stateNode is an event of a record: its time, its duration, its source, its type and its state.
func stateNode(e *Event, state string, at Time, how string) node {
	kind := "dpv:ExpressedConsent"
	switch {
	case !strings.HasPrefix(state, "dpv:Consent"):
		kind = ""
	case e.LegalBasis != "" && e.LegalBasis != "consent":
		state, kind = "assent:"+strings.TrimPrefix(state, "dpv:Consent"), ""
	}
	types := []any{state}
	if kind != "" {
		types = append(types, kind)
	}
	by := personID
	if strings.HasSuffix(state, "Expired") || strings.HasSuffix(state, "Revoked") {
		by = "dpv:DataController"
	}
	return node{
		"@type": types, "dct:identifier": itoa(e.Position), "dpv:isIndicatedAtTime": dateTime(at), "dpv:isIndicatedBy": ref(by),
		"dpv:hasIndicationMethod": how, "dpv:hasDuration": duration(e, state),
	}
}

// duration says how long a status holds unless something else happens.
func duration(e *Event, state string) node {
	if e.ExpiresTime != 0 && (strings.HasSuffix(state, "Given") || strings.HasSuffix(state, "Requested")) {
		return node{"@type": "dpv:UntilTimeDuration", "rdf:value": dateTime(e.ExpiresTime)}
	}
	return node{"@type": "dpv:UntilEventDuration", "rdf:value": "until another status follows"}
}

func method(e *Event) string {
	if e.Source != "" {
		return e.Source
	}
	if e.Kind == "suppress" {
		return strings.ToLower(e.Reason)
	}
	return e.Kind
}

// endedBy returns the status that a later event o gives to what e asked for or gave; empty if none.
func endedBy(d *Dossier, e, o *Event) string {
	switch o.Kind {
	case "confirm":
		if e.Kind == "request" && shares(e, o) && (e.ExpiresTime == 0 || o.OccurredTime < e.ExpiresTime) && !replaced(d, e, o.OccurredTime) {
			return "dpv:ConsentGiven"
		}
	case "withdraw", "refuse":
		switch {
		case !shares(e, o):
		case e.Kind == "request" && o.Kind == "refuse":
			return "dpv:ConsentRefused"
		default:
			return "dpv:ConsentWithdrawn"
		}
	case "suppress":
		if covers(d, e, consent.Scope(o.Scope)) {
			return suppressedBy(consent.Reason(o.Reason))
		}
	case "erase":
		return "dpv:ConsentWithdrawn"
	}
	return ""
}

// suppressedBy returns the status that a suppression gives to a consent. Those that say nothing about what the person wants, such as
// bounces, give none.
func suppressedBy(reason consent.Reason) string {
	switch reason {
	case consent.ReasonObjection, consent.ReasonComplaint, consent.ReasonErased:
		return "dpv:ConsentWithdrawn"
	case consent.ReasonLegalBlock:
		return "dpv:ConsentRevoked"
	default:
		return ""
	}
}

func shares(e, o *Event) bool {
	return slices.ContainsFunc(e.Channels, func(a Named) bool {
		return slices.ContainsFunc(o.Channels, func(b Named) bool { return a.ID == b.ID })
	})
}

// replaced reports whether the request was confirmed before, or another one on its channel replaced it.
func replaced(d *Dossier, e *Event, at Time) bool {
	return slices.ContainsFunc(d.Events, func(o Event) bool {
		between := o.OccurredTime > e.OccurredTime && o.OccurredTime < at
		return between && shares(e, &o) && (o.Kind == "request" || o.Kind == "confirm")
	})
}

// covers reports whether a scope covers a channel of the event.
func covers(d *Dossier, e *Event, scope consent.Scope) bool {
	kind, id := scope.Split()
	switch kind {
	case string(consent.ScopeAll), string(consent.ScopeMarketing):
		return true
	case consent.ScopeChannel:
		return slices.Contains(ids(e.Channels), id)
	}
	return slices.ContainsFunc(d.Channels, func(c Channel) bool {
		of := kind == consent.ScopeDepartment && c.Department.ID == id || kind == consent.ScopeController && c.Controller == id
		return of && slices.Contains(ids(e.Channels), c.ID)
	})
}

// lapsed reports whether the event is the latest consent on a channel on which the latest consent has lapsed.
func lapsed(d *Dossier, e *Event) bool {
	if e.LegalBasis != "consent" {
		return false
	}
	return slices.ContainsFunc(d.Channels, func(c Channel) bool {
		if c.Reason != string(consent.CodeConsentLapsed) || !slices.Contains(ids(e.Channels), c.ID) {
			return false
		}
		return !slices.ContainsFunc(d.Events, func(o Event) bool {
			return o.OccurredTime > e.OccurredTime && o.LegalBasis == "consent" && slices.Contains(ids(o.Channels), c.ID)
		})
	})
}
