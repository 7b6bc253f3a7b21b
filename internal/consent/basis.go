package consent

import (
	"slices"

	"github.com/assent-io/assent/internal/catalog"
)

// decideBasis is stages 7, 8 and 10, and says what contacts had to do with it.
func (e *evaluation) decideBasis(found *findings) Decision {
	d := e.firstBasis(found)
	d.Contacts = e.contacts
	return d
}

// firstBasis decides by the first basis that holds; what was tried before it is told with it.
func (e *evaluation) firstBasis(found *findings) Decision {
	bounced := e.lastBounce()
	if e.rules.channel.Accepts(catalog.BasisConsent) {
		g, code, ends := e.consent(bounced)
		if code == CodeAllowConsent {
			return e.allowGrant(code, g, ends, found)
		}
		if code != "" {
			found.Add(code)
		}
	}
	if g, code := e.otherBases(bounced, found); g != nil {
		return e.allowGrant(code, g, Earliest(g.Expires, g.Lapse(e.rules.channel, e.rules.catalog)), found)
	}
	switch {
	case found.Len() > 0:
		return e.rules.Deny(e.at, found.Codes()...)
	case e.grantExists(func(g *Grant) bool {
		return g.On(e.rules.channel.ID) && !e.rules.channel.Accepts(g.Basis) && g.After(bounced)
	}):
		return e.rules.Deny(e.at, CodeBasisNotAccepted)
	default:
		return e.rules.Deny(e.at, CodeNoLegalBasis)
	}
}

// After reports whether g is later than the instant: a consent must begin later.
func (g *Grant) After(since Instant) bool {
	if since == 0 {
		return true
	}
	if g.Basis == catalog.BasisConsent {
		return g.Begin() > since
	}
	return g.At > since
}

// lastBounce returns the time of the last hard bounce that no person lifted, even if a consent or time ended it: the mailbox may be
// another person's by then. It is zero if there is none.
func (e *evaluation) lastBounce() Instant {
	last := e.known.Folded.lastBounce(e.known.Spelling)
	for _, domain := range e.known.Domains {
		last = max(last, domain.lastBounce([16]byte{}))
	}
	return last
}

// lastNo returns the time of the last refusal on the channel, objection, complaint or erasure in scope, even if a consent
// reopened it; zero if there never was one.
func (e *evaluation) lastNo() Instant {
	var last Instant
	if r := e.known.LastRefusal(e.rules.channel.ID); r != nil {
		last = r.At
	}
	for _, b := range e.blocks {
		switch b.Reason {
		case ReasonObjection, ReasonComplaint, ReasonErased:
			if e.inScope(b) {
				last = max(last, b.At)
			}
		default:
		}
	}
	return last
}

// consent is stage 7. It returns the latest consent that holds with ALLOW_CONSENT and when it ends; else the finding of the latest that
// counts; nothing if none counts and none is pending.
func (e *evaluation) consent(bounced Instant) (*Grant, Code, Instant) {
	if e.known.Exact == nil {
		return nil, "", 0
	}
	no := e.lastNo()
	var finding Code
	for i := len(e.known.Exact.Grants) - 1; i >= 0; i-- {
		g := &e.known.Exact.Grants[i]
		if !e.consentCounts(g, no, bounced) {
			continue
		}
		code, ends := e.judgeConsent(g)
		if code == CodeAllowConsent {
			return g, code, ends
		}
		if finding == "" {
			finding = code
		}
	}
	if finding == "" && e.pending() {
		finding = CodeConsentPending
	}
	return nil, finding, 0
}

// consentCounts reports whether g is a consent on the channel later than every no and every bounce. One that came with a
// list counts only where there never was a no.
func (e *evaluation) consentCounts(g *Grant, no, bounced Instant) bool {
	if g.Basis != catalog.BasisConsent || !g.After(e.erased) || !g.On(e.rules.channel.ID) {
		return false
	}
	if no != 0 && g.Source == SourceImport {
		return false
	}
	return g.After(no) && g.After(bounced)
}

// judgeConsent returns what is found about a consent, and when it ends where it holds.
func (e *evaluation) judgeConsent(g *Grant) (Code, Instant) {
	if flaw := e.rules.consentFlaw(g, e.at); flaw != "" {
		return flaw, 0
	}
	if EndedBy(g.Expires, e.at) {
		return CodeConsentExpired, 0
	}
	lapse := e.lapse(g)
	if EndedBy(lapse, e.at) {
		return CodeConsentLapsed, 0
	}
	return CodeAllowConsent, Earliest(g.Expires, lapse)
}

func (e *evaluation) pending() bool {
	if e.known.Exact == nil {
		return false
	}
	return slices.ContainsFunc(e.known.Exact.Pending, func(p Pending) bool {
		return p.Channel == e.rules.channel.ID && p.At > e.erased && !EndedBy(p.Expires, e.at)
	})
}

