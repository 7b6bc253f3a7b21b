package machine

import (
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/timeline"
	"github.com/assent-io/assent/internal/dossier"
)

// invalid is the class of all statuses of a consent that permit nothing. It stands where something else than the consent itself is why.
const invalid = "dpv:ConsentStatusInvalidForProcessing"

const (
	given   = "dpv:ConsentGiven"
	renewed = "dpv:RenewedConsentGiven"
)

// consentBegins returns when a consent was first asked for, given, refused or withdrawn on the channel; zero if none ever was, and on
// channels that need none.
func (r *record) consentBegins() dossier.Time {
	var first dossier.Time
	if r.class() != catalog.ClassMarketing {
		return 0
	}
	for _, e := range r.events {
		if isAboutConsent(e) && (first == 0 || e.OccurredTime < first) {
			first = e.OccurredTime
		}
	}
	return first
}

// saysSomething reports whether an answer rests on anything that was recorded, or something is recorded that blocks the channel. The other
// reasons follow from the address or the catalog alone.
func saysSomething(s *timeline.Span) bool {
	return len(s.Blocks) > 0 || slices.ContainsFunc(s.Decision.Reasons, func(code consent.Code) bool {
		switch code {
		case consent.CodeNoLegalBasis, consent.CodeReferenceMissing, consent.CodeRoleAddress, consent.CodeChannelRetired, consent.CodeSenderUnknown,
			consent.CodeSenderInactive, consent.CodeSenderNotAllowed:
			return false
		default:
			return true
		}
	})
}

// begins returns when the first event named the channel, or an answer first rested on something else that was recorded.
func (r *record) begins() dossier.Time {
	var first dossier.Time
	for _, e := range r.events {
		if first == 0 || e.OccurredTime < first {
			first = e.OccurredTime
		}
	}
	other := slices.IndexFunc(r.course.Spans, func(s timeline.Span) bool { return saysSomething(&s) })
	if other < 0 {
		return first
	}
	from := dossier.Time(r.course.Spans[other].From)
	if first == 0 {
		return from
	}
	return min(first, from)
}

// consentStatuses returns the statuses of the consent on the channel, by time. One is in force until the next begins, or until its
// duration ends; it permits exactly where a check answers ALLOW by a consent.
func (r *record) consentStatuses() []any {
	begins := r.consentBegins()
	if begins == 0 {
		return nil
	}
	var list []any
	terms := map[int64]string{} // by position of the consent
	var last string
	spans := joined(r.course.Spans, func(a, b *timeline.Span) bool {
		return consentTerm(a) == consentTerm(b) && a.Decision.Reason == b.Decision.Reason && a.Decision.Position == b.Decision.Position
	})
	for i := range spans {
		s := &spans[i]
		if dossier.Time(s.From) < begins {
			continue
		}
		term := consentTerm(s)
		if term == given {
			if terms[s.Decision.Position] == "" {
				terms[s.Decision.Position] = givenAfter(last)
			}
			term = terms[s.Decision.Position]
		}
		n := r.statusNode(s)
		n["@type"] = []any{term, "dpv:ExpressedConsent"}
		list, last = append(list, n), term
	}
	return list
}

// givenAfter returns the status that a consent has which follows a status: where the one before was given, it is renewed.
func givenAfter(status string) string {
	if status == given || status == renewed || status == "dpv:ConsentExpired" {
		return renewed
	}
	return given
}

// joined returns the spans with those made one that follow each other without a gap and are the same.
func joined(spans []timeline.Span, same func(a, b *timeline.Span) bool) []timeline.Span {
	var list []timeline.Span
	for i := range spans {
		if n := len(list); n > 0 && list[n-1].To == spans[i].From && same(&list[n-1], &spans[i]) {
			list[n-1].To = spans[i].To
			continue
		}
		list = append(list, spans[i])
	}
	return list
}

// consentTerm returns the status of the consent that the findings of a check say.
func consentTerm(s *timeline.Span) string {
	for _, code := range s.Decision.Reasons {
		if term := termOf(code); term != "" {
			return term
		}
	}
	return invalid
}