// otherBases is stage 8. It returns the grant that holds with its code, or adds what it found.
func (e *evaluation) otherBases(bounced Instant, found *findings) (*Grant, Code) {
	if !e.grantExists(func(g *Grant) bool { return e.isOther(g, bounced) }) {
		return nil, ""
	}
	if e.barredFromOtherBases(found) {
		return nil, ""
	}
	for _, basis := range e.rules.channel.LegalBases {
		if basis == catalog.BasisConsent {
			continue
		}
		g, code, allowed := e.latestOf(basis, bounced)
		if allowed {
			return g, code
		}
		if code != "" {
			found.Add(code)
		}
	}
	return nil, ""
}

// isOther reports whether g is on a basis besides consent that the channel accepts, and later than the last bounce.
func (e *evaluation) isOther(g *Grant, bounced Instant) bool {
	return g.Basis != catalog.BasisConsent && g.On(e.rules.channel.ID) && e.rules.channel.Accepts(g.Basis) && g.After(bounced)
}

// barredFromOtherBases tells why no basis besides consent may be relied on at all. A person who said no is no longer
// covered by the exception for existing customers.
func (e *evaluation) barredFromOtherBases(found *findings) (barred bool) {
	if e.lastNo() != 0 {
		found.Add(CodeRefusedBefore)
		barred = true
	}
	if slices.ContainsFunc(e.rules.honoured, func(h honours) bool { return e.saidNoTo(&h) }) {
		found.Add(CodeHonouredRefusal)
		barred = true
	}
	if e.has(ReasonExternalList, func(b block) bool { return b.Binds == BindsExistingCustomer && e.inScope(b) }) {
		found.Add(CodeExternalList)
		barred = true
	}
	return e.listed(BindsExistingCustomer, found) || barred
}

// saidNoTo reports whether a no of the address to the honoured channel stands: no consent reopened that channel since.
func (e *evaluation) saidNoTo(h *honours) bool {
	if last := e.known.LastRefusal(h.channel.ID); last != nil && !e.reopened(last, h.channel) {
		return true
	}
	stands := func(b block) bool {
		return !b.domain && h.coverage.Covers(b.Scope) && !e.endedByConsent(b, h.channel)
	}
	return e.has(ReasonObjection, stands) || e.has(ReasonComplaint, stands)
}

// latestOf returns the latest grant of the basis that holds, with its code and true; else the finding of the latest.
func (e *evaluation) latestOf(basis catalog.Basis, bounced Instant) (*Grant, Code, bool) {
	var finding Code
	for i := len(e.known.Exact.Grants) - 1; i >= 0; i-- {
		g := &e.known.Exact.Grants[i]
		if g.Basis != basis || !g.After(e.erased) || !e.isOther(g, bounced) {
			continue
		}
		code, holds := e.judgeOther(g)
		if holds {
			return g, code, true
		}
		if finding == "" {
			finding = code
		}
	}
	return nil, finding, false
}

// judgeOther returns what is found about a grant on another basis than consent, and whether it holds.
func (e *evaluation) judgeOther(g *Grant) (Code, bool) {
	allow, flaw := e.rules.judgeCustomer(g)
	switch {
	case flaw != "":
		return flaw, false
	case EndedBy(g.Expires, e.at):
		return CodeBasisExpired, false
	case EndedBy(g.Lapse(e.rules.channel, e.rules.catalog), e.at):
		return CodeCustomerLapsed, false
	default:
		return allow, true
	}
}

// Allow is an ALLOW without a grant.
func (r *Rules) Allow(t Instant, code Code, basis catalog.Basis) Decision {
	codes := [1]Code{code}
	return r.allowing(t, codes[:], basis)
}

// allowing is an ALLOW for the first of the codes, which it does not keep.
func (r *Rules) allowing(t Instant, codes []Code, basis catalog.Basis) Decision {
	return Decision{
		Verdict: Allow, Reason: codes[0], Reasons: r.reasons.Of(codes), Basis: basis, Sender: r.sender, Decided: t,
		ValidUntil: t.Plus(r.catalog.Policy.DecisionTTL),
	}
}

// allowGrant is an ALLOW that rests on g, which ends at ends; tried is what was found before it.
func (e *evaluation) allowGrant(code Code, g *Grant, ends Instant, tried *findings) Decision {
	var found findings
	found.Add(code)
	found.AddAll(tried)
	r := e.rules
	d := r.allowing(e.at, found.Codes(), g.Basis)
	d.Position, d.Declaration = g.Position, g.Declaration
	d.ValidUntil, d.BasisEnd = Earliest(d.ValidUntil, ends), ends
	d.Obligations = r.byOther
	if g.Basis == catalog.BasisConsent {
		d.Obligations = r.byConsent
	}
	d.ValidUntil = Earliest(d.ValidUntil, e.known.listsEnd(g.Basis == catalog.BasisConsent))
	return d
}