// termOf returns the status of a consent that a reason says; empty if it says none.
func termOf(code consent.Code) string {
	switch code {
	case consent.CodeAllowConsent:
		return given
	case consent.CodeConsentPending:
		return "dpv:ConsentRequested"
	case consent.CodeConsentExpired, consent.CodeConsentLapsed:
		return "dpv:ConsentExpired"
	case consent.CodeWithdrawn:
		return "dpv:ConsentWithdrawn"
	case consent.CodeRefused:
		return "dpv:ConsentRefused"
	case consent.CodeScopeMismatch:
		return "dpv:ConsentInvalidated"
	case consent.CodeNotProvable:
		return "dpv:ConsentUnknown"
	case consent.CodeChannelRetired:
		return "dpv:ConsentRevoked" // the service to which it was given is no more
	default:
		return ""
	}
}

// rules returns when messages on the channel were permitted, and when prohibited, whatever the legal basis, by time.
func (r *record) rules() (permissions, prohibitions []any) {
	begins := r.begins()
	for i := range r.course.Spans {
		s := &r.course.Spans[i]
		if dossier.Time(s.From) < begins {
			continue
		}
		n := r.statusNode(s)
		if basis, permitted := permittedBy(s); permitted {
			n["@type"], n["dpv:hasLegalBasis"] = "dpv:Permission", ref(legalBasis(basis))
			permissions = append(permissions, n)
			continue
		}
		n["@type"] = "dpv:Prohibition"
		if involved := involvement(s); len(involved) > 0 {
			n["dpv:hasEntityInvolvement"] = involved
		}
		if blocks := r.blocks(s); len(blocks) > 0 {
			n["assent:suppression"] = blocks
		}
		prohibitions = append(prohibitions, n)
	}
	return permissions, prohibitions
}

// permittedBy reports whether messages may be sent, and on which legal basis. Where nothing but the reference of a message is missing, the
// contract or the law that it refers to permits it.
func permittedBy(s *timeline.Span) (catalog.Basis, bool) {
	switch {
	case s.Decision.Verdict == consent.Allow:
		return s.Decision.Basis, true
	case s.Decision.Reason != consent.CodeReferenceMissing:
		return "", false
	case s.Class == catalog.ClassLegalNotice:
		return catalog.BasisLegalObligation, true
	default:
		return catalog.BasisContract, true
	}
}

// involvement says by which acts of the person messages are prohibited.
func involvement(s *timeline.Span) []any {
	var list []any
	for _, code := range s.Decision.Reasons {
		term := ""
		switch code {
		case consent.CodeObjection:
			term = "dpv:ObjectingToProcess"
		case consent.CodeWithdrawn:
			term = "dpv:WithdrawingFromProcess"
		case consent.CodeComplaint, consent.CodeRefused:
			term = "dpv:OptingOutFromProcess"
		default:
		}
		if term != "" {
			list = append(list, node{"@type": term, "assent:reason": string(code)})
		}
	}
	return list
}

// blocks returns the suppressions that prohibit messages: the fact, its time and what it covers.
func (r *record) blocks(s *timeline.Span) []any {
	var list []any
	for i := range s.Blocks {
		p := &s.Blocks[i]
		if !slices.Contains(s.Decision.Reasons, codeOf(p.Reason)) {
			continue
		}
		n := node{
			"@type": "assent:Suppression", "assent:reason": string(p.Reason), "assent:scope": string(p.Scope),
			"dpv:isIndicatedAtTime": dateTime(dossier.Time(p.At)), "dpv:hasDuration": duration(p.Until),
		}
		if right := exercised(p.Reason); right != "" {
			n["dpv:hasRight"] = ref(right)
		}
		if p.Domain != "" {
			n["assent:domain"] = p.Domain
		}
		if p.Linked {
			n["assent:linked"] = true
		}
		list = append(list, n)
	}
	return list
}

// codeOf returns the reason that a check gives for a suppression.
func codeOf(reason consent.Reason) consent.Code {
	if reason == consent.ReasonManual {
		return consent.CodeSuppressed
	}
	return consent.Code(reason)
}

// exercised returns the right of the person that a suppression carries out; empty if none.
func exercised(reason consent.Reason) string {
	switch reason {
	case consent.ReasonObjection:
		return "eu-gdpr:A21"
	case consent.ReasonProcessingRestricted:
		return "eu-gdpr:A18"
	case consent.ReasonErased:
		return "eu-gdpr:A17"
	default:
		return ""
	}
}

// statusNode says from when to when something held, why, and what brought it about.
func (r *record) statusNode(s *timeline.Span) node {
	reasons := make([]any, len(s.Decision.Reasons))
	for i, code := range s.Decision.Reasons {
		reasons[i] = string(code)
	}
	n := node{
		"dpv:isIndicatedAtTime": dateTime(dossier.Time(s.From)), "dpv:hasDuration": duration(s.To), "assent:reason": reasons,
	}
	n["dpv:isIndicatedBy"], n["dpv:hasIndicationMethod"] = ref("dpv:DataController"), "time"
	if slices.ContainsFunc(r.dossier.Catalogs, func(c dossier.Catalog) bool { return c.EffectiveTime == dossier.Time(s.From) }) {
		n["dpv:hasIndicationMethod"] = "catalog"
	}
	if causes := r.causes(dossier.Time(s.From)); len(causes) > 0 {
		last := causes[len(causes)-1]
		n["dpv:hasIndicationMethod"] = method(last)
		if isOfPerson(last) {
			n["dpv:isIndicatedBy"] = ref(personID)
		}
		var sources []any
		for _, e := range causes {
			sources = append(sources, ref(eventID(r.dossier, e.Position)))
		}
		n["dct:source"] = sources
	}
	if basis := r.event(s.Decision.Position); basis != nil {
		n["assent:basedOn"] = ref(eventID(r.dossier, basis.Position))
		if basis.ConfirmedTime != 0 {
			n["assent:confirmedTime"] = dateTime(basis.ConfirmedTime)
		}
		if name := s.Decision.Declaration.String(); name != "" {
			n["dpv:hasNotice"] = ref(noticeID(r.dossier, name))
		}
	}
	return n
}

// event returns the event on the channel at a position; nil if none is told.
func (r *record) event(position int64) *dossier.Event {
	i := slices.IndexFunc(r.events, func(e *dossier.Event) bool { return e.Position == position })
	if i < 0 {
		return nil
	}
	return r.events[i]
}

// causes returns the events at an instant that may change what holds on the channel: those that name it, and those of no channel that
// block, end a block or tie addresses together.
func (r *record) causes(at dossier.Time) []*dossier.Event {
	var list []*dossier.Event
	for i := range r.dossier.Events {
		e := &r.dossier.Events[i]
		if e.OccurredTime != at {
			continue
		}
		switch e.Kind {
		case "suppress", "lift", "erase", "link", "unlink":
			list = append(list, e)
		default:
			if r.event(e.Position) != nil {
				list = append(list, e)
			}
		}
	}
	return list
}

// isOfPerson reports whether an event is an act of the person.
func isOfPerson(e *dossier.Event) bool {
	if e.Kind == "suppress" {
		return e.Domain == "" && (e.Reason == string(consent.ReasonObjection) || e.Reason == string(consent.ReasonComplaint))
	}
	return isAboutConsent(e) || e.Kind == "grant"
}

// duration says until when something holds: to an instant, or until something else is recorded.
func duration(to consent.Instant) node {
	if to == 0 {
		return node{"@type": "dpv:UntilEventDuration", "rdf:value": "until another status follows"}
	}
	return node{"@type": "dpv:UntilTimeDuration", "rdf:value": dateTime(dossier.Time(to))}
}

func method(e *dossier.Event) string {
	switch {
	case e.Source != "":
		return e.Source
	case e.Kind == "suppress":
		return strings.ToLower(e.Reason)
	default:
		return e.Kind
	}
}
